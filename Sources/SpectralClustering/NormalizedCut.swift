/// A normalised cut of features: the leading eigenvectors of the normalised affinity, exactly, with the residual of each, and
/// everything that their derivative needs.
///
/// Shi & Malik, "Normalized cuts and image segmentation", PAMI 2000. All pairs of nodes count; ``AffinityRegime`` says whether
/// their N² affinities are stored or made again, a tile at a time, whenever they are used. Only if it is asked for are the
/// eigenvectors those of a sample, extended to all nodes, and what is said of exactness here holds of them as they are computed.
public struct NormalizedCut: Sendable {
  /// Number of nodes, N, and of eigenvectors, K.
  public let nodeCount: Int
  public let segmentCount: Int
  /// The K largest eigenvalues of S·W·S, largest first; the first is 1. Of the sample, if there is one.
  public let eigenvalues: [Double]
  /// Unit eigenvectors in columns, [N, K] float64; the largest-magnitude entry of each is positive.
  public let eigenvectors: NDArray
  /// ‖A·v − λ·v‖ of each; of the sample's eigenvectors, if there is one.
  public let residuals: [Double]
  public let gap: EigenGap
  /// How far the eigenvectors can be from the exact ones.
  public let certificate: SpectralCertificate
  /// How the number of segments was chosen; `nil` if it was given.
  public let suggestion: SegmentSuggestion?
  /// Width of the affinity, in the units of the features (of 1 − cos for the cosine); 1 for an affinity of your own, which has
  /// none.
  public let sigma: Double
  /// What the affinity of two nodes is made of.
  public let kernel: AffinityKernel
  /// What σ is in the derivative.
  public let widthRule: WidthRule
  /// How the affinity is held.
  public let regime: AffinityRegime
  /// What was drawn, and how much it costs in exactness; `nil` unless a sample was asked for.
  public let sample: SampledCut?
  /// Precision of the affinity: float32 or float64.
  public let precision: DType
  public let warnings: [String]

  let pairs: LeadingEigenpairs
  let affinity: any Affinity

  /// - Parameters:
  ///   - features: [N, D], finite, float32 or float64.
  ///   - segments: K, from 1 to N, or a rule to choose it by.
  ///   - kernel: what the affinity of two nodes is made of (default: Gaussian).
  ///   - width: σ (default: the median of the non-zero pairwise distances).
  ///   - widthRule: what σ is in the derivative (default: a constant); only a median can move.
  ///   - precision: of the affinity, float32 or float64 (default: that of the features). Distances are taken from the features
  ///     as given, before they are rounded to it.
  ///   - memory: what a stored affinity may take (default: half of what is free). If N² numbers of the precision are more, the
  ///     affinity is made again, a tile at a time, whenever it is used. With a sample that of the M² numbers.
  ///   - sample: nodes whose cut is extended to all others, in O(N·M·(D + K)), with an error that is estimated (default: `nil`,
  ///     none: the cut is exact). A median σ is that of their distances.
  ///   - checkpoint: what passes over the affinity give is kept there, here and in gradients, and read if it is there already.
  ///   - onPass: told how far the passes over the affinity have come, here and in gradients; called on the caller's thread.
  /// - Throws: ``SpectralError``; ``SpectralError/degenerate(_:)`` where an eigenvalue of the sample is too close to zero for an
  ///   extension.
  public init(
    _ features: NDArray, segments: SegmentCount, kernel: AffinityKernel = .gaussian, width: AffinityWidth = .medianDistance,
    widthRule: WidthRule = .frozen, precision: DType? = nil, memory: MemoryBudget = .halfOfFree,
    sample: NodeSample? = nil, checkpoint: CutCheckpoint? = nil, onPass: (@Sendable (AffinityPass) -> Void)? = nil
  ) throws(SpectralError) {
    let precision = precision ?? features.dtype
    let n = features.rank > 0 ? features.shape[0] : 0
    let options = AffinityOptions(
      kernel: kernel, width: width, widthRule: widthRule,
      regime: AffinityRegime(nodes: sample?.count ?? n, precision: precision, memory: memory), sample: sample,
      progress: AffinityProgress(onPass), checkpoint: checkpoint)
    try self.init(features, segments: segments, precision: precision, options)
  }

