/// A = QR, m ≥ n, the diagonal of R positive.  With W = ȦR⁻¹, M = QᵀW, L its part below the diagonal and Ω = L − Lᵀ:
/// Q̇ = W − Q(M − Ω),  Ṙ = (M − Ω)R;  Ā = (Q̄ + Q·S)R⁻ᵀ, S the symmetric matrix with the lower triangle of RR̄ᵀ − Q̄ᵀQ
///
/// Walter and Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum experimental
/// design" (2010), §3.
struct QR: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    let shape = inputs[0].shape
    guard shape.rank >= 2, shape[shape.rank - 2] >= shape[shape.rank - 1] else {
      throw .shape(name, "expected matrices [batch…, m, n] with m ≥ n, found \(shape)")
    }
    let n = shape[shape.rank - 1]
    return [Signature(shape, dtype), Signature(Shape(Array(shape.dropLast(2)) + [n, n]), dtype)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let (q, r) = try inputs[0].qr(operation: name)
    return [q, r]
  }
  var saves: Saved { .outputs }

  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let (q, r) = (pullback.output(0), pullback.output(1))
    try checkRank(r.value)
    let (qCotangent, rCotangent) = (pullback.cotangents[0], pullback.cotangents.count > 1 ? pullback.cotangents[1] : nil)
    var m = rCotangent.map { matmul(r, $0, transposeB: true) }
    if let qCotangent {
      let turned = matmul(qCotangent, q, transposeA: true)
      m = m.map { $0 - turned } ?? -turned
    }
    guard let m else { return [nil] }
    let lower = m.weighed(below: 1, diagonal: 0.5, above: 0)
    let spread = matmul(q, lower + lower.transposed)
    return [try solveTriangular(r, (qCotangent.map { $0 + spread } ?? spread).transposed, upper: true).transposed]
  }

  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let (q, r) = (pushforward.output(0), pushforward.output(1))
    try checkRank(r.value)
    let w = try solveTriangular(r, pushforward.tangent.transposed, upper: true, transposed: true).transposed
    let m = matmul(q, w, transposeA: true)
    let lower = m.weighed(below: 1, diagonal: 0, above: 0)
    let upper = m - lower + lower.transposed
    return [w - matmul(q, upper), matmul(upper, r)]
  }

  /// Where columns depend on each other, Q is not determined and R has no derivative.
  private func checkRank(_ r: NDArray) throws(TensorError) {
    let (n, entries) = (r.shape[r.rank - 1], r.doubles)
    if n == 0 { return }
    let tolerance = Double(n) * (r.dtype == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne)
    for matrix in 0..<entries.count / (n * n) {
      let block = entries[matrix * n * n..<(matrix + 1) * n * n]
      let largest = block.reduce(0) { max($0, abs($1)) }
      for i in 0..<n where !(abs(entries[(matrix * n + i) * n + i]) > tolerance * largest) {
        throw .notDifferentiable(
          name, "column \(i) of matrix \(matrix) depends on those before it (R has \(entries[(matrix * n + i) * n + i]) there)")
      }
    }
  }

  static let samples = [
    Sample(QR(), .wellConditioned([3, 3])), Sample(QR(), .wellConditioned([4, 2])), Sample(QR(), .wellConditioned([2, 3, 2])),
    Sample(QR(), .wellConditioned([2, 1, 2, 2])), Sample(QR(), .wellConditioned([1, 1])), Sample(QR(), .zeros([0, 0])),
    Sample(QR(), .zeros([2, 0])), Sample(QR(), .zeros([0, 3, 2])),
  ]
  static let errorSamples = [
    ErrorSample(QR(), [3]), ErrorSample(QR(), [2, 3]), ErrorSample(QR(), [2, 2], dtype: .int32),
  ]
}

/// The reduced QR decomposition A = QR of matrices with at least as many rows as columns.
///
/// The diagonal of R is positive (0 where columns depend on each other), which makes both unique where A has full rank.
///
/// - Parameter a: [batch…, m, n], m ≥ n, float32 or float64.
/// - Returns: `q` [batch…, m, n] with orthonormal columns, `r` [batch…, n, n] upper triangular.
/// - Throws: `TensorError/numerical(_:_:)` for NaN and infinity; `TensorError/shape(_:_:)`. Its derivatives throw
///   `TensorError/notDifferentiable(_:_:)` where columns depend on each other.
public func qr(_ a: Tensor) throws(TensorError) -> (q: Tensor, r: Tensor) {
  let outputs = try QR().apply([a])
  return (outputs[0], outputs[1])
}
