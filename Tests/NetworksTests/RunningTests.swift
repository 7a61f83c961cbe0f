import Autograd
import Networks
import Testing

/// Captures, interventions and modes of one run, against what the parts give by hand.
@Suite struct RunningTests {
  let network: Network
  let x: Tensor

  init() throws {
    var builder = NetworkBuilder()
    let input = builder.input(shape: [nil, 2, nil, nil])
    let a = builder.convolution("a", input, from: 2, to: 3, kernel: 3, padding: 1)
    let b = builder.add("b", Activation(.tanh), a)
    let c = builder.convolution("c", b, from: 3, to: 3, kernel: 1)
    let sum = builder.add("sum", Arithmetic(.add), b, c)
    let drop = builder.add("drop", Dropout(0.5), sum)
    let pool = builder.add("pool", GlobalAveragePooling(), drop)
    let flat = builder.add("flatten", Flattening(), pool)
    builder.output(builder.linear("head", flat, from: 3, to: 2))
    network = try builder.build(seed: 3, dtype: .float64)
    var random = RandomSource(seed: 5)
    x = Tensor(random.normals(2 * 2 * 4 * 5), shape: [2, 2, 4, 5], dtype: .float64)
  }

  private func weight(_ layer: String, _ role: String = "weight") throws -> Tensor {
    Tensor(try #require(try network.layer(named: layer).parameter(role)))
  }

  /// The same network by hand, with changes between its parts.
  private func byHand(_ x: Tensor, atB: (Tensor) -> Tensor = { $0 }, beforeC: (Tensor) -> Tensor = { $0 }) throws -> Tensor {
    let b = atB(tanh(conv2d(x, try weight("a"), bias: try weight("a", "bias"), padding: (1, 1))))
    let c = conv2d(beforeC(b), try weight("c"), bias: try weight("c", "bias"))
    let pooled = (b + c).mean(along: [2, 3])
    return matmul(pooled, try weight("head"), transposeB: true) + (try weight("head", "bias"))
  }

  @Test func capturedValuesAreThoseOfTheParts() throws {
    let run = try network.run(x, capturing: ["input", "b", "sum"])
    #expect(relativeDifference(run.output, try byHand(x)) < 1e-14)
    #expect(run["input"].value == x.value)
    let c = conv2d(run["b"], try weight("c"), bias: try weight("c", "bias"))
    #expect(relativeDifference(run["sum"], run["b"] + c) < 1e-14)
  }

  @Test func interventionsChangeOneRunAlone() throws {
    let plain = try network(x).value
    let zeroed = try network.run(x, interventions: [.zero(after: "b", channels: [1])]).output
    let mask = Tensor([1, 0, 1], shape: [3, 1, 1], dtype: .float64)
    #expect(relativeDifference(zeroed, try byHand(x, atB: { $0 * mask })) < 1e-14)
    let before = try network.run(x, interventions: [.zero(before: "c", channels: [1])]).output
    #expect(relativeDifference(before, try byHand(x, beforeC: { $0 * mask })) < 1e-14)
    #expect(relativeDifference(before, zeroed) > 1e-3)
    let factors = Tensor([2, 3], shape: [2, 1, 1], dtype: .float64)
    let scaled = try network.run(x, interventions: [.scale(after: "b", by: factors, channels: [0, 2])]).output
    let all = Tensor([2, 1, 3], shape: [3, 1, 1], dtype: .float64)
    #expect(relativeDifference(scaled, try byHand(x, atB: { $0 * all })) < 1e-14)
    let values = Tensor(repeating: 0.25, shape: [], dtype: .float64)
    let replaced = try network.run(x, interventions: [.replace(after: "b", with: values, channels: [2])]).output
    let kept = Tensor([1, 1, 0], shape: [3, 1, 1], dtype: .float64)
    #expect(relativeDifference(replaced, try byHand(x, atB: { $0 * kept + 0.25 * (1 - kept) })) < 1e-14)
    #expect(try network(x).value == plain)
  }

  /// NaN times zero is NaN: a channel that is zeroed must not let it through.
  @Test func zeroIsZeroWhateverWasThere() throws {
    let bad = select(where: x .> 1, Double.nan, else: x)
    let y = try network.run(bad, interventions: [.zero(after: "b")]).output
    #expect(y.doubles.allSatisfy { $0.isFinite })
  }

  @Test func aReplacedValueNeedsNotBeComputed() throws {
    let b = try network.run(x, capturing: ["b"])["b"]
    // An input on which layer a could not run at all: nothing asks for it.
    let headless = try network.run(
      Tensor(repeating: 0, shape: [1, 2, 0, 0], dtype: .float64), interventions: [.replace(after: "b", with: b)])
    #expect(headless.output.value == (try network(x)).value)
  }

  @Test func gradientsWithRespectToInnerLayers() throws {
    let run = try network.run(x, capturing: ["b"], recordingCaptures: true)
    let inner = try run.output.sum().gradient(for: run["b"])
    let outer = try network.run(x.recorded(), capturing: ["b"])
    #expect(relativeDifference(inner, try outer.output.sum().gradient(for: outer["b"])) < 1e-14)
    let weight = try weight("c").recorded()
    let varied = try network.run(x, parameters: ["c.weight": weight]).output.sum()
    #expect(try varied.gradient(for: weight).doubles.contains { $0 != 0 })
  }

  @Test func trainingDrawsFromItsSeed() throws {
    let first = try network.run(x, mode: .training(seed: 1)).output
    #expect(try network.run(x, mode: .training(seed: 1)).output.value == first.value)
    #expect(try network.run(x, mode: .training(seed: 2)).output.value != first.value)
    #expect(try network(x).value != first.value)
  }

  @Test func namesAndValuesThatDoNotFitAreRefused() throws {
    #expect(throws: NetworkError.unknownLayer("pol", suggestion: "pool")) { try network.run(x, capturing: ["pol"]) }
    #expect(throws: NetworkError.unknownLayer("hea", suggestion: "head")) {
      try network.run(x, interventions: [.zero(after: "hea")])
    }
    #expect(throws: NetworkError.self) { try network.run(x, interventions: [.zero(after: "b", channels: [3])]) }
    #expect(throws: NetworkError.self) { try network.run(x, interventions: [.zero(after: "b", channels: [1, 1])]) }
    #expect(throws: NetworkError.self) { try network(x.converted(to: .float32)) }
    #expect(throws: NetworkError.self) { try network(x[0]) }
    #expect(throws: NetworkError.self) { try network(x.sliced(1, to: 1)) }
    #expect(throws: NetworkError.self) { try network.run(["in": x]) }
    #expect(throws: NetworkError.self) { try network.run(x, parameters: ["c.weigh": x]) }
    let values = Tensor(repeating: 1, shape: [7], dtype: .float64)
    #expect(throws: NetworkError.self) { try network.run(x, interventions: [.replace(after: "b", with: values)]) }
  }

  @Test func graphsThatCannotBeAreRefused() throws {
    let input = NetworkInput("x", shape: nil)
    let layer = Layer(name: "a", operation: Identity(), inputs: ["x"])
    let output = NetworkOutput("y", "a")
    _ = try Network(inputs: [input], layers: [layer], outputs: [output])
    #expect(throws: NetworkError.self) { try Network(inputs: [input], layers: [layer, layer], outputs: [output]) }
    #expect(throws: NetworkError.self) { try Network(inputs: [], layers: [layer], outputs: [output]) }
    #expect(throws: NetworkError.self) { try Network(inputs: [input], layers: [layer], outputs: []) }
    #expect(throws: NetworkError.self) {
      try Network(inputs: [input], layers: [layer], outputs: [NetworkOutput("y", "b")])
    }
    let further = try Network(inputs: [input], layers: [layer], outputs: [NetworkOutput("y", ValueReference("a", index: 1))])
    #expect(throws: NetworkError.self) { try further(Tensor([1])) }
  }
}
