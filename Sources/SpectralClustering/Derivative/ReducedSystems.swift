/// (λ_c − A)·x_c = b_c restricted to span(W, V), of which W are Ritz vectors with A·W = W·Θ + Q·C: small dense systems.
///
/// Eliminating W leaves (λ − VᵀAV − S·C·(λ − Θ)⁻¹·Cᵀ·Sᵀ)·y = b_V + S·C·(λ − Θ)⁻¹·b_W with S = VᵀQ, one matrix for each shift.
struct ReducedSystems {
  /// VᵀAV, [m, m]
  let projected: Matrix<Double>
  /// S = VᵀQ, [m, r]
  let coupling: Matrix<Double>
  /// b_V, [m, C]
  let components: Matrix<Double>
  /// b_W, [l, C]
  let ritzComponents: Matrix<Double>
  /// Θ
  let ritzValues: [Double]
  /// C, [r, l]
  let remainder: Matrix<Double>

  struct Solution {
    /// y along V, [m, C].
    let inner: Matrix<Double>
    /// Along W, [l, C].
    let ritz: Matrix<Double>
    /// C times that, [r, C].
    let remainder: Matrix<Double>
    /// Largest share of a right-hand side along directions whose eigenvalue equals its shift, or exceeds it: left out.
    let leftOut: Double
  }

  /// - Parameters:
  ///   - shifts: λ_c, one for each column.
  ///   - gapTolerance: eigenvalues closer to a shift than this are equal to it.
  func solve(shifts: [Double], gapTolerance: Double) throws(SpectralError) -> Solution {
    let (m, l, r, count) = (projected.rows, ritzValues.count, remainder.rows, shifts.count)
    let (inner, ritz, image) = (Matrix<Double>(m, count), Matrix<Double>(l, count), Matrix<Double>(r, count))
    var groups: [(shift: Double, columns: [Int])] = []
    for (column, shift) in shifts.enumerated() {
      if let index = groups.firstIndex(where: { $0.shift == shift }) {
        groups[index].columns.append(column)
      } else {
        groups.append((shift, [column]))
      }
    }
    let tasks = groups
    let outcomes = Matrix<Double>(tasks.count, 2)
    Parallel.forEach(tasks.count) { index in
      let part = self.solve(tasks[index].shift, tasks[index].columns, gapTolerance)
      for (position, column) in tasks[index].columns.enumerated() {
        for row in 0..<m { inner[row, column] = part.inner[row, position] }
        for row in 0..<l { ritz[row, column] = part.ritz[row, position] }
        for row in 0..<r { image[row, column] = part.image[row, position] }
      }
      outcomes[index, 0] = part.leftOut
      outcomes[index, 1] = part.failed ? 1 : 0
    }
    if tasks.indices.contains(where: { outcomes[$0, 1] > 0 }) {
      throw .notConverged("the symmetric eigenproblem of a reduced system of size \(m) did not converge (LAPACK syevd)")
    }
    return Solution(
      inner: inner, ritz: ritz, remainder: image, leftOut: tasks.indices.map { outcomes[$0, 0] }.max() ?? 0)
  }

  private struct Part {
    let inner: Matrix<Double>
    let ritz: Matrix<Double>
    let image: Matrix<Double>
    let leftOut: Double
    let failed: Bool
  }

  private func solve(_ shift: Double, _ columns: [Int], _ gapTolerance: Double) -> Part {
    let (m, l, r, count) = (projected.rows, ritzValues.count, remainder.rows, columns.count)
    var leftOut = 0.0
    let inverse = ritzValues.map { shift - $0 > gapTolerance ? 1 / (shift - $0) : 0 }
    // D·b_W, and C·D.
    let direct = Matrix<Double>(uninitialized: l, count)
    for e in 0..<l {
      for (position, column) in columns.enumerated() {
        direct[e, position] = inverse[e] * ritzComponents[e, column]
        if inverse[e] == 0 { leftOut = max(leftOut, abs(ritzComponents[e, column])) }
      }
    }
    let weighted = remainder.copy()
    for row in 0..<r { for e in 0..<l { weighted[row, e] *= inverse[e] } }
    let inner = Matrix<Double>(uninitialized: m, count)
    for row in 0..<m { for (position, column) in columns.enumerated() { inner[row, position] = components[row, column] } }
    var failed = false
    if m > 0 {
      let system = projected.copy()
      let bridge = smallProduct(weighted, remainder, transposeB: true)  // C·D·Cᵀ
      multiplySmall(smallProduct(coupling, bridge), coupling, transposeB: true, alpha: -1, beta: -1, into: system)
      for row in 0..<m { system[row, row] += shift }
      multiplySmall(coupling, smallProduct(remainder, direct), alpha: 1, beta: 1, into: inner)
      let share = solveInPlace(system, inner, gapTolerance)
      failed = share == nil
      leftOut = max(leftOut, share ?? 0)
      // z = D·(b_W + Cᵀ·Sᵀ·y)
      multiplySmall(weighted, smallProduct(coupling, inner, transposeA: true), transposeA: true, alpha: 1, beta: 1, into: direct)
    }
    return Part(inner: inner, ritz: direct, image: smallProduct(remainder, direct), leftOut: leftOut, failed: failed)
  }

  /// Solves a system that is positive definite, but for directions whose eigenvalue vanishes: those are left out.
  ///
  /// - Returns: the largest component that was; `nil` if LAPACK fails.
  private func solveInPlace(_ system: Matrix<Double>, _ rightSides: Matrix<Double>, _ gapTolerance: Double) -> Double? {
    let (m, count) = (system.rows, rightSides.columns)
    let factor = system.copy()
    // A pivot is no smaller than the smallest eigenvalue, and seldom much larger.
    if Double.potrf(m, factor.pointer) == 0, (0..<m).allSatisfy({ factor[$0, $0] * factor[$0, $0] > 1e2 * gapTolerance }) {
      Double.trsm(upper: false, transposed: false, m, count, factor.pointer, rightSides.pointer)
      Double.trsm(upper: false, transposed: true, m, count, factor.pointer, rightSides.pointer)
      return 0
    }
    guard let (values, vectors) = try? symmetricEigen(system) else { return nil }
    let components = smallProduct(vectors, rightSides, transposeA: true)
    var leftOut = 0.0
    for e in 0..<m {
      for column in 0..<count {
        if values[e] > gapTolerance {
          components[e, column] /= values[e]
        } else {
          leftOut = max(leftOut, abs(components[e, column]))
          components[e, column] = 0
        }
      }
    }
    multiplySmall(vectors, components, alpha: 1, beta: 0, into: rightSides)
    return leftOut
  }
}
