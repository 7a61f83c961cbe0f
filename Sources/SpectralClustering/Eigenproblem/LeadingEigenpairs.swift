/// The largest eigenpairs of a symmetric operator, with the residual of each.
struct LeadingEigenpairs: Sendable {
  /// Largest first.
  let values: [Double]
  /// Orthonormal columns, in the order of ``values``; each column's largest-magnitude entry is positive.
  let vectors: Matrix<Double>
  /// ‖A v − λ v‖ of each.
  let residuals: [Double]
  /// How many of them, from the first on, were asked for; the rest is by-product, for deflation and for the gap.
  let wanted: Int
  /// Products of the operator with a vector that it took.
  let products: Int
}

/// Eigenpairs of up to this many nodes come from a full decomposition.
let fullDecompositionLimit = 512

extension NormalizedAffinity {
  /// The `count` largest eigenpairs and, where there are as many, ten or more that follow.
  func leadingEigenpairs(_ count: Int) throws(SpectralError) -> LeadingEigenpairs {
    if nodeCount <= max(fullDecompositionLimit, 3 * count) { return try fullDecomposition(count) }
    let start = scales.copy()
    // d^(1/2) is the eigenvector of the eigenvalue 1.
    for i in 0..<nodeCount { start.pointer[i] = 1 / scales.pointer[i] }
    var solver = BlockKrylov(
      size: nodeCount, wanted: count, tolerance: T.eigenTolerance, start: start, apply: { self.apply($0) })
    return try solver.solve()
  }

  private func fullDecomposition(_ count: Int) throws(SpectralError) -> LeadingEigenpairs {
    let n = nodeCount
    let dense = Matrix<Double>(uninitialized: n, n)
    for i in 0..<n {
      for j in 0..<n { dense[i, j] = scales.pointer[i] * Double(weights[i, j]) * scales.pointer[j] }
    }
    let (values, vectors) = try symmetricEigen(dense)
    canonicalizeSigns(vectors)
    let image = Matrix.product(dense, vectors)
    return LeadingEigenpairs(
      values: values, vectors: vectors, residuals: residualNorms(image, vectors, values), wanted: count, products: n)
  }
}

/// ‖a_j − λ_j v_j‖ for each column.
func residualNorms(_ image: Matrix<Double>, _ vectors: Matrix<Double>, _ values: [Double]) -> [Double] {
  var squares = [Double](repeating: 0, count: vectors.columns)
  for row in 0..<vectors.rows {
    let (a, v) = (image.row(row), vectors.row(row))
    for column in 0..<vectors.columns {
      let difference = a[column] - values[column] * v[column]
      squares[column] += difference * difference
    }
  }
  return squares.map { $0.squareRoot() }
}

/// Fixes each column's sign by its largest-magnitude entry, the first of equals (a sum could be exactly zero).
func canonicalizeSigns(_ vectors: Matrix<Double>) {
  for column in 0..<vectors.columns {
    var largest = 0.0
    for row in 0..<vectors.rows {
      // Mirror images in exact arithmetic must not be told apart by rounding.
      if abs(vectors[row, column]) > abs(largest) * (1 + 1e-9) { largest = vectors[row, column] }
    }
    if largest < 0 { for row in 0..<vectors.rows { vectors[row, column] = -vectors[row, column] } }
  }
}
