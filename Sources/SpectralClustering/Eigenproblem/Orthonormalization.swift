/// Orthonormal columns that span those of `block` outside the span of the orthonormal `basis`; dependent directions are dropped.
///
/// Block Gram–Schmidt against the basis and the SVQB method inside the block (Stathopoulos & Wu 2002), twice each:
/// once is not enough when little remains after the projection.
func orthonormalized(_ block: Matrix<Double>, against basis: Matrix<Double>?) throws(SpectralError) -> Matrix<Double> {
  var current = block.copy()
  // Columns are scaled first, so that a small residual counts as much as a large one.
  scaleColumns(current)
  for _ in 0..<3 {
    if current.columns == 0 { break }
    if let basis, basis.columns > 0 {
      Matrix.multiply(basis, Matrix.innerProducts(basis, current), alpha: -1, beta: 1, into: current)
    }
    let (values, vectors) = try symmetricEigen(Matrix.innerProducts(current, current))
    let largest = max(values.first ?? 0, .leastNormalMagnitude)
    let kept = values.indices.filter { values[$0] > 1e-24 && values[$0] > 1e-14 * largest }
    let transform = Matrix<Double>(current.columns, kept.count)
    for (index, column) in kept.enumerated() {
      for row in 0..<current.columns { transform[row, index] = vectors[row, column] / values[column].squareRoot() }
    }
    current = Matrix.product(current, transform)
  }
  return current
}

private func scaleColumns(_ block: Matrix<Double>) {
  var sums = [Double](repeating: 0, count: block.columns)
  Double.columnDots(block.pointer, block.pointer, block.rows, block.columns, &sums)
  for row in 0..<block.rows {
    for column in 0..<block.columns where sums[column] > 0 { block[row, column] /= sums[column].squareRoot() }
  }
}

/// Columns of several matrices side by side.
func joined(_ parts: [Matrix<Double>], rows: Int) -> Matrix<Double> {
  let result = Matrix<Double>(uninitialized: rows, parts.reduce(0) { $0 + $1.columns })
  var offset = 0
  for part in parts {
    for row in 0..<rows { (result.row(row) + offset).update(from: part.row(row), count: part.columns) }
    offset += part.columns
  }
  return result
}
