/// X = op(A)⁻¹B, op(A) = A or Aᵀ.
/// Ẋ = op(A)⁻¹(Ḃ − op(Ȧ)X);  B̄ = op(A)⁻ᵀX̄,  Ā = −B̄Xᵀ (−XB̄ᵀ if transposed)
///
/// Giles, "An extended collection of matrix derivative results" (2008), §2.3.1.
struct Solve: Primitive {
  var transposed = false

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferSystem(inputs) }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    [try .solve(inputs[0], inputs[1], transposed: transposed, operation: name)]
  }
  var saves: Saved { [.input(0), .outputs] }

  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let (a, x) = (pullback.input(0), pullback.output(0))
    let b = try Solve(transposed: !transposed).apply([a, pullback.cotangent])[0]
    return try pullback.forNeeded(
      { -(transposed ? matmul(x, b, transposeB: true) : matmul(b, x, transposeB: true)) }, { b })
  }

  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let (a, x) = (pushforward.input(0), pushforward.output(0))
    var side = pushforward.tangents[1]
    if let tangent = pushforward.tangents[0] {
      let moved = matmul(tangent, x, transposeA: transposed)
      side = side.map { $0 - moved } ?? -moved
    }
    guard let side else { return [nil] }
    return [try apply([a, side])[0]]
  }

  static let samples = [
    Sample(Solve(), .wellConditioned([3, 3]), .normal([3, 2])),
    Sample(Solve(), .wellConditioned([2, 3, 3]), .normal([2, 3, 1])),
    Sample(Solve(transposed: true), .wellConditioned([3, 3]), .normal([3, 2])),
    Sample(Solve(), .wellConditioned([1, 1]), .normal([1, 1])), Sample(Solve(), .wellConditioned([2, 2]), .zeros([2, 0])),
    Sample(Solve(), .zeros([0, 0]), .zeros([0, 2])), Sample(Solve(), .zeros([0, 2, 2]), .zeros([0, 2, 1])),
  ]
  static let errorSamples = [
    ErrorSample(Solve(), [3, 2], [3, 1]), ErrorSample(Solve(), [3, 3], [2, 1]), ErrorSample(Solve(), [3, 3], [3]),
    ErrorSample(Solve(), [2, 3, 3], [3, 1]),
    ErrorSample(Solve(), [Signature([2, 2], .float32), Signature([2, 1], .float64)]),
  ]
}

/// The solution X of A·X = B for square matrices, through LU with row exchanges.
///
/// - Parameters:
///   - a: [batch…, n, n], float32 or float64.
///   - b: right sides [batch…, n, k]; batches broadcast.
/// - Returns: [batch…, n, k].
/// - Throws: `TensorError/numerical(_:_:)` for NaN, infinity, and a matrix that is singular, also to working precision
///   (condition number above 1/ε), which it names; `TensorError/shape(_:_:)` and `TensorError/dtype(_:_:)`.
public func solve(_ a: Tensor, _ b: Tensor) throws(TensorError) -> Tensor {
  let (a, b) = try broadcastBatches(a, b, Solve.name)
  return try Solve().apply([a, b])[0]
}
