/// Solves (λ_c I − A)·z_c = b_c on the complement of known eigenvectors, for many columns c at once: block conjugate
/// gradients in which every column has its own shift and step, and the products with A are shared.
///
/// The operator is positive definite there. Known eigenpairs beyond the wanted ones are solved exactly and projected out,
/// in every iteration, so that they do not slow the rest down; columns that have converged are frozen (going on would
/// make them diverge) and dropped from the products.
struct ShiftedSolve<T: SpectralScalar> {
  let affinity: NormalizedAffinity<T>
  let pairs: LeadingEigenpairs
  /// Orthonormal [N, m]: what is projected out.
  private let known: Matrix<T>
  private let knownCount: Int

  init(_ affinity: NormalizedAffinity<T>, _ pairs: LeadingEigenpairs) {
    self.affinity = affinity
    self.pairs = pairs
    // A pair that is not converged must not be treated as known.
    var count = pairs.wanted
    while count < pairs.values.count && pairs.residuals[count] <= 0.1 * T.solveTolerance { count += 1 }
    knownCount = count
    let matrix = Matrix<T>(uninitialized: affinity.nodeCount, count)
    for i in 0..<matrix.rows { for j in 0..<count { matrix[i, j] = T(pairs.vectors[i, j]) } }
    known = matrix
  }

  struct Solution {
    let z: Matrix<T>
    /// ‖b − (λ − A)z‖/‖b‖ of each column.
    let residuals: [Double]
    /// Largest share of a right-hand side along eigenvectors whose eigenvalue equals λ_K, or where no curvature is left:
    /// left out of z.
    let leftOut: Double
  }

  /// - Parameters:
  ///   - rightSides: [N, C], orthogonal to the wanted eigenvectors.
  ///   - shifts: λ_c, one for each column.
  func solve(_ rightSides: Matrix<Double>, shifts: [Double]) -> Solution {
    let (n, count) = (rightSides.rows, rightSides.columns)
    var norms = columnNorms(rightSides)
    for column in norms.indices where !(norms[column] > 0) { norms[column] = 1 }

    // Along the known eigenvectors the solution is a division.
    let components = Matrix.innerProducts(pairs.vectors.selecting(columns: Array(0..<knownCount)), rightSides)
    let coefficients = Matrix<Double>(knownCount, count)
    var leftOut = 0.0
    for e in pairs.wanted..<max(pairs.wanted, knownCount) {
      for c in 0..<count {
        let gap = shifts[c] - pairs.values[e]
        if gap > T.gapTolerance {
          coefficients[e, c] = components[e, c] / gap
        } else {
          leftOut = max(leftOut, abs(components[e, c]) / norms[c])
        }
      }
    }
    let solution = Matrix<T>(n, count)
    let start = Matrix.product(pairs.vectors.selecting(columns: Array(0..<knownCount)), coefficients)
    let rest = rightSides.copy()
    Matrix.multiply(pairs.vectors.selecting(columns: Array(0..<knownCount)), components, alpha: -1, beta: 1, into: rest)
    for index in 0..<n * count { solution.pointer[index] = T(start.pointer[index]) }
    let residual = Matrix<T>(uninitialized: n, count)
    for index in 0..<n * count { residual.pointer[index] = T(rest.pointer[index]) }
    // When every eigenvector is known, what remains is rounding.
    if knownCount == n { return Solution(z: solution, residuals: norms.map { _ in 0 }, leftOut: leftOut) }
    let result = conjugateGradients(residual, into: solution, shifts: shifts, norms: norms)
    return Solution(z: solution, residuals: result.residuals, leftOut: max(leftOut, result.leftOut))
  }

  private func columnNorms<S: SpectralScalar>(_ x: Matrix<S>) -> [Double] { dots(x, x).map { $0.squareRoot() } }