  /// With K given, from 1 to N; everything else as where it may be chosen by a rule.
  public init(
    _ features: NDArray, segments: Int, kernel: AffinityKernel = .gaussian, width: AffinityWidth = .medianDistance,
    widthRule: WidthRule = .frozen, precision: DType? = nil, memory: MemoryBudget = .halfOfFree,
    sample: NodeSample? = nil, checkpoint: CutCheckpoint? = nil, onPass: (@Sendable (AffinityPass) -> Void)? = nil
  ) throws(SpectralError) {
    try self.init(
      features, segments: .fixed(segments), kernel: kernel, width: width, widthRule: widthRule, precision: precision,
      memory: memory, sample: sample, checkpoint: checkpoint, onPass: onPass)
  }

  init(_ features: NDArray, segments: SegmentCount, precision: DType, _ options: AffinityOptions) throws(SpectralError) {
    guard features.rank == 2, features.dtype.isFloating else {
      throw .invalidInput("expected features [nodes, channels] in float32 or float64, found \(Signature(features))")
    }
    let n = features.shape[0]
    guard n > 0, features.shape[1] > 0 else { throw .invalidInput("the features are empty: shape \(features.shape)") }
    switch segments {
    case .fixed(let count):
      guard (1...n).contains(count) else { throw .invalidInput("\(count) segments of \(n) nodes; expected from 1 to \(n)") }
    case .automatic(let largest):
      guard n > 2, largest >= 2 else {
        throw .invalidInput("found \(n) nodes and at most \(largest) segments to choose from; expected at least 3 and 2")
      }
    }
    guard precision.isFloating else { throw .invalidInput("the precision is \(precision); expected float32 or float64") }
    (kernel, widthRule, regime) = (options.kernel, options.widthRule, options.sample == nil ? options.regime : .nystrom)
    try options.sample?.check(nodes: n, segments: segments)
    try options.regime.checkMemory(
      nodes: n, channels: features.shape[1], precision: precision, sample: options.sample?.count)
    try options.beginCheckpoint(features, segments, precision)
    let solution =
      precision == .float32
      ? try CutSolution(Float.self, features, segments, options) : try CutSolution(Double.self, features, segments, options)
    (affinity, pairs, suggestion, sample) = (solution.affinity, solution.pairs, solution.suggestion, solution.sample)
    let segments = pairs.wanted
    (nodeCount, segmentCount, self.precision, sigma) = (n, segments, precision, affinity.sigma)
    eigenvalues = Array(pairs.values.prefix(segments))
    residuals = Array(pairs.residuals.prefix(segments))
    eigenvectors = pairs.vectors.selecting(columns: Array(0..<segments)).array
    gap = EigenGap(eigenvalues: Array(pairs.values.prefix(pairs.reliable)), count: segments)
    let rounding = affinity.rounding.normalized
    if let sample {
      certificate = SpectralCertificate(residuals: residuals, affinityError: rounding, sample: sample.nodes.count)
    } else {
      certificate = SpectralCertificate(pairs, affinityError: rounding)
    }
    let tolerance = affinity.gapTolerance
    let unit = eigenvalues.count { $0 > 1 - tolerance }
    let pieces =
      unit > 1
      ? [
        "eigenvalue 1 occurs \(unit) times: the nodes fall into groups without affinity to each other; a larger sigma joins them"
      ] : []
    warnings =
      affinity.warnings + pieces + gap.warnings(segments, tolerance: tolerance) + (sample?.error.warnings ?? [])
  }

  /// Without what a filter makes up for: only the assignment depends on a choice then. As many segments as nodes it does not.
  var warningsBesideGap: [String] {
    guard let width = gap.width else { return warnings }
    let own = gap.warnings(segmentCount, tolerance: affinity.gapTolerance)
    let isClosed = width <= affinity.gapTolerance
    return warnings.filter { !own.contains($0) }
      + (isClosed
        ? ["there is no gap after eigenvalue \(segmentCount): the assignment, not the filtered scores, depends on a choice"] : [])
  }

  /// The top eigenvectors as a mutable matrix.
  var leading: Matrix<Double> { pairs.vectors.selecting(columns: Array(0..<segmentCount)) }
}

extension SegmentCount {
  fileprivate var given: Int {
    switch self {
    case .fixed(let count), .automatic(let count): count
    }
  }
}

