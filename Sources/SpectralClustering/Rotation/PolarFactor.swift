import COpenBLAS

/// M = R·H with R orthogonal and H = Q·diag(σ)·Qᵀ positive semidefinite, from the SVD M = U·diag(σ)·Qᵀ, R = U·Qᵀ.
struct PolarFactor: Sendable {
  let rotation: Matrix<Double>
  /// Q
  let basis: Matrix<Double>
  /// σ, largest first.
  let singularValues: [Double]

  init(_ matrix: Matrix<Double>) throws(SpectralError) {
    let n = matrix.rows
    let (a, u, qT) = (matrix.copy(), Matrix<Double>(n, n), Matrix<Double>(n, n))
    var sigma = [Double](repeating: 0, count: n)
    BLAS.singleThreaded
    let size = Int32(n)
    let all = CChar(UInt8(ascii: "A"))
    let info = LAPACKE_dgesdd(
      LAPACK_ROW_MAJOR, all, size, size, a.pointer, size, &sigma, u.pointer, size, qT.pointer, size)
    if info != 0 { throw .notConverged("the singular value decomposition of the rotation did not converge (LAPACK: \(info))") }
    rotation = Matrix.product(u, qT)
    basis = qT.transposed
    singularValues = sigma
  }

  /// The cotangent of M for a cotangent of R: solve T·H + H·T = skew(RᵀR̄), then M̄ = 2·R·T.
  ///
  /// Divides by sums of singular values, never by differences; a pair whose sum is zero (two empty clusters) has no say.
  func pullback(_ cotangent: Matrix<Double>) -> Matrix<Double> {
    let n = rotation.rows
    let product = Matrix.product(rotation.transposed, cotangent)
    let skew = Matrix<Double>(n, n)
    for i in 0..<n { for j in 0..<n { skew[i, j] = (product[i, j] - product[j, i]) / 2 } }
    let inBasis = Matrix.product(Matrix.product(basis.transposed, skew), basis)
    let floor = 1e-12 * (singularValues.first ?? 0)
    for i in 0..<n {
      for j in 0..<n {
        let sum = singularValues[i] + singularValues[j]
        inBasis[i, j] = sum > floor ? 2 * inBasis[i, j] / sum : 0
      }
    }
    return Matrix.product(rotation, Matrix.product(Matrix.product(basis, inBasis), basis.transposed))
  }
}

extension Matrix where T == Double {
  var transposed: Matrix<Double> {
    let result = Matrix<Double>(uninitialized: columns, rows)
    for i in 0..<rows { for j in 0..<columns { result[j, i] = self[i, j] } }
    return result
  }
}
