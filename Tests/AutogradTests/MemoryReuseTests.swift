import Autograd
import CKernels
import GradientTesting
import Testing

/// Results are written over values that nobody else holds, and never over others.
@Suite struct MemoryReuseTests {
  private func address(_ x: borrowing Tensor) -> UnsafeRawPointer? { x.value.withUnsafeBytes { $0.baseAddress } }
  private func fresh() -> Tensor { Tensor(NDArray((0..<1000).map { Float($0) / 1000 }, shape: [10, 100])) }

  /// An operation of the catalogue with its parameters.
  private func operation(_ name: String) throws -> any Primitive {
    try #require(Catalogue.primitives.first { $0.name == name }?.samples.first?.primitive)
  }

  @Test func whatIsGivenUpIsWrittenOver() throws {
    var x = fresh()
    let first = address(x)
    for name in ["Exp", "Tanh", "Affine", "ReLU"] {
      let given = [x]
      x = fresh()
      x = try operation(name).apply(consume given)[0]
    }
    #expect(address(x) == first)
    let product = try operation("Multiply").apply([fresh(), consume x])[0]
    #expect(product.count == 1000)
  }

  @Test func kernelsInAChainShareABlock() {
    let x = fresh().value
    let first = x.withUnsafeBytes { $0.baseAddress }
    let y = (consume x).map(CK_EXP).map(CK_SQRT).affine(scale: 2, shift: 1)
    #expect(y.withUnsafeBytes { $0.baseAddress } == first)
    #expect(abs(y.doubles[999] - 4.2958) < 1e-3)
  }

  @Test func whatIsStillHeldStaysAsItWas() {
    let x = fresh()
    let copy = x
    let before = x.doubles
    _ = [exp(x), x + x, x * 2, 2 - x, x / copy, relu(x) + x, x * Tensor([2]), -x]
    #expect(x.doubles == before && copy.doubles == before)
    let views = x.reshaped(to: [1000])
    _ = exp(consume views)
    #expect(x.doubles == before)
  }

  @Test func broadcastOperandsAreNeverTheTarget() {
    let row = Tensor(NDArray([Float](repeating: 2, count: 100), shape: [100]))
    #expect(abs((fresh() * row).doubles[150] - 0.3) < 1e-6)
    #expect(abs((row - fresh()).doubles[999] - 1.001) < 1e-6)
  }

  /// Values that a derivative reads must survive what is done to them afterwards.
  @Test func savedValuesSurvive() throws {
    let x = Tensor([0.1, 0.7, -0.3], dtype: .float64)
    try checkGradients(
      of: { x in
        var y = exp(x * 1)
        for _ in 0..<3 { y = tanh(y) * y + x }
        return Recording.off { exp(y * 0) } * y
      }, at: x, order: 2)
  }

  /// Two cotangents of one value are added up in place, unless someone else holds them.
  @Test func cotangentsThatAreSharedSurvive() throws {
    let x = Tensor([1, 2, 3]).recorded()
    let cotangent = Tensor([1, 10, 100])
    let sum = x + x + x * 2
    #expect(try sum.gradient(for: [x], cotangent: cotangent)[0].doubles == [4, 40, 400])
    #expect(cotangent.doubles == [1, 10, 100])
  }
}
