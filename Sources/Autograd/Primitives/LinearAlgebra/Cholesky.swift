/// (A + Aᵀ)/2 = LLᵀ.  With Φ the lower triangle, its diagonal halved:
/// L̇ = L·Φ(L⁻¹ȦL⁻ᵀ),  Ā the symmetric part of L⁻ᵀΦ(LᵀL̄)L⁻¹
///
/// Murray, "Differentiation of the Cholesky decomposition" (2016), equations 8 and 10.
struct Cholesky: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { [try inferSquare(inputs)] }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] { [try inputs[0].cholesky(operation: name)] }
  var saves: Saved { .outputs }

  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let l = pullback.output(0)
    let p = halved(matmul(l, pullback.cotangent, transposeA: true))
    let left = try solveTriangular(l, p, transposed: true)
    return [try solveTriangular(l, left.transposed, transposed: true).symmetricPart]
  }

  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let l = pushforward.output(0)
    let left = try solveTriangular(l, pushforward.tangent.symmetricPart)
    return [matmul(l, halved(try solveTriangular(l, left.transposed)))]
  }

  private func halved(_ x: Tensor) -> Tensor { x.weighed(below: 1, diagonal: 0.5, above: 0) }

  static let samples = [
    Sample(Cholesky(), .positiveDefinite([4, 4])), Sample(Cholesky(), .positiveDefinite([2, 3, 3])),
    Sample(Cholesky(), .positiveDefinite([2, 1, 1, 1])), Sample(Cholesky(), .zeros([0, 0])),
    Sample(Cholesky(), .zeros([0, 2, 2])), Sample(Cholesky(), .zeros([2, 0, 0])),
  ]
  static let errorSamples = [
    ErrorSample(Cholesky(), [3]), ErrorSample(Cholesky(), [3, 2]), ErrorSample(Cholesky(), [2, 2], dtype: .int32),
  ]
}

/// The lower Cholesky factor L of symmetric positive definite matrices, (A + Aᵀ)/2 = LLᵀ.
///
/// Reads the symmetric part, so that the derivative is defined for every entry of A. Above the diagonal L is 0.
///
/// - Parameter a: [batch…, n, n], float32 or float64.
/// - Returns: [batch…, n, n].
/// - Throws: `TensorError/numerical(_:_:)` for NaN, infinity, and a matrix that is not positive definite, which it names
///   with the order of the first leading minor that is not positive; `TensorError/shape(_:_:)`.
public func cholesky(_ a: Tensor) throws(TensorError) -> Tensor { try Cholesky().apply([a])[0] }