/// What a cut consists of, with the precision of its affinity forgotten.
private struct CutSolution {
  let affinity: any Affinity
  let pairs: LeadingEigenpairs
  let suggestion: SegmentSuggestion?
  let sample: SampledCut?

  init<T: SpectralScalar>(
    _: T.Type, _ features: NDArray, _ segments: SegmentCount, _ options: AffinityOptions
  ) throws(SpectralError) {
    guard let drawn = options.sample else {
      let affinity = try NormalizedAffinity<T>(features, options)
      suggestion = try affinity.suggestion(segments)
      pairs = try affinity.leadingEigenpairs(suggestion?.segments ?? segments.given)
      (self.affinity, sample) = (affinity, nil)
      return
    }
    // Before the sample, so that a message names the node of all.
    let all = try finiteFeatures(features)
    let nodes = drawn.drawn(of: all.rows)
    let own = Matrix<Double>(uninitialized: nodes.count, all.columns)
    for (index, node) in nodes.enumerated() { own.row(index).update(from: all.row(node), count: all.columns) }
    let affinity = try NormalizedAffinity<T>(own.array, options)
    suggestion = try affinity.suggestion(segments)
    let extended = try NystromExtension(all, affinity, nodes: nodes, count: suggestion?.segments ?? segments.given)
    sample = SampledCut(
      nodes: nodes, seed: drawn.seed, error: try extended.subspaceError(drawn),
      unreached: extended.degrees.count { $0 == 0 })
    (self.affinity, pairs) = (extended, extended.pairs)
  }
}

extension NormalizedAffinity {
  /// Among the eigenvalues of one segment more than the largest number considered.
  fileprivate func suggestion(_ segments: SegmentCount) throws(SpectralError) -> SegmentSuggestion? {
    guard case .automatic(let largest) = segments else { return nil }
    let last = min(largest, degrees.count - 1)
    return SegmentSuggestion(eigenvalues: try leadingEigenpairs(last + 1).values, range: 2...last)
  }
}

extension EigenGap {
  func warnings(_ segments: Int, tolerance: Double) -> [String] {
    guard let width, let next else {
      return ["there are as many segments as nodes (\(segments)), so nothing holds a segment together"]
    }
    if width <= tolerance {
      return [
        "there is no gap after eigenvalue \(segments) (\(last) and \(next)): the segments, and gradients through them, depend on "
          + "an arbitrary choice; ask for another number of segments"
      ]
    }
    if width < 1e-3 {
      return ["the gap after eigenvalue \(segments) is small (\(width)): gradients are large and sensitive there"]
    }
    return []
  }
}

/// The affinity with its precision forgotten.
protocol Affinity: Sendable {
  var channelCount: Int { get }
  var sigma: Double { get }
  var degrees: [Double] { get }
  var warnings: [String] { get }
  var gapTolerance: Double { get }
  var rounding: AffinityRounding { get }
  var checkpoint: CutCheckpoint? { get }
  /// The leading eigenvectors at other points, and Σ_j w(x, x_j) over the nodes, or over those of the sample.
  func extending(
    _ pairs: LeadingEigenpairs, to features: Matrix<Double>
  ) throws(SpectralError) -> (vectors: Matrix<Double>, degrees: [Double])
  /// The feature cotangents for several cotangents of the leading eigenpairs; each gives the rows that are asked of it.
  ///
  /// - Parameter beyond: above the spectrum beyond the wanted eigenvalues, if accuracies are to be measured.
  func pullback(
    _ pairs: LeadingEigenpairs, rows: [[Int]], closedGap: ClosedGapRule, withWidths: Bool, beyond: Double?,
    cotangent: (Int) -> EigenpairCotangent
  ) throws(SpectralError) -> FeaturePullback
}

/// Feature cotangents and how accurate the solves behind them are.
struct FeaturePullback: Sendable {
  /// [N, D]
  let features: Matrix<Double>
  /// Largest relative residual of the solves of each cotangent.
  let residuals: [Double]
  /// Largest share of a right-hand side along directions in which λ_K = λ_{K+1}; only with ``ClosedGapRule/leaveOut``.
  let leftOut: Double
  /// ∂ℓ/∂σ of each cotangent; `nil` for an affinity of someone else's, and where neither asked for nor needed.
  let widths: [Double]?
  /// How accurate each cotangent of A is, if that was asked for.
  let accuracies: [CotangentAccuracy]
  /// See ``ExactReference/vectorResidual(_:_:)`` and ``RowSample/largestScaleError``.
  let vectorResidual: Double?
  let scaleError: Double
}

