/// What Ritz pairs say of A beside the wanted ones: A·W = W·Θ + Q·C with orthonormal [W Q], so that all of A·W outside W,
/// which for a block Krylov space has the width of a few blocks, is applied as a thin product.
struct RitzSplitting<T: SpectralScalar> {
  /// W, [N, l]
  let vectors: Matrix<T>
  /// Θ, l numbers.
  let values: [Double]
  /// Q, [N, r]
  let remainder: Matrix<T>
  /// C, [r, l]
  let coefficients: Matrix<Double>

  /// - Parameters:
  ///   - pairs: with the residuals A·W − W·Θ of those after the wanted ones.
  ///   - residuals: these, [N, l].
  init(_ pairs: LeadingEigenpairs, residuals: Matrix<Double>) throws(SpectralError) {
    let extra = Array(pairs.wanted..<pairs.values.count)
    vectors = pairs.vectors.selecting(columns: extra).converted()
    values = extra.map { pairs.values[$0] }
    let basis = try Self.range(of: residuals)
    remainder = basis.converted()
    coefficients = Matrix.innerProducts(basis, residuals)
  }

  /// An orthonormal basis of the columns, up to what no solve in this precision would feel.
  ///
  /// From Gram matrices, which resolve eight digits; a second one of what the first has left over resolves the next eight.
  private static func range(of residuals: Matrix<Double>) throws(SpectralError) -> Matrix<Double> {
    let negligible = 1e-2 * T.solveTolerance
    var rest = residuals
    var basis = Matrix<Double>(residuals.rows, 0)
    for round in 0..<2 {
      let (squares, vectors) = try symmetricEigen(Matrix.innerProducts(rest, rest))
      let largest = squares.first ?? 0
      let kept = squares.indices.filter { squares[$0] > negligible * negligible && squares[$0] > 1e-14 * largest }
      if kept.isEmpty { break }
      let directions = try orthonormalized(
        Matrix.product(rest, vectors.selecting(columns: kept)), against: basis.columns > 0 ? basis.view : nil)
      let joined = Matrix<Double>(uninitialized: basis.rows, basis.columns + directions.columns)
      joined.view.columns(0..<basis.columns).copy(from: basis.view)
      joined.view.columns(basis.columns..<joined.columns).copy(from: directions.view)
      basis = joined
      if round > 0 || (squares.last ?? 0) > 1e-14 * largest || negligible * negligible > 1e-14 * largest { break }
      rest = residuals.copy()
      Matrix.multiply(basis, Matrix.innerProducts(basis, residuals), alpha: -1, beta: 1, into: rest)
    }
    return basis
  }
}
