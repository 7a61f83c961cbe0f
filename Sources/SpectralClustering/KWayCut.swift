/// A normalised cut rotated into segments: scores, a partition, and gradients of each segment's objective.
///
/// The objective of segment k is the mean of |score_ik| over its nodes, score = V·R. The assignment is a constant of the
/// derivative; R follows ``RotationRule``, σ ``WidthRule``.
///
/// With a spectral filter f, score = f(A)·Y·(YᵀY)^(−1/2) for the one-hot assignment Y, which is found as without: for features
/// without a gap after λ_K, where V has no derivative and f(A) has. At a wide gap f(A) is the projector V·Vᵀ, and
/// Vᵀ·Y·(YᵀY)^(−1/2) takes the place of R.
public struct KWayCut: Sendable {
  public let cut: NormalizedCut
  public let rule: RotationRule
  /// The segment of each node. Segments are numbered by their first node; empty ones come last.
  public let assignment: [Int]
  /// The nodes of each segment, ascending.
  public let segments: [[Int]]
  /// Σ of singular values of the k-way rotation's Procrustes problem; N for a perfect indicator.
  public let rotationObjective: Double
  public let warnings: [String]
  let scores: RotatedScores
  let filtered: FilteredScores?

  /// What weights the eigenvectors; `nil` for the first K alone.
  public var filter: SpectralFilter? { filtered?.spectrum.filter }

  /// - Parameters:
  ///   - cut: its eigenvectors.
  ///   - rule: whether the rotation moves with them (default) or is a constant; with a filter only the assignment comes of it.
  ///   - filter: how wide the step of a spectral filter is (default: no filter). More than K eigenvectors with a weight are
  ///     computed anew.
  /// - Throws: ``SpectralError`` if a singular value decomposition fails, or for a filter that cannot be used.
  public init(
    _ cut: NormalizedCut, rule: RotationRule = .procrustes, filter: FilterWidth? = nil
  ) throws(SpectralError) {
    try cut.affinity.checkpoint?.begin(
      RunIdentity([("rotation", rule.rawValue), ("spectral filter", filter?.description ?? "none")]))
    let spectrum: FilteredSpectrum? = if let filter { try FilteredSpectrum(cut, filter) } else { nil }
    let rotation = try KWayRotation(cut.leading)
    self.cut = cut
    self.rule = rule
    assignment = rotation.assignment
    rotationObjective = rotation.objective
    scores = try RotatedScores(
      eigenvectors: cut.leading, rotation: rotation.rotation, assignment: rotation.assignment, rule: rule)
    var segments = [[Int]](repeating: [], count: cut.segmentCount)
    for (node, segment) in rotation.assignment.enumerated() { segments[segment].append(node) }
    self.segments = segments
    let empty = segments.count { $0.isEmpty }
    filtered = spectrum.map {
      FilteredScores($0, assignment: rotation.assignment, segments: cut.segmentCount)
    }
    warnings =
      (filtered == nil ? cut.warnings : cut.warningsBesideGap)
      + (empty > 0 ? ["\(empty) of \(segments.count) segments are empty"] : [])
  }

  /// The scores, [N, K] float64.
  public var scoreValues: NDArray { scoreMatrix.array }

  var scoreMatrix: Matrix<Double> { filtered?.values ?? scores.values }

  /// Mean |score| of each segment over its nodes; 0 for an empty one.
  public var objectives: [Double] {
    let values = scoreMatrix
    return segments.enumerated().map { segment, nodes in
      nodes.isEmpty ? 0 : nodes.reduce(0) { $0 + abs(values[$1, segment]) } / Double(nodes.count)
    }
  }

  /// The gradients of all segments' objectives, each on the nodes of its own segment.
  public struct SegmentGradients: Sendable {
    /// [N, D] float64: row i is the gradient of the objective of i's segment with respect to the features of node i.
    public let values: NDArray
    /// ∂objective/∂σ of each segment, whether σ moves or not; 0 for an empty one, `nil` for an affinity of your own and where
    /// it was not asked for.
    public let widthGradients: [Double]?
    /// Largest relative residual of the linear solves behind each segment's gradient; 0 for an empty one.
    public let residuals: [Double]
    /// That of the cut, with the rounding of the affinity measured where the cut could only bound it.
    public let certificate: SpectralCertificate
    /// Bounds of the error of each segment's gradient; `nil` for an empty one, and where ``boundReason`` says why.
    public let errors: [GradientErrors?]
    /// Why there are no bounds, where there are none.
    public let boundReason: String?
    public let warnings: [String]
  }

  /// Gradients of all segments in one block solve and one pass over the affinity.
  ///
  /// - Parameter withWidths: whether ∂/∂σ is computed also where σ does not move (default), which takes a pass of its own.
  /// - Throws: ``SpectralError/degenerate(_:)`` with the frozen rotation, at equal eigenvalues inside the top K.
  public func segmentGradients(withWidths: Bool = true) throws(SpectralError) -> SegmentGradients {
    let occupied = segments.indices.filter { !segments[$0].isEmpty }
    let zeros = [Double](repeating: 0, count: cut.segmentCount)
    let values = scoreMatrix
    let result = try cut.affinity.pullback(
      filtered?.spectrum.pairs ?? cut.pairs, rows: occupied.map { segments[$0] }, closedGap: .leaveOut, withWidths: withWidths,
      beyond: filtered == nil ? cut.certificate.gap.map { cut.gap.last - $0 } : nil,
      cotangent: { index in
        let cotangent = objectiveCotangent(occupied[index], values: values)
        return filtered?.pullback(cotangent) ?? EigenpairCotangent(vectors: scores.pullback(cotangent), values: zeros)
      })
    var residuals = zeros
    var widths = result.widths.map { _ in zeros }
    for (index, segment) in occupied.enumerated() {
      residuals[segment] = result.residuals[index]
      if let found = result.widths { widths?[segment] = found[index] }
    }
    var warnings: [String] = []
    if result.leftOut > 1e-6 {
      warnings.append(
        "the derivative along eigenvectors that are tied with eigenvalue \(cut.segmentCount) does not exist and is left out "
          + "(share of the cotangent: \(result.leftOut))")
    }
    // What was left out remains in the residual.
    if result.leftOut <= 1e-6, let worst = residuals.max(),
      worst > 1e2 * (cut.precision == .float32 ? Float.solveTolerance : Double.solveTolerance)
    {
      warnings.append("a linear solve stopped at a relative residual of \(worst)")
    }
    let certificate =
      cut.sample == nil
      ? SpectralCertificate(cut.pairs, affinityError: cut.certificate.affinityError, measured: result.vectorResidual)
      : cut.certificate
    let (errors, reason) = gradientErrors(result, occupied, certificate)
    return SegmentGradients(
      values: result.features.array, widthGradients: widths, residuals: residuals, certificate: certificate, errors: errors,
      boundReason: reason, warnings: warnings)
  }

  /// ∂(mean |score_k| over segment k)/∂score, [N, K]; zero where the score is zero.
  private func objectiveCotangent(_ segment: Int, values: Matrix<Double>) -> Matrix<Double> {
    let cotangent = Matrix<Double>(cut.nodeCount, cut.segmentCount)
    for node in segments[segment] {
      let value = values[node, segment]
      cotangent[node, segment] = (value > 0 ? 1 : value < 0 ? -1 : 0) / Double(segments[segment].count)
    }
    return cotangent
  }
}
