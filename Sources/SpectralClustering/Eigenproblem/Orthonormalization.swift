/// Orthonormal columns that span those of `block` outside the span of the orthonormal `basis`; dependent directions are dropped.
///
/// Block Gram–Schmidt against the basis and the SVQB method inside the block (Stathopoulos & Wu 2002), twice each:
/// once is not enough when little remains after the projection.
func orthonormalized(
  _ block: Matrix<Double>, against basis: MatrixView<Double>?
) throws(SpectralError) -> Matrix<Double> {
  var current = block.copy()
  // Columns are scaled first, so that a small residual counts as much as a large one.
  scaleColumns(current)
  for round in 0..<3 {
    if current.columns == 0 { break }
    if let basis, basis.columns > 0 {
      MatrixView.multiply(basis, MatrixView.innerProducts(basis, current.view), alpha: -1, beta: 1, into: current.view)
    }
    let (values, vectors) = try symmetricEigen(Matrix.innerProducts(current, current))
    let largest = max(values.first ?? 0, .leastNormalMagnitude)
    let kept = values.indices.filter { values[$0] > 1e-24 && values[$0] > 1e-14 * largest }
    let transform = Matrix<Double>(current.columns, kept.count)
    for (index, column) in kept.enumerated() {
      for row in 0..<current.columns { transform[row, index] = vectors[row, column] / values[column].squareRoot() }
    }
    current = Matrix.product(current, transform)
    // Nearly orthonormal already before this round, which has taken the square of what was missing.
    if round > 0, let smallest = values.last, largest - smallest < 1e-6, abs(largest - 1) < 1e-6 { break }
  }
  return current
}

private func scaleColumns(_ block: Matrix<Double>) {
  var sums = [Double](repeating: 0, count: block.columns)
  Double.columnDots(block.pointer, block.pointer, block.rows, block.columns, &sums)
  let scales = sums.map { $0 > 0 ? 1 / $0.squareRoot() : 1 }
  for row in 0..<block.rows {
    let values = block.row(row)
    for column in scales.indices { values[column] *= scales[column] }
  }
}
