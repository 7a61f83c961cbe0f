/// Solves (λ_c I − A)·z_c = b_c on the complement of the wanted eigenvectors, for many columns c at once: deflated block
/// conjugate gradients in which every column has its own shift and step, and the products with A are shared.
///
/// The operator is positive definite there. Ritz vectors beyond the wanted ones, W, take their part of the solution from the
/// start and are kept out of the search directions (Saad, Yeung, Erhel & Guyomarc'h, "A deflated version of the conjugate
/// gradient algorithm", SISC 2000), whether they have converged or not: what is left of the spectrum sets the convergence
/// rate. With Ritz residuals F = A·W − W·Θ and Wᵀr = 0, the correction of a direction is W·(λ − Θ)⁻¹·Fᵀ·r.
/// Columns that have converged are frozen (going on would make them diverge) and dropped from the products.
struct ShiftedSolve<T: SpectralScalar> {
  let affinity: NormalizedAffinity<T>
  let pairs: LeadingEigenpairs
  /// Orthonormal [N, m]: the wanted eigenvectors and those tied with the last of them. Projected out in every iteration.
  private let excluded: Matrix<T>
  /// Ritz vectors that have not converged, and F, for the correction of directions; both [N, l].
  private let loose: Matrix<T>
  private let looseResiduals: Matrix<T>
  private let looseValues: [Double]

  init(_ affinity: NormalizedAffinity<T>, _ pairs: LeadingEigenpairs) {
    self.affinity = affinity
    self.pairs = pairs
    var first = pairs.wanted
    while first < pairs.values.count && pairs.values[pairs.wanted - 1] - pairs.values[first] <= T.gapTolerance { first += 1 }
    excluded = Self.converted(pairs.vectors, Array(0..<first))
    var open: [Int] = []
    if pairs.extraResiduals != nil {
      open = (first..<pairs.values.count).filter {
        pairs.residuals[$0] > 0.1 * T.solveTolerance * (pairs.values[pairs.wanted - 1] - pairs.values[$0])
      }
    }
    loose = Self.converted(pairs.vectors, open)
    looseResiduals = pairs.extraResiduals.map { Self.converted($0, open.map { $0 - pairs.wanted }) } ?? Matrix(loose.rows, 0)
    looseValues = open.map { pairs.values[$0] }
  }

  private static func converted(_ matrix: Matrix<Double>, _ columns: [Int]) -> Matrix<T> {
    let result = Matrix<T>(uninitialized: matrix.rows, columns.count)
    Parallel.forEachChunk(of: matrix.rows, size: tallChunk) { rows in
      for row in rows {
        let (source, target) = (matrix.row(row), result.row(row))
        for (index, column) in columns.enumerated() { target[index] = T(source[column]) }
      }
    }
    return result
  }

  struct Solution {
    let z: Matrix<T>
    /// ‖b − (λ − A)z‖ of each column, relative to the norm of its group.
    let residuals: [Double]
    /// Largest share of a right-hand side along eigenvectors whose eigenvalue equals λ_K, or where no curvature is left:
    /// left out of z.
    let leftOut: Double
  }

