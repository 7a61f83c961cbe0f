/// The largest eigenpairs of a symmetric operator A, with the residual of each, and the Ritz pairs that came with them.
struct LeadingEigenpairs: Sendable {
  /// Ritz values, largest first; the first ``reliable`` of them are eigenvalues.
  let values: [Double]
  /// Orthonormal Ritz vectors in columns, in the order of ``values``; each column's largest-magnitude entry is positive.
  let vectors: Matrix<Double>
  /// A·v − λ·v in columns, of the Ritz pairs after the wanted ones; `nil` if they vanish.
  let extraResiduals: Matrix<Double>?
  /// ‖A·v − λ·v‖ of each.
  let residuals: [Double]
  /// How many of them, from the first on, were asked for. The others serve deflation.
  let wanted: Int
  /// How many, from the first on, are accurate enough to tell where the spectrum has gaps.
  let reliable: Int
  /// Products of the operator with a vector that it took.
  let products: Int
}

/// Eigenpairs of up to this many nodes come from a full decomposition.
let fullDecompositionLimit = 512

extension NormalizedAffinity {
  /// The `count` largest eigenpairs.
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
      values: values, vectors: vectors, extraResiduals: nil, residuals: residualNorms(image, vectors, values), wanted: count,
      reliable: n, products: n)
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
///
/// - Returns: by what each column was multiplied, 1 or −1.
@discardableResult
func canonicalizeSigns(_ vectors: Matrix<Double>) -> [Double] {
  var largest = [Double](repeating: 0, count: vectors.columns)
  for row in 0..<vectors.rows {
    let values = vectors.row(row)
    for column in largest.indices where abs(values[column]) > abs(largest[column]) * (1 + 1e-9) {
      // Mirror images in exact arithmetic must not be told apart by rounding.
      largest[column] = values[column]
    }
  }
  let signs = largest.map { $0 < 0 ? -1.0 : 1.0 }
  for row in 0..<vectors.rows {
    let values = vectors.row(row)
    for column in largest.indices { values[column] *= signs[column] }
  }
  return signs
}
