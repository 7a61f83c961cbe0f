/// Which channels made each segment of a normalised cut: the gradient of every segment's objective with respect to the
/// features, aggregated over the segment's own nodes.
///
/// Exact: no truncation of the derivative, and no sampling unless ``Configuration/sample`` asks for it. The objective of segment k
/// is the mean of |score_ik| over its nodes; ``heldFixed`` lists what the derivative treats as constant. Residuals say how exact.
public struct ChannelTrace: Sendable {
  /// What is traced, and how. All but the number of segments has a default.
  public struct Configuration: Sendable {
    /// K, at least 2, or a rule to choose it by.
    public var segments: SegmentCount
    /// What the affinity of two nodes is made of. Default: Gaussian.
    public var kernel: AffinityKernel
    /// σ of the affinity, in the units of the features. Default: the median of the non-zero pairwise distances.
    public var width: AffinityWidth
    /// Whether a median σ moves with the features or is a constant (default).
    public var widthRule: WidthRule
    /// Whether the rotation from eigenvectors to segments moves with them (default) or is a constant.
    public var rotation: RotationRule
    /// How wide the step of a spectral filter is, for features without a gap at K. Default: no filter.
    public var filter: FilterWidth?
    /// What ``Segment/ranking`` sorts by. Default: ``ChannelAggregation/distinctiveness``.
    public var aggregation: ChannelAggregation
    /// Precision of the affinity: float32 (default) or float64.
    public var precision: DType
    /// What a stored affinity may take; beyond, it is made again a tile at a time. Default: half of what is free when the
    /// trace begins (`nil`).
    public var memory: MemoryBudget?
    /// Nodes whose cut is extended to all others, with an error that is estimated. Default: `nil`, none, an exact cut.
    public var sample: NodeSample?

    public init(
      segments: SegmentCount, kernel: AffinityKernel = .gaussian, width: AffinityWidth = .medianDistance,
      widthRule: WidthRule = .frozen, rotation: RotationRule = .procrustes,
      filter: FilterWidth? = nil, aggregation: ChannelAggregation = .distinctiveness, precision: DType = .float32,
      memory: MemoryBudget? = nil, sample: NodeSample? = nil
    ) {
      self.segments = segments
      self.kernel = kernel
      self.width = width
      self.widthRule = widthRule
      self.rotation = rotation
      self.filter = filter
      self.aggregation = aggregation
      self.precision = precision
      self.memory = memory
      self.sample = sample
    }

    /// With the number of segments given.
    public init(
      segments: Int, kernel: AffinityKernel = .gaussian, width: AffinityWidth = .medianDistance,
      widthRule: WidthRule = .frozen, rotation: RotationRule = .procrustes,
      filter: FilterWidth? = nil, aggregation: ChannelAggregation = .distinctiveness, precision: DType = .float32,
      memory: MemoryBudget? = nil, sample: NodeSample? = nil
    ) {
      self.init(
        segments: .fixed(segments), kernel: kernel, width: width, widthRule: widthRule, rotation: rotation,
        filter: filter, aggregation: aggregation, precision: precision, memory: memory, sample: sample)
    }
  }

  /// One segment and the scores of all channels for it.
  public struct Segment: Sendable {
    /// 0 … K−1, by first pixel; an empty segment keeps its id.
    public let id: Int
    /// Its nodes, ascending.
    public let nodes: [Int]
    /// Mean |score| over the nodes.
    public let objective: Double
    /// One for each channel, by index.
    public let channels: [ChannelScores]
    /// Channel indices, most important first: by descending ``Configuration/aggregation``, equal ones by index.
    public let ranking: [Int]
    /// Largest relative residual of the linear solves behind the gradient.
    public let solveResidual: Double
    /// ∂objective/∂σ; `nil` where σ is held fixed.
    public let widthGradient: Double?

    /// Number of nodes.
    public var size: Int { nodes.count }
    /// Smallest flat index; `nil` if the segment is empty.
    public var firstPixel: Int? { nodes.first }
  }

  /// Shape of the features as given, channels last.
  public let shape: Shape
  public let configuration: Configuration
  /// One for each channel.
  public let channelNames: [String]
  /// The segments with the rotation and the eigenvectors behind them.
  public let partition: KWayCut
  /// The segment of each node, row-major over ``grid``.
  public let assignment: [Int]
  /// K of them, by id.
  public let segments: [Segment]
  /// What the derivative holds constant.
  public let heldFixed: [String]
  /// [N, D] float64: the gradient of each node's own segment's objective with respect to the node's features.
  public let gradients: NDArray
  /// What the segments are in each picture of a batch that was cut as a whole; empty if there is but one picture.
  public let pictures: [Picture]
  /// How far eigenvectors and scores can be from the exact ones.
  public let certificate: Certificate
  /// What a reader of the result should know: small or closed gaps, empty segments, solves that stopped early.
  public let warnings: [String]

  /// Eigenvalues, eigenvectors, their residuals and the gap after the last.
  public var cut: NormalizedCut { partition.cut }

