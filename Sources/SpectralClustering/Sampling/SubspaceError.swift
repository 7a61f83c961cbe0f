extension NystromExtension {
  /// How far the span of V is from that of the exact eigenvectors, from A·V − V·H at some nodes, A the affinity of all nodes.
  ///
  /// To first order the exact span is that of V + Z with (λ_k − A)·z_k = r_k on the complement, r = A·V − V·H, so that
  /// ‖z_k‖ ≤ ‖r_k‖/(λ_k − λ_{K+1}). Two things make it an estimate: eigenvalues are those of the sample, and of each row
  /// (A·V)_i = d_i^(−1/2)·Σ_j w_ij·d_j^(−1/2)·v_j only d_i is summed over all nodes, d_j is N/M times its sum over the sample. H is
  /// that of least squares over the rows that are drawn: an inner product with V would carry the noise of the draw.
  func subspaceError(_ sampled: NodeSample) throws(SpectralError) -> SubspaceErrorEstimate {
    let (n, k) = (degrees.count, pairs.wanted)
    let chosen = sampled.rows(max(nodes.count, estimatedRows), of: n)
    let (rows, count) = (chosen.count, Double(chosen.count))
    guard pairs.reliable > k, pairs.values[k - 1] - pairs.values[k] > T.gapTolerance, rows > k else {
      return SubspaceErrorEstimate(angle: nil, standardError: nil, rows: rows)
    }
    let share = Double(n) / Double(nodes.count)
    let input = Matrix<Double>(uninitialized: n, k + 1)
    for j in 0..<n {
      let scale = degrees[j] > 0 ? 1 / (share * degrees[j]).squareRoot() : 0
      for c in 0..<k { input[j, c] = scale * pairs.vectors[j, c] }
      input[j, k] = 1
    }
    sample.progress.begin()
    let rectangle = AffinityRectangle(affinity: sample, rows: points, columns: points)
    let sums = rectangle.product(.weight, Panels<Double>(input), rows: chosen, height: 64, kernel: T.blockProduct)
    let (own, image) = (Matrix<Double>(uninitialized: rows, k), Matrix<Double>(uninitialized: rows, k))
    for (row, node) in chosen.enumerated() {
      let scale = sums[row, k] > 0 ? 1 / sums[row, k].squareRoot() : 0
      for c in 0..<k {
        own[row, c] = pairs.vectors[node, c]
        image[row, c] = scale * sums[row, c]
      }
    }
    Matrix.multiply(own, try leastSquares(own, image), alpha: -1, beta: 1, into: image)
    let squares = (0..<rows).map { row in
      (0..<k).reduce(0) { sum, c in
        let part = image[row, c] / (pairs.values[c] - pairs.values[k])
        return sum + part * part
      }
    }
    let mean = squares.reduce(0, +) / count
    // Least squares leave less than the rows have.
    let angle = (Double(n) * mean * count / (count - Double(k))).squareRoot()
    let variance = squares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(1, count - 1)
    let relative = mean > 0 ? (variance / count * (1 - count / Double(n))).squareRoot() / mean : 0
    return SubspaceErrorEstimate(angle: angle, standardError: angle * relative / 2, rows: rows)
  }

  /// The H for which V·H is closest to B; directions that V has not are left out.
  private func leastSquares(_ v: Matrix<Double>, _ b: Matrix<Double>) throws(SpectralError) -> Matrix<Double> {
    let (values, basis) = try symmetricEigen(Matrix.innerProducts(v, v))
    let components = smallProduct(basis, Matrix.innerProducts(v, b), transposeA: true)
    for i in 0..<components.rows {
      let inverse = values[i] > 1e-12 * (values.first ?? 0) ? 1 / values[i] : 0
      for j in 0..<components.columns { components[i, j] *= inverse }
    }
    return smallProduct(basis, components)
  }
}

/// At least this many rows of the affinity of all nodes are looked at, if there are so many.
private let estimatedRows = 512
