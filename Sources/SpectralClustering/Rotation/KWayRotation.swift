import CKernels

/// The rotation that brings eigenvectors closest to an indicator matrix, and the partition it implies.
///
/// Yu & Shi, "Multiclass spectral clustering", ICCV 2003: alternate Y = one-hot argmax(E·R) and R = polar(EᵀY) for the
/// row-normalised eigenvectors E. In float64, from several farthest-point starts at fixed nodes; the best objective is kept.
struct KWayRotation: Sendable {
  /// R, [K, K]; column k belongs to segment k.
  let rotation: Matrix<Double>
  /// The segment of each node. Segments are numbered by their first node; empty ones come last.
  let assignment: [Int]
  /// Σ of the singular values of EᵀY: N for a perfect indicator.
  let objective: Double

  init(_ eigenvectors: Matrix<Double>, starts: Int = 20) throws(SpectralError) {
    let rows = RowNormalized(eigenvectors)
    let (n, k) = (eigenvectors.rows, eigenvectors.columns)
    let first = try attempts(min(starts, n)) { start throws(SpectralError) in
      let node = (2 * start + 1) * n / (2 * min(starts, n))
      return try alternate(rows.values, from: farthestPoints(rows.values, first: node, count: k), rounds: 20)
    }
    // The leaders after a few rounds go on to the end; most starts meet in the same partition by then.
    let leaders = first.indices.sorted { (-first[$0].objective, $0) < (-first[$1].objective, $1) }.prefix(4)
    let last = try attempts(leaders.count) { index throws(SpectralError) in
      try alternate(rows.values, from: first[leaders[index]].rotation, rounds: 500)
    }
    // Rounding must not decide between equals.
    guard
      let best = last.reduce(
        nil as Discretization?,
        { best, next in
          next.objective > (best?.objective ?? -.infinity) * (1 + 1e-10) ? next : best
        })
    else { throw .invalidInput("there are no nodes to cluster") }
    let order = segmentOrder(best.labels, k)
    var rank = [Int](repeating: 0, count: k)
    for (position, label) in order.enumerated() { rank[label] = position }
    rotation = best.rotation.selecting(columns: order)
    assignment = best.labels.map { rank[$0] }
    objective = best.objective
  }
}

private struct Discretization: Sendable {
  let rotation: Matrix<Double>
  let labels: [Int]
  let objective: Double
}

/// The results of several attempts, in order. Attempts share the threads: each is too small to be cut.
private func attempts(
  _ count: Int, _ attempt: (Int) throws(SpectralError) -> Discretization
) throws(SpectralError) -> [Discretization] {
  var results = [Result<Discretization, SpectralError>?](repeating: nil, count: count)
  results.withUnsafeMutableBufferPointer { slots in
    let base = slots.baseAddress
    Parallel.forEach(count) { index in
      do throws(SpectralError) {
        base?[index] = .success(try attempt(index))
      } catch { base?[index] = .failure(error) }
    }
  }
  var found: [Discretization] = []
  for result in results { if let discretization = try result?.get() { found.append(discretization) } }
  return found
}

/// E: the rows of V divided by their lengths, and those lengths. A row that is only rounding beside unit columns has no
/// direction: it counts as zero and stays zero (divided, it would give gradients without bound).
struct RowNormalized: Sendable {
  let values: Matrix<Double>
  let lengths: [Double]

  init(_ matrix: Matrix<Double>) {
    let result = matrix.copy()
    var lengths = [Double](repeating: 0, count: matrix.rows)
    for i in 0..<matrix.rows {
      let row = result.row(i)
      lengths[i] = Double.dot(row, row, matrix.columns).squareRoot()
      if lengths[i] < 1e-14 {
        lengths[i] = 0
        for j in 0..<matrix.columns { row[j] = 0 }
      } else {
        for j in 0..<matrix.columns { row[j] /= lengths[i] }
      }
    }
    (values, self.lengths) = (result, lengths)
  }

  /// V̄ = (Ē − E·(E·Ē))/‖V‖, row by row.
  func pullback(_ cotangent: Matrix<Double>) -> Matrix<Double> {
    let result = Matrix<Double>(cotangent.rows, cotangent.columns)
    for i in 0..<cotangent.rows where lengths[i] > 0 {
      let (e, c) = (values.row(i), cotangent.row(i))
      let along = Double.dot(e, c, cotangent.columns)
      for j in 0..<cotangent.columns { result[i, j] = (c[j] - along * e[j]) / lengths[i] }
    }
    return result
  }
}

/// Rows of E as far from each other in direction as can be found greedily, as the columns of a first R.
private func farthestPoints(_ rows: Matrix<Double>, first: Int, count: Int) -> Matrix<Double> {
  let (n, k) = (rows.rows, rows.columns)
  let result = Matrix<Double>(k, count)
  var closeness = [Double](repeating: 0, count: n)
  var next = first
  for column in 0..<count {
    let chosen = rows.row(next)
    for j in 0..<k { result[j, column] = chosen[j] }
    var (least, farthest) = (Double.infinity, 0)
    for i in 0..<n {
      closeness[i] += abs(Double.dot(rows.row(i), rows.row(next), k))
      // Rounding must not decide between equals.
      if closeness[i] < least - 1e-9 { (least, farthest) = (closeness[i], i) }
    }
    next = farthest
  }
  return result
}

private func alternate(
  _ rows: Matrix<Double>, from start: Matrix<Double>, rounds: Int
) throws(SpectralError) -> Discretization {
  var rotation = start
  var last = -Double.infinity
  var labels = largestColumns(rows, rotation)
  for _ in 0..<rounds {
    let polar = try PolarFactor(clusterSums(rows, labels))
    let objective = polar.singularValues.reduce(0, +)
    rotation = polar.rotation
    let next = largestColumns(rows, rotation)
    if next == labels || objective <= last * (1 + 1e-14) {
      return Discretization(rotation: rotation, labels: next, objective: objective)
    }
    (last, labels) = (objective, next)
  }
  return Discretization(rotation: rotation, labels: labels, objective: last)
}

/// EᵀY for one-hot Y: the sum of the rows of each cluster, in its column.
func clusterSums(_ rows: Matrix<Double>, _ labels: [Int]) -> Matrix<Double> {
  let k = rows.columns
  let sums = Matrix<Double>(k, k)
  for (i, label) in labels.enumerated() { Double.axpy(1, rows.row(i), sums.row(label), k) }
  return sums.transposed
}

/// The column of the largest entry in each row of E·R; the first of those that are equal to it up to rounding.
func largestColumns(_ rows: Matrix<Double>, _ rotation: Matrix<Double>) -> [Int] {
  let scores = Matrix.product(rows, rotation)
  return [Int](unsafeUninitializedCapacity: scores.rows) { labels, count in
    count = scores.rows
    guard let base = labels.baseAddress else { return }
    Parallel.forEachChunk(of: scores.rows, size: tallChunk) { chunk in
      let first = chunk.lowerBound
      ck_largest_columns_f64(scores.row(first), chunk.count, scores.columns, 1e-12, base + first)
    }
  }
}

/// Clusters in the order of their first node; empty ones last.
private func segmentOrder(_ labels: [Int], _ count: Int) -> [Int] {
  var first = [Int](repeating: .max, count: count)
  for (node, label) in labels.enumerated() where first[label] == .max { first[label] = node }
  return (0..<count).sorted { (first[$0], $0) < (first[$1], $1) }
}