  /// The shape without its channels.
  public var grid: Shape { Shape(Array(shape.dropLast())) }

  /// What a trace is doing, for progress lines.
  public enum Stage: String, Sendable, CaseIterable {
    case eigenvectors = "affinity and eigenvectors"
    case rotation = "segments"
    case gradients = "gradients of all segments"
  }

  /// Cuts the features into segments and differentiates the objective of each.
  ///
  /// - Parameters:
  ///   - features: [nodes, D], [H, W, D] or [B, H, W, D] (one cut over all pictures), finite.
  ///   - channelNames: one for each channel; `nil` numbers them.
  ///   - configuration: the number of segments, and how they are cut, differentiated and ranked.
  ///   - checkpoint: keeps what passes over the affinity give, and has what those of an interrupted trace gave.
  ///   - onStage: called as each stage begins.
  ///   - onPass: told how far the passes over the affinity have come, on the caller's thread.
  /// - Throws: `SpectralError`: unusable features or configuration, an eigenproblem that does not converge, and with the
  ///   frozen rotation equal eigenvalues inside the top K.
  public init(
    _ features: NDArray, channelNames: [String]? = nil, configuration: Configuration,
    checkpoint: CutCheckpoint? = nil, onStage: (Stage) -> Void = { _ in }, onPass: (@Sendable (AffinityPass) -> Void)? = nil
  ) throws(SpectralError) {
    let (flat, names) = try Self.nodes(of: features, channelNames, configuration)
    onStage(.eigenvectors)
    let cut = try Self.cut(flat, configuration, checkpoint: checkpoint, onPass: onPass)
    onStage(.rotation)
    partition = try KWayCut(cut, rule: configuration.rotation, filter: configuration.filter)
    onStage(.gradients)
    let result = try partition.segmentGradients(withWidths: configuration.widthRule == .moving)

    // Not before: the solves need the memory.
    let double = flat.converted(to: .float64)
    let moments = ChannelMoments(features: double, segments: partition.segments)
    let objectives = partition.objectives
    segments = partition.segments.enumerated().map { id, members in
      let scores = channelScores(
        gradients: result.values, features: double, segment: id, moments: moments, names: names)
      return Segment(
        id: id, nodes: members, objective: objectives[id], channels: scores,
        ranking: rankedChannels(scores, by: configuration.aggregation), solveResidual: result.residuals[id],
        widthGradient: result.widthGradients?[id])
    }
    shape = features.shape
    self.configuration = configuration
    self.channelNames = names
    assignment = partition.assignment
    heldFixed = configuration.heldFixed
    pictures =
      features.rank == 4 && features.shape[0] > 1
      ? picturesOfABatch(
        PictureSource(features: double, gradients: result.values, scores: partition.scoreValues), count: features.shape[0],
        segments: partition.segments, names: names, aggregation: configuration.aggregation)
      : []
    gradients = result.values
    certificate = Certificate(
      result, scores: segments.map(\.channels), moments: moments, features: double)
    warnings = partition.warnings + result.warnings + certificate.warnings
  }
}

extension ChannelTrace {
  /// The features as [nodes, D] with the names of their channels, if all fits together.
  static func nodes(
    of features: NDArray, _ channelNames: [String]?, _ configuration: Configuration
  ) throws(SpectralError) -> (features: NDArray, names: [String]) {
    guard (2...4).contains(features.rank) else {
      throw .invalidInput(
        "found an array of shape \(features.shape); expected [nodes, channels], [height, width, channels] or "
          + "[pictures, height, width, channels]")
    }
    let channels = features.shape[features.rank - 1]
    let nodes = features.count / max(1, channels)
    let names = channelNames ?? (0..<channels).map { "channel \($0)" }
    guard names.count == channels else {
      throw .invalidInput("\(names.count) channel names for \(channels) channels")
    }
    if case .fixed(let count) = configuration.segments, !(2...max(2, nodes)).contains(count) || nodes < 2 {
      throw .invalidInput("\(count) segments of \(nodes) nodes; expected from 2 to \(nodes)")
    }
    return (features.reshaped(to: [nodes, channels]), names)
  }

  /// The cut that a configuration asks for.
  static func cut(
    _ features: NDArray, _ configuration: Configuration, checkpoint: CutCheckpoint?, onPass: (@Sendable (AffinityPass) -> Void)?
  ) throws(SpectralError) -> NormalizedCut {
    try NormalizedCut(
      features.dtype.isFloating ? features : features.converted(to: .float64), segments: configuration.segments,
      kernel: configuration.kernel, width: configuration.width, widthRule: configuration.widthRule,
      precision: configuration.precision, memory: configuration.memory ?? .halfOfFree, sample: configuration.sample,
      checkpoint: checkpoint, onPass: onPass)
  }
}

extension ChannelTrace.Configuration {
  var heldFixed: [String] {
    var hasWidth = true
    if case .custom = kernel { hasWidth = false }
    return (hasWidth && widthRule == .frozen ? ["sigma"] : []) + ["assignment"]
      + (filter != nil ? ["filter"] : rotation == .frozen ? ["rotation"] : [])
  }
}