/// The affinity of all nodes, which those of a sample are not.
protocol CompleteAffinity: Affinity {
  func leadingEigenpairs(_ count: Int) throws(SpectralError) -> LeadingEigenpairs
  /// a(x, ·)·V and Σ_j w(x, x_j) of other points.
  func towardsNodes(
    _ features: Matrix<Double>, _ vectors: Matrix<Double>
  ) throws(SpectralError) -> (image: Matrix<Double>, degrees: [Double])
}

extension NormalizedAffinity: CompleteAffinity {
  var gapTolerance: Double { T.gapTolerance }

  func extending(
    _ pairs: LeadingEigenpairs, to features: Matrix<Double>
  ) throws(SpectralError) -> (vectors: Matrix<Double>, degrees: [Double]) {
    try extending(pairs, to: AffinityPoints(features, beside: self))
  }

  func pullback(
    _ pairs: LeadingEigenpairs, rows: [[Int]], closedGap: ClosedGapRule, withWidths: Bool, beyond: Double?,
    cotangent: (Int) -> EigenpairCotangent
  ) throws(SpectralError) -> FeaturePullback {
    let solver = ShiftedSolve(self, pairs)
    let leading = pairs.vectors.selecting(columns: Array(0..<pairs.wanted))
    let features = Matrix<Double>(nodeCount, channelCount)
    // A pass over all weights of its own.
    let needsWidths = profile != nil && (withWidths || !medianPairs.isEmpty)
    var (residuals, leftOut, widths) = ([Double](), 0.0, needsWidths ? [Double]() : nil)
    var accuracies: [CotangentAccuracy] = []
    let measures = beyond.map { ExactReference(sample: RowSample(self, segments: rows), beyond: $0) }
    let (spreads, weightErrors) = (measures?.sample.spreads(), measures?.sample.weightErrors())
    let reach = measures.flatMap { _ in coordinateReach() } ?? []
    // In one block solve, unless its N·K numbers for each cotangent would fill the memory: K cotangents have N·K². Where
    // memory is short, as many columns as make it no larger than the Krylov basis was.
    let size = regime == .stored ? solveSize : min(solveSize, solveColumns * nodeCount)
    let block = max(1, size / (nodeCount * pairs.wanted))
    for first in stride(from: 0, to: rows.count, by: block) {
      let last = min(rows.count, first + block)
      let solved = try solver.pullback(
        last - first, closedGap: closedGap, reference: measures, cotangent: { cotangent(first + $0) })
      keepFeatureCotangent(solved.cotangents, leading: leading, rows: Array(rows[first..<last]), into: features)
      if needsWidths, let found = widthCotangents(solved.cotangents, leading: leading) {
        for (index, width) in found.enumerated() { addMedianCotangent(width, nodes: rows[first + index], into: features) }
        widths?.append(contentsOf: found)
      }
      for (index, accuracy) in (solved.accuracies ?? []).enumerated() {
        let (segment, nodes) = (first + index, rows[first + index])
        accuracies.append(
          CotangentAccuracy(
            solve: accuracy, factor: RowReach(solved.cotangents[index].factor, degrees: degrees, segment: nodes),
            spread: featureCotangents(spreads?[segment] ?? [], nodes), reach: featureCotangents(reach, nodes),
            weightError: weightErrors?[segment]))
      }
      residuals += solved.residuals
      leftOut = max(leftOut, solved.leftOut)
    }
    return FeaturePullback(
      features: features, residuals: residuals, leftOut: leftOut, widths: widths, accuracies: accuracies,
      vectorResidual: measures.map { $0.vectorResidual(pairs, leading) }, scaleError: measures?.sample.largestScaleError ?? 0)
  }
}

/// Numbers in the right-hand sides of one block solve, of which a handful of copies are held: some hundred megabytes each.
private let solveSize = 1 << 25

/// Columns of one block solve without a stored affinity.
private let solveColumns = 200