  /// - Parameters:
  ///   - rightSides: [N, C], orthogonal to the wanted eigenvectors.
  ///   - shifts: λ_c, one for each column.
  ///   - group: number of neighbouring columns that belong to one cotangent. They enter it as a sum, so the accuracy of each
  ///     is relative to the norm of all of them: a column that hardly counts is not solved to the last digit.
  func solve(_ rightSides: Matrix<Double>, shifts: [Double], group: Int) -> Solution {
    let count = rightSides.columns
    let squares = dots(rightSides, rightSides)
    let norms = (0..<count).map { column -> Double in
      let first = column / group * group
      let sum = squares[first..<min(count, first + group)].reduce(0, +)
      return sum > 0 ? sum.squareRoot() : 1
    }

    let components = Matrix.innerProducts(pairs.vectors, rightSides)
    let coefficients = Matrix<Double>(pairs.values.count, count)
    var leftOut = 0.0
    for e in pairs.wanted..<pairs.values.count {
      for c in 0..<count {
        // A tie with λ_K is one for the columns of λ_K; further up the spectrum there is a gap.
        let gap = shifts[c] - pairs.values[e]
        if gap > T.gapTolerance {
          coefficients[e, c] = components[e, c] / gap
        } else {
          leftOut = max(leftOut, abs(components[e, c]) / norms[c])
        }
      }
    }
    let solution = Self.converted(Matrix.product(pairs.vectors, coefficients), Array(0..<count))
    // r = b − (λ − A)·W·y = b − W·Wᵀb + F·y, and nothing along what is excluded.
    let rest = rightSides.copy()
    Matrix.multiply(pairs.vectors, components, alpha: -1, beta: 1, into: rest)
    if let extra = pairs.extraResiduals {
      let rows = Matrix<Double>(uninitialized: extra.columns, count)
      rows.pointer.update(from: coefficients.row(pairs.wanted), count: rows.count)
      Matrix.multiply(extra, rows, alpha: 1, beta: 1, into: rest)
    }
    // When every eigenvector is known, what remains is rounding.
    if pairs.extraResiduals == nil { return Solution(z: solution, residuals: norms.map { _ in 0 }, leftOut: leftOut) }
    let residual = Self.converted(rest, Array(0..<count))
    project(residual)
    let result = conjugateGradients(residual, into: solution, shifts: shifts, norms: norms)
    return Solution(z: solution, residuals: result.residuals, leftOut: max(leftOut, result.leftOut))
  }

  private func conjugateGradients(
    _ start: Matrix<T>, into solution: Matrix<T>, shifts: [Double], norms: [Double]
  ) -> (residuals: [Double], leftOut: Double) {
    // Columns that met a direction without curvature, so an unknown eigenvector with eigenvalue λ_c: going on would diverge.
    var closed = [Bool](repeating: false, count: shifts.count)
    var active = Array(0..<shifts.count)
    var state = State(r: start, p: direction(start, active.map { shifts[$0] }), z: Matrix(start.rows, start.columns))
    var rr = dots(state.r, state.r)
    var relative = zip(rr, norms).map { $0.squareRoot() / $1 }
    func isDone(_ slot: Int) -> Bool { closed[active[slot]] || relative[active[slot]] <= T.solveTolerance }
    for _ in 0..<1000 {
      let open = active.indices.filter { !isDone($0) }
      if open.isEmpty { break }
      if open.count <= active.count * 7 / 8 {
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
      for slot in active.indices where !isDone(slot) && !(curvature[slot] > T.gapTolerance * lengths[slot]) {
        closed[active[slot]] = true
      }
      let alive = active.indices.map { !isDone($0) }
      let step = active.indices.map { alive[$0] ? T(rr[$0] / curvature[$0]) : 0 }
      if !alive.contains(true) { break }
      axpy(step, state.p, state.z)
      axpy(step.map { -$0 }, image, state.r)
      let next = dots(state.r, state.r)
      let ratio = active.indices.map { alive[$0] && rr[$0] > 0 ? T(next[$0] / rr[$0]) : 0 }
      for slot in active.indices where alive[slot] { relative[active[slot]] = next[slot].squareRoot() / norms[active[slot]] }
      rr = next
      xpby(direction(state.r, active.map { shifts[$0] }), ratio, state.p)
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

  /// r + W·(λ − Θ)⁻¹·Fᵀ·r
  private func direction(_ r: Matrix<T>, _ shifts: [Double]) -> Matrix<T> {
    let result = r.copy()
    if loose.columns == 0 { return result }
    let coefficients = Matrix.innerProducts(looseResiduals, r)
    for e in looseValues.indices {
      for c in shifts.indices { coefficients[e, c] = T(Double(coefficients[e, c]) / (shifts[c] - looseValues[e])) }
    }
    Matrix.multiply(loose, coefficients, alpha: 1, beta: 1, into: result)
    return result
  }

  /// Back onto the complement of what is excluded, from which rounding would drift.
  private func project(_ x: Matrix<T>) {
    Matrix.multiply(excluded, Matrix.innerProducts(excluded, x), alpha: -1, beta: 1, into: x)
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
    Parallel.forEachChunk(of: rows, size: tallChunk) { chunk in
      for i in chunk {
        let (source, destination) = (self.row(i), target.row(i))
        for (j, column) in selected.enumerated() { destination[column] += source[j] }
      }
    }
  }
}