  private func conjugateGradients(
    _ start: Matrix<T>, into solution: Matrix<T>, shifts: [Double], norms: [Double]
  ) -> (residuals: [Double], leftOut: Double) {
    // Columns that met a direction without curvature, so an unknown eigenvector with eigenvalue λ_c: going on would diverge.
    var closed = [Bool](repeating: false, count: shifts.count)
    var active = Array(0..<shifts.count)
    var state = State(r: start, p: start.copy(), z: Matrix(start.rows, start.columns))
    var rr = dots(state.r, state.r)
    var relative = zip(rr, norms).map { $0.squareRoot() / $1 }
    func isDone(_ slot: Int) -> Bool { closed[active[slot]] || relative[active[slot]] <= T.solveTolerance }
    for _ in 0..<1000 {
      let open = active.indices.filter { !isDone($0) }
      if open.isEmpty { break }
      if open.count <= active.count * 3 / 4 {
        state.z.add(columns: active, to: solution)
        state = State(
          r: state.r.selecting(columns: open), p: state.p.selecting(columns: open), z: Matrix(start.rows, open.count))
        rr = open.map { rr[$0] }
        active = open.map { active[$0] }
      }
      let image = Matrix<T>(uninitialized: start.rows, active.count)
      let scratch = Matrix<T>(uninitialized: start.rows, active.count)
      affinity.applyShifted(state.p, shifts: active.map { T(shifts[$0]) }, scratch: scratch, into: image)
      project(image)
      let (curvature, lengths) = (dots(state.p, image), dots(state.p, state.p))
      var step = [T](repeating: 0, count: active.count)
      for slot in active.indices where !isDone(slot) {
        if curvature[slot] > T.gapTolerance * lengths[slot] {
          step[slot] = T(rr[slot] / curvature[slot])
        } else {
          closed[active[slot]] = true
        }
      }
      if step.allSatisfy({ $0 == 0 }) { break }
      axpy(step, state.p, state.z)
      axpy(step.map { -$0 }, image, state.r)
      let next = dots(state.r, state.r)
      var ratio = [T](repeating: 0, count: active.count)
      for slot in active.indices where step[slot] != 0 {
        ratio[slot] = rr[slot] > 0 ? T(next[slot] / rr[slot]) : 0
        relative[active[slot]] = next[slot].squareRoot() / norms[active[slot]]
      }
      rr = next
      xpby(state.r, ratio, state.p)
    }
    state.z.add(columns: active, to: solution)
    // A small rest is rounding.
    let leftOut = closed.indices.filter { closed[$0] && relative[$0] > 1e2 * T.solveTolerance }.map { relative[$0] }.max()
    return (closed.indices.map { closed[$0] ? min(relative[$0], 1) : relative[$0] }, min(1, leftOut ?? 0))
  }

  private struct State {
    let r: Matrix<T>
    let p: Matrix<T>
    let z: Matrix<T>
  }

  /// Back onto the complement of the known eigenvectors, from which rounding would drift.
  private func project(_ x: Matrix<T>) {
    Matrix.multiply(known, Matrix.innerProducts(known, x), alpha: -1, beta: 1, into: x)
  }
}

private let columnChunk = 1024

/// Σ_i a_ic·b_ic for each column, in double: fixed chunks added in order.
private func dots<T: SpectralScalar>(_ a: Matrix<T>, _ b: Matrix<T>) -> [Double] {
  let chunks = (a.rows + columnChunk - 1) / columnChunk
  let partial = Matrix<Double>(chunks, a.columns)
  Parallel.forEachChunk(of: a.rows, size: columnChunk) { rows in
    let first = rows.lowerBound
    T.columnDots(a.row(first), b.row(first), rows.count, a.columns, partial.row(first / columnChunk))
  }
  var sums = [Double](repeating: 0, count: a.columns)
  for chunk in 0..<chunks { for column in sums.indices { sums[column] += partial[chunk, column] } }
  return sums
}

/// y_c += alpha_c·x_c
private func axpy<T: SpectralScalar>(_ alpha: [T], _ x: Matrix<T>, _ y: Matrix<T>) {
  Parallel.forEachChunk(of: x.rows, size: columnChunk) { rows in
    T.columnAxpy(alpha, x.row(rows.lowerBound), y.row(rows.lowerBound), rows.count, x.columns)
  }
}

/// y_c = x_c + beta_c·y_c
private func xpby<T: SpectralScalar>(_ x: Matrix<T>, _ beta: [T], _ y: Matrix<T>) {
  Parallel.forEachChunk(of: x.rows, size: columnChunk) { rows in
    T.columnXpby(x.row(rows.lowerBound), beta, y.row(rows.lowerBound), rows.count, x.columns)
  }
}

extension Matrix {
  /// target[:, columns[j]] += self[:, j]
  fileprivate func add(columns selected: [Int], to target: Matrix<T>) {
    for i in 0..<rows {
      let (source, destination) = (row(i), target.row(i))
      for (j, column) in selected.enumerated() { destination[column] += source[j] }
    }
  }
}
