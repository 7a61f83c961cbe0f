/// Q = V·(VᵀV)^(−1/2), of all orthonormal matrices the one closest to V (Löwdin, "On the non-orthogonality problem connected with
/// the use of atomic wave functions", J. Chem. Phys. 1950): turned columns of V give columns of Q that are turned alike.
struct SymmetricOrthonormalization: Sendable {
  /// (VᵀV)^(−1/2), [K, K]
  let transform: Matrix<Double>
  /// VᵀV = P·diag(γ)·Pᵀ
  private let basis: Matrix<Double>
  private let squares: [Double]
  /// ‖V‖₂ and ‖(VᵀV)^(−1/2)‖₂
  var norm: Double { (squares.first ?? 0).squareRoot() }
  var inverseNorm: Double { 1 / (squares.last ?? 1).squareRoot() }

  /// - Parameter vectors: V, [N, K], of full rank.
  init(_ vectors: Matrix<Double>) throws(SpectralError) {
    (squares, basis) = try symmetricEigen(Matrix.innerProducts(vectors, vectors))
    guard let least = squares.last, least > 1e-12 * (squares.first ?? 0) else {
      throw .degenerate("the extended eigenvectors depend on each other; use a larger sample, or ask for fewer segments")
    }
    let scaled = basis.copy()
    scaleColumns(scaled, by: squares.map { 1 / $0.squareRoot() })
    transform = smallProduct(scaled, basis, transposeB: true)
  }

  func applied(to vectors: Matrix<Double>) -> Matrix<Double> { Matrix.product(vectors, transform) }

  /// V̄ = Q̄·(VᵀV)^(−1/2) + V·(Ḡ + Ḡᵀ) with Ḡ that of VᵀV by the divided differences of γ^(−1/2), which are
  /// −1/(√(γ_i·γ_j)·(√γ_i + √γ_j)): sums, no differences.
  ///
  /// - Parameters:
  ///   - cotangent: Q̄, [N, K].
  ///   - vectors: V.
  func pullback(_ cotangent: Matrix<Double>, of vectors: Matrix<Double>) -> Matrix<Double> {
    let k = transform.rows
    let inner = smallProduct(basis, smallProduct(Matrix.innerProducts(vectors, cotangent), basis), transposeA: true)
    let roots = squares.map { $0.squareRoot() }
    let gram = Matrix<Double>(k, k)
    for i in 0..<k {
      for j in 0..<k { gram[i, j] = -(inner[i, j] + inner[j, i]) / (roots[i] * roots[j] * (roots[i] + roots[j])) }
    }
    let turned = smallProduct(basis, smallProduct(gram, basis, transposeB: true))
    let result = Matrix.product(cotangent, transform)
    Matrix.multiply(vectors, turned, alpha: 1, beta: 1, into: result)
    return result
  }
}
