/// X = op(A)⁻¹B, A one triangle of its operand, op(A) = A or Aᵀ.
/// Ẋ = op(A)⁻¹(Ḃ − op(Ȧ)X);  B̄ = op(A)⁻ᵀX̄,  Ā the triangle of −B̄Xᵀ (of −XB̄ᵀ if transposed)
struct SolveTriangular: Primitive {
  var upper = false
  var transposed = false

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferSystem(inputs) }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    [try .solveTriangular(inputs[0], inputs[1], upper: upper, transposed: transposed, operation: name)]
  }
  var saves: Saved { [.input(0), .outputs] }

  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let (a, x) = (pullback.input(0), pullback.output(0))
    let b = try SolveTriangular(upper: upper, transposed: !transposed).apply([a, pullback.cotangent])[0]
    return try pullback.forNeeded(
      { triangle(-(transposed ? matmul(x, b, transposeB: true) : matmul(b, x, transposeB: true))) }, { b })
  }

  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let (a, x) = (pushforward.input(0), pushforward.output(0))
    var side = pushforward.tangents[1]
    if let tangent = pushforward.tangents[0] {
      let moved = matmul(triangle(tangent), x, transposeA: transposed)
      side = side.map { $0 - moved } ?? -moved
    }
    guard let side else { return [nil] }
    return [try apply([a, side])[0]]
  }

  private func triangle(_ x: Tensor) -> Tensor {
    x.weighed(below: upper ? 0 : 1, diagonal: 1, above: upper ? 1 : 0)
  }

  static let samples = [
    Sample(SolveTriangular(), .positiveDefinite([3, 3]), .normal([3, 2])),
    Sample(SolveTriangular(upper: true), .positiveDefinite([2, 3, 3]), .normal([2, 3, 1])),
    Sample(SolveTriangular(transposed: true), .positiveDefinite([3, 3]), .normal([3, 2])),
    Sample(SolveTriangular(upper: true, transposed: true), .positiveDefinite([3, 3]), .normal([3, 4])),
    Sample(SolveTriangular(), .positiveDefinite([1, 1]), .normal([1, 1])),
    Sample(SolveTriangular(), .positiveDefinite([2, 2]), .zeros([2, 0])),
    Sample(SolveTriangular(), .zeros([0, 0]), .zeros([0, 2])),
    Sample(SolveTriangular(), .zeros([0, 2, 2]), .zeros([0, 2, 1])),
  ]
  static let errorSamples = [
    ErrorSample(SolveTriangular(), [3, 2], [3, 1]), ErrorSample(SolveTriangular(), [3, 3], [2, 1]),
    ErrorSample(SolveTriangular(), [3, 3], [3]), ErrorSample(SolveTriangular(), [2, 3, 3], [3, 1]),
    ErrorSample(SolveTriangular(), [Signature([2, 2], .float32), Signature([2, 1], .float64)]),
  ]
}

/// The solution X of op(A)·X = B for triangular matrices. The other triangle of A is not read, and gets a zero cotangent.
///
/// - Parameters:
///   - a: [batch…, n, n], float32 or float64.
///   - b: right sides [batch…, n, k]; batches broadcast.
///   - upper: whether A is the upper triangle; the lower one unless given.
///   - transposed: whether op(A) is Aᵀ; A unless given.
/// - Returns: [batch…, n, k].
/// - Throws: `TensorError/numerical(_:_:)` for NaN, infinity, and a matrix with 0 on its diagonal, which it names;
///   `TensorError/shape(_:_:)` and `TensorError/dtype(_:_:)`.
public func solveTriangular(
  _ a: Tensor, _ b: Tensor, upper: Bool = false, transposed: Bool = false
) throws(TensorError) -> Tensor {
  let (a, b) = try broadcastBatches(a, b, SolveTriangular.name)
  return try SolveTriangular(upper: upper, transposed: transposed).apply([a, b])[0]
}
