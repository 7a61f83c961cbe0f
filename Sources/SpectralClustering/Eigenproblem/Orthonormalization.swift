/// Orthonormal columns that span those of `block` outside the span of the orthonormal `basis`; dependent directions are dropped.
///
/// Block Gram–Schmidt against the basis and the SVQB method inside the block (Stathopoulos & Wu 2002), again where less than
/// half remained after the projection: what is not quite orthogonal in the basis would otherwise grow from block to block
/// (Daniel, Gragg, Kaufman & Stewart 1976).
func orthonormalized<T: SpectralScalar>(
  _ block: Matrix<T>, against basis: MatrixView<T>?
) throws(SpectralError) -> Matrix<T> {
  // Squares: of what is left of a unit vector, and of what the Gram matrix resolves.
  let negligible: (share: Double, ratio: Double) = T.dtype == .float32 ? (1e-9, 1e-6) : (1e-24, 1e-14)
  var current = block.copy()
  // Columns are scaled first, so that a small residual counts as much as a large one.
  scaleColumns(current)
  // The smallest square that the last projection has left of a unit vector.
  var remaining = 0.0
  for round in 0..<3 {
    if current.columns == 0 { break }
    if let basis, basis.columns > 0, remaining < 0.5 {
      MatrixView.multiply(basis, MatrixView.innerProducts(basis, current.view), alpha: -1, beta: 1, into: current.view)
    }
    let (values, vectors) = try symmetricEigen(Matrix.innerProducts(current, current).converted())
    let largest = max(values.first ?? 0, .leastNormalMagnitude)
    remaining = values.last ?? 0
    let kept = values.indices.filter { values[$0] > negligible.share && values[$0] > negligible.ratio * largest }
    let transform = Matrix<T>(current.columns, kept.count)
    for (index, column) in kept.enumerated() {
      for row in 0..<current.columns { transform[row, index] = T(vectors[row, column] / values[column].squareRoot()) }
    }
    current = Matrix.product(current, transform)
    // Nearly orthonormal already before this round, which has taken the square of what was missing.
    if round > 0, let smallest = values.last, largest - smallest < 1e-6, abs(largest - 1) < 1e-6 { break }
  }
  return current
}

/// Makes columns, unless they are zero, unit vectors.
func scaleColumns<T: SpectralScalar>(_ block: Matrix<T>) {
  scaleColumns(block, by: columnNorms(block).map { $0 > 0 ? 1 / $0 : 1 })
}

/// Multiplies each column by a number.
func scaleColumns<T: SpectralScalar>(_ block: Matrix<T>, by factors: [Double]) {
  Parallel.forEachChunk(of: block.rows, size: tallChunk) { rows in
    T.columnScale(factors, block.row(rows.lowerBound), rows.count, block.columns)
  }
}

/// The length of each column: squares of fixed chunks of rows, added in order in double.
func columnNorms<T: SpectralScalar>(_ block: MatrixView<T>) -> [Double] {
  let chunks = (block.rows + tallChunk - 1) / tallChunk
  let partial = Matrix<Double>(chunks, block.columns)
  Parallel.forEachChunk(of: block.rows, size: tallChunk) { rows in
    let sums = partial.row(rows.lowerBound / tallChunk)
    // Rows that lie apart, one at a time.
    let step = block.stride == block.columns ? rows.count : 1
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
      T.columnDots(block.row(first), block.row(first), step, block.columns, sums)
    }
  }
  return (0..<block.columns).map { column in (0..<chunks).reduce(0) { $0 + partial[$1, column] }.squareRoot() }
}

func columnNorms<T: SpectralScalar>(_ block: Matrix<T>) -> [Double] { columnNorms(block.view) }
