/// How far the eigenvectors of a cut can be from the exact ones, from what was measured after they were computed.
///
/// Exact means: of the affinity A of the very features, with the σ of the result, in exact arithmetic. The bounds are theorems
/// but for two things. No eigenvalue above the last Ritz value that was kept may have been missed, which the iteration probes
/// with random directions. And where a rounding error is a sum of n terms that cancel at random, it is taken as 3·√n of them
/// (Higham & Mary, "A new approach to probabilistic rounding error analysis", SIAM J. Sci. Comput. 2019), which it exceeds
/// with a probability of about one in a hundred for a single number, and hardly ever in norm.
public struct SpectralCertificate: Sendable, Equatable {
  /// ‖Â·v − λ·v‖ of each of the K eigenpairs: measured in double, with the affinity Â as it was rounded.
  public let residuals: [Double]
  /// Bound of ‖Â − A‖₂, the rounding of features, distances and affinities in the precision of the cut, which residuals do not
  /// show; ‖A‖₂ is 1.
  public let affinityError: Double
  /// Lower bound of the distance from λ_K to every eigenvalue of A beyond the first K: the gap of the Ritz values less what
  /// their residuals (Parlett, "The symmetric eigenvalue problem", 1998, theorems 4.5.1 and 11.7.1) and the affinity's error
  /// leave open. `nil` if nothing remains.
  public let gap: Double?
  /// Bound of ‖sin Θ‖_F, Θ the angles between the spans of the computed and of the exact eigenvectors: ‖A·V − V·Λ‖_F/gap (Davis & Kahan, "The rotation of eigenvectors by a perturbation III", SIAM J. Numer.
  /// Anal. 1970; Stewart & Sun, "Matrix perturbation theory", 1990, theorem V.3.6). `nil` if it would be 1 or more, which says
  /// nothing.
  public let subspaceAngle: Double?
  /// Why there is no bound, where there is none.
  public let reason: String?

  /// ‖A·V − V·Λ‖_F, at most, with the rounding of its own measurement.
  public let totalResidual: Double

  /// - Parameters:
  ///   - pairs: with the residuals of all that are reliable.
  ///   - affinityError: bound of ‖Â − A‖₂.
  ///   - measured: ‖A·V − V·Λ‖_F, if it was measured; otherwise that with Â and √K·‖Â − A‖₂ make it up.
  init(_ pairs: LeadingEigenpairs, affinityError: Double, measured: Double? = nil) {
    let (count, nodes) = (pairs.wanted, pairs.vectors.rows)
    let rounding = productRounding(nodes)
    residuals = Array(pairs.residuals.prefix(count))
    self.affinityError = affinityError
    totalResidual = measured ?? norm(residuals) + (rounding + affinityError) * Double(count).squareRoot()
    guard let next = pairs.upperBoundBeyond(rounding: rounding) else {
      (gap, subspaceAngle, reason) = (nil, nil, "there are as many segments as nodes")
      return
    }
    let width = pairs.values[count - 1] - next - affinityError - rounding
    guard width > 0 else {
      (gap, subspaceAngle) = (nil, nil)
      reason = "the gap after eigenvalue \(count) is not larger than what residuals and rounding leave uncertain"
      return
    }
    gap = width
    let angle = totalResidual / width
    subspaceAngle = angle < 1 ? angle : nil
    reason =
      angle < 1 ? nil : "residuals and rounding are as large as the gap after eigenvalue \(count), which turns the eigenvectors"
  }

  /// Of eigenvectors that are extended from a sample: there are no bounds.
  ///
  /// - Parameters:
  ///   - residuals: of the sample's eigenpairs.
  ///   - affinityError: of the affinity between the nodes of the sample.
  ///   - sample: how many there are.
  init(residuals: [Double], affinityError: Double, sample: Int) {
    (self.residuals, self.affinityError, totalResidual) = (residuals, affinityError, norm(residuals))
    (gap, subspaceAngle) = (nil, nil)
    reason = "the eigenvectors are extended from a sample of \(sample) nodes, whose error is estimated, not bounded"
  }
}

/// Bound of ‖fl(A·v) − A·v‖ in double for unit v and ‖A‖ = 1.
func productRounding(_ nodes: Int) -> Double { 0x1p-53 * (roundingTerms(nodes) + 8) }

/// Units of rounding in a sum of `count` terms: no more than one for each, and hardly ever more than 3·√count.
func roundingTerms(_ count: Int) -> Double { min(Double(count), 3 * Double(count).squareRoot()) }

func norm(_ values: some Sequence<Double>) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

extension LeadingEigenpairs {
  /// What no eigenvalue of Â beyond the wanted ones exceeds, if the reliable Ritz values miss none; `nil` if there is none.
  ///
  /// Each eigenvalue is within its residual of its Ritz value. Where a group of Ritz values beyond the wanted ones is apart from
  /// the next, the square of its residual counts: the largest eigenvalue of [Θ, Eᵀ; E, B] is at most that of the 2 × 2 matrix of
  /// the blocks' norms.
  func upperBoundBeyond(rounding: Double) -> Double? {
    guard reliable > wanted else { return nil }
    let ends = (wanted..<reliable).map { values[$0] + residuals[$0] + rounding }
    var bound = ends.max() ?? 0
    // Largest end of the intervals from each one on.
    var rest = ends
    for index in rest.indices.dropLast().reversed() { rest[index] = max(rest[index], rest[index + 1]) }
    var square = residuals.prefix(wanted).reduce(0) { $0 + $1 * $1 }
    for split in ends.indices.dropFirst() {
      square += residuals[wanted + split - 1] * residuals[wanted + split - 1]
      let (first, second, off) = (values[wanted], rest[split] + square.squareRoot(), square.squareRoot())
      let half = (first - second) / 2
      if half > 0 { bound = min(bound, (first + second) / 2 + (half * half + off * off).squareRoot() + rounding) }
    }
    return bound
  }
}
