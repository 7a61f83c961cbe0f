import Autograd
import Foundation
import Networks
import Testing

@Suite struct PruningTests {
  /// Convolutions whose filters end behind nothing, a normalisation, an activation, and one that does not keep zero.
  private func network() throws -> Network {
    var builder = NetworkBuilder()
    var x = builder.input(shape: [nil, 2, nil, nil])
    x = builder.convolution("a", x, from: 2, to: 4, kernel: 3, padding: 1)
    x = builder.batchNormalization("a_norm", x, channels: 4)
    x = builder.add("a_relu", Activation(.relu), x)
    x = builder.convolution("b", x, from: 4, to: 4, kernel: 3, padding: 1)
    x = builder.add("b_sigmoid", Activation(.sigmoid), x)
    let c = builder.convolution("c", x, from: 4, to: 4, kernel: 1, bias: false)
    let d = builder.convolution("d", x, from: 4, to: 4, kernel: 1)
    let sum = builder.add("sum", Arithmetic(.add), c, builder.add("d_tanh", Activation(.tanh), d))
    let pooled = builder.add("flatten", Flattening(), builder.add("pool", GlobalAveragePooling(), sum))
    builder.output(builder.linear("head", pooled, from: 4, to: 3))
    var network = try builder.build(seed: 3, dtype: .float64)
    // A shift that stays alive.
    network = try network.replacing(parameter: "a_norm.bias", with: NDArray([1.0, 2, 3, 4], shape: [4]))
    return network
  }

  private func input() -> Tensor {
    var random = RandomSource(seed: 1)
    return Tensor(random.normals(3 * 2 * 36), shape: [3, 2, 6, 6], dtype: .float64)
  }

  @Test func whereFiltersEnd() throws {
    let network = try network()
    #expect(network.convolutions.map(\.name) == ["a", "b", "c", "d"])
    #expect(try ["a", "b", "c", "d"].map { try network.filterEnd(of: $0) } == ["a_relu", "b_sigmoid", "c", "d_tanh"])
    // A value that two layers read, or that is an output, ends where it is.
    let resNet = try ResNet(.resNet18, width: 2, classes: 3).network(seed: 1)
    #expect(try resNet.filterEnd(of: "layer1.0.conv1") == "layer1.0.relu")
    #expect(try resNet.filterEnd(of: "layer1.0.conv2") == "layer1.0.bn2")
    #expect(try network.withOutputs(["a_norm"]).filterEnd(of: "a") == "a_norm")
    #expect(throws: NetworkError.self) { try network.filterEnd(of: "e") }
  }

  /// The pruned network against the same one with its values set to zero for a run.
  @Test(arguments: ["a", "b", "c", "d"], [[2], [0, 3], [0, 1, 2, 3]])
  func prunedOutputsAreZero(layer: String, filters: [Int]) throws {
    let (network, x) = (try network(), input())
    let end = try network.filterEnd(of: layer)
    let pruned = try network.pruned([(layer: layer, filters: filters)])
    let wanted = try network.run(x, interventions: [.zero(after: end, channels: filters)]).output
    #expect(zip(try pruned(x).doubles, wanted.doubles).allSatisfy { abs($0 - $1) < 1e-14 })
    // A mask is needed where zero is not kept, and is no weight.
    #expect(pruned.layers.contains { $0.name == "b_sigmoid.mask" } == (layer == "b"))
    #expect(pruned.layers.filter(\.isWeighted).map(\.name) == network.layers.filter(\.isWeighted).map(\.name))
    // Again, and from a file.
    let twice = try pruned.pruned([(layer: layer, filters: filters)])
    #expect(zip(try twice(x).doubles, wanted.doubles).allSatisfy { abs($0 - $1) < 1e-14 })
    let path = FileManager.default.temporaryDirectory.appending(path: "clew-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try pruned.save(to: path)
    #expect(try Network(contentsOf: path)(x).doubles == pruned(x).doubles)
  }

  /// With zero weights the normalisation's shift stays, as in the published program.
  @Test func prunedWeights() throws {
    let (network, x) = (try network(), input())
    let pruned = try network.pruned([(layer: "a", filters: [1])], ablating: .weights)
    let run = try pruned.run(x, capturing: ["a", "a_relu"])
    #expect(run["a"][0..., 1].doubles.allSatisfy { $0 == 0 })
    #expect(run["a_relu"][0..., 1].doubles.allSatisfy { $0 == 2 })
    #expect(try pruned(x).doubles != network.pruned([(layer: "a", filters: [1])])(x).doubles)
    #expect(try network.pruned([(layer: "a", filters: [])])(x).doubles == network(x).doubles)
  }

  /// A kernel that two layers have is not touched where only one is to end.
  @Test func sharedKernels() throws {
    var builder = NetworkBuilder()
    let x = builder.input(shape: [nil, 3, nil, nil])
    let first = builder.convolution("first", x, from: 3, to: 3, kernel: 1)
    builder.output(builder.convolution("second", first, from: 3, to: 3, kernel: 1))
    let plain = try builder.build(seed: 1, dtype: .float64)
    let parameters = plain.layers[0].parameters
    let layers = plain.layers.map { Layer(name: $0.name, operation: $0.operation, inputs: $0.inputs, parameters: parameters) }
    let network = try Network(inputs: plain.inputs, layers: layers, outputs: plain.outputs)
    var random = RandomSource(seed: 1)
    let value = Tensor(random.normals(3 * 16), shape: [1, 3, 4, 4], dtype: .float64)
    let wanted = try network.run(value, interventions: [.zero(after: "first", channels: [1])]).output
    #expect(try network.pruned([(layer: "first", filters: [1])])(value).doubles == wanted.doubles)
  }

  @Test func refusals() throws {
    let network = try network()
    #expect(throws: NetworkError.self) { try network.pruned([(layer: "e", filters: [0])]) }
    #expect(throws: NetworkError.self) { try network.pruned([(layer: "head", filters: [0])]) }
    #expect(throws: NetworkError.self) { try network.pruned([(layer: "a", filters: [4])]) }
  }
}
