import Autograd
import Networks
import TensorCore

/// A network with the samples that it is studied on.
public struct NetworkSamples: Sendable {
  public let network: Network
  /// [samples, …] in the network's precision.
  public let inputs: NDArray
  /// The network's outputs for one sample.
  public let outputCount: Int
  public var count: Int { inputs.shape[0] }

  /// Samples that are run at a time: at most 256, fewer large ones.
  let batch: Int
  /// Numbers of inputs that are run at a time.
  private static let batchLimit = 1 << 22

  /// - Throws: ``NeuronError`` without samples, and what the network throws on these inputs.
  public init(network: Network, inputs: NDArray) throws(NeuronError) {
    guard inputs.rank > 0, inputs.shape[0] > 0 else {
      throw .invalidInput("found inputs of shape \(inputs.shape), expected [samples, …] with at least one sample")
    }
    self.network = network
    self.inputs = network.dtype.map { inputs.converted(to: $0) } ?? inputs
    batch = max(1, min(256, Self.batchLimit / max(1, inputs.count / inputs.shape[0])))
    let first = try Self.run(network, self.inputs.sliced(axis: 0, start: 0, count: 1))
    guard first.output.rank > 0, first.output.shape[0] == 1 else {
      throw .invalidInput("the network: found an output of shape \(first.output.shape) for one sample, expected [1, classes]")
    }
    outputCount = first.output.count
  }

  private init(_ other: NetworkSamples, selecting samples: [Int]) {
    (network, outputCount, batch) = (other.network, other.outputCount, other.batch)
    inputs = NDArray.stacked(samples.map { other.inputs.sliced(axis: 0, start: $0, count: 1) })
  }

  func selecting(_ samples: [Int]) -> NetworkSamples { NetworkSamples(self, selecting: samples) }

  /// Whether each sample's class comes out.
  ///
  /// - Parameters:
  ///   - labels: the class of each sample, as a number of the output; with one output, which is a logit, 0 or 1.
  ///   - changed: a network in place of this one, with the same inputs and outputs.
  ///   - interventions: changes of the network's values.
  func isRight(
    _ labels: [Int], by changed: Network? = nil, interventions: [Intervention] = []
  ) throws(NeuronError) -> [Bool] {
    var result: [Bool] = []
    for start in stride(from: 0, to: count, by: batch) {
      let count = min(batch, count - start)
      let part = inputs.sliced(axis: 0, start: start, count: count)
      let run = try Self.run(changed ?? network, part, interventions: interventions)
      let (logits, width) = (run.output.doubles, run.output.count / count)
      for sample in 0..<count {
        let own = logits[sample * width..<(sample + 1) * width]
        let predicted = width == 1 ? (own[own.startIndex] > 0 ? 1 : 0) : Self.argmax(own)
        result.append(predicted == labels[start + sample])
      }
    }
    return result
  }

  private static func argmax(_ values: ArraySlice<Double>) -> Int {
    values.indices.reduce(values.startIndex) { values[$1] > values[$0] ? $1 : $0 } - values.startIndex
  }

  /// The weighted layers whose values are not the network's output as they are: those with hidden neurons.
  public var hiddenLayers: [String] {
    let last = network.linearHead?.name
    return network.layers.filter { $0.isWeighted && $0.name != last }.map(\.name)
  }

  /// What the layers (or inputs) give for every sample, [samples, neurons]: of a convolution each channel's mean over its positions,
  /// of a transformer each component's mean over the tokens.
  public func activations(of layers: [String]) throws(NeuronError) -> [(layer: String, values: NDArray)] {
    var parts = [[NDArray]](repeating: [], count: layers.count)
    for start in stride(from: 0, to: count, by: batch) {
      let part = inputs.sliced(axis: 0, start: start, count: min(batch, count - start))
      let run = try Self.run(network, part, capturing: layers)
      for (place, layer) in layers.enumerated() { parts[place].append(Self.flattened(run[layer])) }
    }
    return zip(layers, parts).map { (layer: $0, values: NDArray.stacked($1)) }
  }

  private static func flattened(_ value: Tensor) -> NDArray {
    let double = value.converted(to: .float64)
    switch value.rank {
    case 0, 1: return double.reshaped(to: [value.count, 1]).value
    case 2: return double.value
    // [samples, tokens, width], or [samples, channels, positions…].
    case 3: return double.mean(along: [1]).value
    default: return double.mean(along: Array(2..<value.rank)).value
    }
  }

  static func run(
    _ network: Network, _ inputs: NDArray, capturing layers: [String] = [], interventions: [Intervention] = [],
    mode: RunMode = .evaluation
  ) throws(NeuronError) -> NetworkRun {
    do throws(NetworkError) {
      return try network.run(Tensor(inputs), capturing: layers, interventions: interventions, mode: mode)
    } catch { throw .network(error) }
  }
}

extension NDArray {
  /// Arrays one after another along their first axis.
  static func stacked(_ parts: [NDArray]) -> NDArray {
    var shape = parts[0].shape.extents
    shape[0] = parts.reduce(0) { $0 + $1.shape[0] }
    return NDArray.buildingBytes(Shape(shape), parts[0].dtype) { target in
      var start = 0
      for part in parts {
        part.withUnsafeBytes { bytes in
          UnsafeMutableRawBufferPointer(rebasing: target[start..<start + bytes.count]).copyMemory(from: bytes)
          start += bytes.count
        }
      }
    }
  }
}
