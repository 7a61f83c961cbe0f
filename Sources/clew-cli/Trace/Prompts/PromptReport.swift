import Clew

/// The JSON document of `clew trace --foreground`.
struct PromptReport: Encodable {
  struct Prompts: Encodable {
    /// Flat indices, ascending.
    let foreground: [Int]
    let background: [Int]
    let backgroundWeight: Double
    let filterScale: Double
    /// What each eigenvalue counts.
    let filter: [Double]
  }

  struct Foreground: Encodable {
    let size: Int
    @Nullable var firstPixel: Int?
    let objective: Double
    let solveResidual: Double
    @Nullable var sigmaGradient: Double?
    let channels: [TraceReport.Channel]
    let ranking: [Int]
  }

  let shape: [Int]
  let grid: [Int]
  let affinity: String
  let regime: String
  let segmentChoice: TraceReport.Choice?
  let sigma: Double
  let eigenvalues: [Double]
  @Nullable var spectralGap: Double?
  let residuals: [Double]
  let certificate: CertificateReport
  let rankedBy: String
  let heldFixed: [String]
  let prompts: Prompts
  let scores: [Double]
  let threshold: Double
  /// 1 for foreground, 0 for background.
  let mask: [Int]
  let foreground: Foreground
  let warnings: [String]
  let provenance: Provenance

  init(_ trace: PromptTrace, provenance: Provenance) {
    let (cut, region, prompts) = (trace.cut, trace.foreground, trace.prompted.prompts)
    (shape, grid) = (trace.shape.extents, trace.grid.extents)
    (affinity, regime, sigma) = (cut.kernel.name, cut.regime.rawValue, cut.sigma)
    segmentChoice = cut.suggestion.map(TraceReport.Choice.init)
    (eigenvalues, spectralGap, residuals) = (cut.eigenvalues, cut.gap.width, cut.residuals)
    certificate = CertificateReport(cut.certificate, reason: PromptTrace.boundReason)
    (rankedBy, heldFixed) = (trace.configuration.aggregation.rawValue, trace.heldFixed)
    self.prompts = Prompts(
      foreground: prompts.foreground, background: prompts.background, backgroundWeight: prompts.backgroundWeight,
      filterScale: prompts.filterScale, filter: trace.prompted.filter)
    threshold = trace.prompted.threshold
    (scores, mask) = (trace.scores, trace.mask.map { $0 ? 1 : 0 })
    foreground = Foreground(
      size: region.size, firstPixel: region.nodes.first, objective: region.objective, solveResidual: region.solveResidual,
      sigmaGradient: region.widthGradient, channels: region.channels.map(TraceReport.Channel.init), ranking: region.ranking)
    (warnings, self.provenance) = (trace.warnings, provenance)
  }
}
