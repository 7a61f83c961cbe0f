/// What happens to the rotation R when the eigenvectors move.
public enum RotationRule: String, Sendable, CaseIterable {
  /// R = polar(EᵀY) moves with the eigenvectors; the assignment Y is held fixed. The score then does not depend on how
  /// eigenvectors are chosen inside their span, so repeated eigenvalues inside the top K are harmless.
  case procrustes
  /// R is a constant, as in ncut_pytorch.
  case frozen
}

/// score = V·R with its derivative, for a fixed assignment.
struct RotatedScores: Sendable {
  let eigenvectors: Matrix<Double>
  let rotation: Matrix<Double>
  let assignment: [Int]
  let rule: RotationRule
  private let normalized: RowNormalized
  let polar: PolarFactor

  init(
    eigenvectors: Matrix<Double>, rotation: Matrix<Double>, assignment: [Int], rule: RotationRule
  ) throws(SpectralError) {
    self.eigenvectors = eigenvectors
    self.assignment = assignment
    self.rule = rule
    normalized = RowNormalized(eigenvectors)
    polar = try PolarFactor(clusterSums(normalized.values, assignment))
    self.rotation = rule == .procrustes ? polar.rotation : rotation
  }

  var values: Matrix<Double> { Matrix.product(eigenvectors, rotation) }

  /// V̄ for a cotangent of the scores, both [N, K].
  func pullback(_ cotangent: Matrix<Double>) -> Matrix<Double> {
    let direct = Matrix<Double>(eigenvectors.rows, eigenvectors.columns)
    Matrix.multiply(cotangent, rotation, into: direct, transposeB: true)
    if rule == .frozen { return direct }
    let sums = polar.pullback(Matrix.innerProducts(eigenvectors, cotangent))
    // Ē = Y·Ḡᵀ: every row of a cluster gets the cluster's column.
    let rows = Matrix<Double>(uninitialized: eigenvectors.rows, eigenvectors.columns)
    for (i, label) in assignment.enumerated() { for j in 0..<rows.columns { rows[i, j] = sums[j, label] } }
    let moved = normalized.pullback(rows)
    Double.axpy(1, moved.pointer, direct.pointer, direct.count)
    return direct
  }
}
