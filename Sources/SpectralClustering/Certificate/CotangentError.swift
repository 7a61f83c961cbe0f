/// How far Ḡ, the cotangent of the eigenvectors for a segment's objective, is from that of the exact eigenvectors, whose span is
/// turned against theirs by an angle whose sine is known.
struct CotangentError: Sendable {
  /// Bound of ‖Ḡ‖_F.
  let size: Double
  /// Bound of ‖δḠ‖_F, to first order.
  let error: Double
}

extension RotatedScores {
  /// ℓ = mean |score| of segment k; Ḡ = S·Rᵀ and, if the rotation moves, what comes back through R = polar(EᵀY), for the signs
  /// S/|segment| of the scores. Everything here is a change of V by δV with ‖δV‖_F ≤ ε carried through each step:
  /// ‖δe_i‖ ≤ ‖δv_i‖/‖v_i‖ for the rows of E, ‖δR‖ ≤ 2·‖δ(EᵀY)‖/(σ_K + σ_{K−1}) for the polar factor (Li, "New perturbation bounds
  /// for the unitary polar factor", SIAM J. Matrix Anal. Appl. 1995), ‖δH‖ ≤ √2·‖δ(EᵀY)‖.
  ///
  /// - Parameters:
  ///   - segment: k.
  ///   - nodes: of the segment.
  ///   - change: ε.
  ///   - degrees: of the affinity; the span of exact eigenvectors holds √d, so that ‖v_i‖² ≥ d_i/Σd.
  /// - Returns: `nil` if the rotation is not determined.
  func cotangentError(
    segment: Int, nodes: [Int], change: Double, degrees: [Double]
  ) -> CotangentError? {
    let share = 1 / Double(nodes.count)
    if rule == .frozen {
      let flipped = signChanges(segment, nodes, change: change, rotation: 0)
      return CotangentError(size: share.squareRoot(), error: 2 * share * Double(flipped).squareRoot())
    }
    let rows = RowDirections(self, change: change)
    let sums = polar.singularValues.suffix(2).reduce(0, +)
    let k = rotation.rows
    // Of EᵀY.
    let indicators = change * (rows.spread.max() ?? 0) + 2 * norm(rows.uncertain.map { Double($0) })
    guard k == 1 || sums > 4 * indicators else { return nil }
    let divisor = k == 1 ? .infinity : sums - 2 * indicators
    let turn = 2 * indicators / divisor
    let flipped = signChanges(segment, nodes, change: change, rotation: turn)
    // δS, and R̄ = VᵀS with a single column.
    let signs = 2 * share * Double(flipped).squareRoot()
    let inner = Matrix<Double>(k, k)
    for node in nodes {
      var score = 0.0
      for j in 0..<k { score += eigenvectors[node, j] * rotation[j, segment] }
      let sign = score > 0 ? share : score < 0 ? -share : 0
      for j in 0..<k { inner[j, segment] += sign * eigenvectors[node, j] }
    }
    let innerSize = norm((0..<k).map { inner[$0, segment] })
    // M̄ = 2·R·T, T·H + H·T = skew(RᵀR̄).
    let cotangent = polar.pullback(inner)
    let columns = (0..<k).map { column in norm((0..<k).map { cotangent[$0, column] }) }
    let half = norm(columns) / 2
    let skew = turn * innerSize + change * share.squareRoot() + signs
    let solved = (skew + 2 * half * 2.0.squareRoot() * indicators) / divisor
    let cotangentError = 2 * (turn * half + solved)
    let moved = norm(zip(columns, rows.spread).map { $0 * $1 })
    return CotangentError(
      size: share.squareRoot() + moved,
      error: share.squareRoot() * turn + signs + (rows.spread.max() ?? 0) * cotangentError
        + rows.changes(columns, assignment: assignment, change: change, degrees: degrees))
  }

  /// How many nodes of the segment at most may have a score of the other sign: those with the smallest ones, as long as the
  /// squares of the changes they need sum up to no more than there is.
  private func signChanges(_ segment: Int, _ nodes: [Int], change: Double, rotation turn: Double) -> Int {
    let k = rotation.rows
    let needed = nodes.map { node -> Double in
      var (score, square) = (0.0, 0.0)
      for j in 0..<k {
        score += eigenvectors[node, j] * rotation[j, segment]
        square += eigenvectors[node, j] * eigenvectors[node, j]
      }
      return max(0, abs(score) - square.squareRoot() * turn)
    }
    var (used, count) = (0.0, 0)
    for value in needed.sorted() {
      used += value * value
      if used > change * change { break }
      count += 1
    }
    return count
  }
}

/// What the lengths of the rows of V mean for their directions.
private struct RowDirections {
  /// For each segment (Σ 1/‖v_i‖²)^½ over its nodes.
  let spread: [Double]
  /// Nodes of each segment whose rows are so short that a change could turn them anywhere.
  let uncertain: [Int]
  private let lengths: [Double]

  init(_ scores: RotatedScores, change: Double) {
    let (vectors, k) = (scores.eigenvectors, scores.eigenvectors.columns)
    lengths = (0..<vectors.rows).map { norm(UnsafeBufferPointer(start: vectors.row($0), count: k)) }
    var (squares, uncertain) = ([Double](repeating: 0, count: k), [Int](repeating: 0, count: k))
    for (node, label) in scores.assignment.enumerated() {
      if lengths[node] >= 1e-14 { squares[label] += 1 / lengths[node] / lengths[node] }
      if lengths[node] < 4 * change { uncertain[label] += 1 }
    }
    (spread, self.uncertain) = (squares.map { $0.squareRoot() }, uncertain)
  }

  /// By how much the rows (ē − e·⟨e, ē⟩)/‖v‖ change with v, for the ē of each segment with the given lengths: the derivative
  /// of that is at most 2·‖ē‖/‖v‖²; of rows of uncertain direction all counts, before and after.
  func changes(_ cotangents: [Double], assignment: [Int], change: Double, degrees: [Double]) -> Double {
    let total = degrees.reduce(0, +)
    var (steepest, square) = (0.0, 0.0)
    for (node, label) in assignment.enumerated() {
      let length = lengths[node]
      if length >= 4 * change {
        steepest = max(steepest, 2 * cotangents[label] / length / length)
      } else {
        let both = cotangents[label] * ((length >= 1e-14 ? 1 / length : 0) + (total / degrees[node]).squareRoot())
        square += both * both
      }
    }
    return change * steepest + square.squareRoot()
  }
}
