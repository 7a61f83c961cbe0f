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
  ///   - values: Θ.
  ///   - vectors: W.
  ///   - residuals: A·W − W·Θ, [N, l]; overwritten.
  init(values: [Double], vectors: MatrixView<Double>, consuming residuals: MatrixView<Double>) throws(SpectralError) {
    self.values = values
    (remainder, coefficients) = try Self.factors(consuming: residuals)
    self.vectors = vectors.converted()
  }

  /// Orthonormal Q and C with Q·C = R, up to what no solve in this precision would feel.
  ///
  /// From Gram matrices, which resolve eight digits; a second one of what the first has left over resolves the next eight.
  private static func factors(
    consuming residuals: MatrixView<Double>
  ) throws(SpectralError) -> (remainder: Matrix<T>, coefficients: Matrix<Double>) {
    let negligible = 1e-2 * T.solveTolerance
    var basis = Matrix<Double>(residuals.rows, 0)
    var coefficients = Matrix<Double>(0, residuals.columns)
    for round in 0..<2 {
      let (squares, vectors) = try symmetricEigen(MatrixView.innerProducts(residuals, residuals))
      let largest = squares.first ?? 0
      let kept = squares.indices.filter { squares[$0] > negligible * negligible && squares[$0] > 1e-14 * largest }
      if kept.isEmpty { break }
      let directions = try orthonormalized(
        MatrixView.product(residuals, vectors.selecting(columns: kept)), against: basis.columns > 0 ? basis.view : nil)
      // What earlier directions have of the residuals is taken out of them already.
      let shares = MatrixView.innerProducts(directions.view, residuals)
      basis = basis.joined(directions)
      coefficients = coefficients.stacked(shares)
      if round > 0 || (squares.last ?? 0) > 1e-14 * largest || negligible * negligible > 1e-14 * largest { break }
      MatrixView.multiply(directions.view, shares, alpha: -1, beta: 1, into: residuals)
    }
    return (basis.converted(), coefficients)
  }
}
