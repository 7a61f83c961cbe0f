@_exported import SpectralClustering

/// Which channels made what belongs to a prompt: a biased normalised cut, and the gradient of the foreground's mean score with
/// respect to the features, aggregated over the foreground's own nodes.
///
/// Exact, as ``ChannelTrace`` is; ``heldFixed`` lists what the derivative treats as constant.
public struct PromptTrace: Sendable {
  /// The foreground and the scores of all channels for it.
  public struct Region: Sendable {
    /// Its nodes, ascending.
    public let nodes: [Int]
    /// Mean score over the nodes; 0 if there are none.
    public let objective: Double
    /// One for each channel, by index; what a mean or a spread is compared with is the background.
    public let channels: [ChannelScores]
    /// Channel indices, most important first: by descending ``ChannelTrace/Configuration/aggregation``.
    public let ranking: [Int]
    /// Largest relative residual of the linear solves behind the gradient.
    public let solveResidual: Double
    /// ∂objective/∂σ; `nil` where σ is held fixed.
    public let widthGradient: Double?

    /// Number of nodes.
    public var size: Int { nodes.count }
  }

  /// Shape of the features as given, channels last.
  public let shape: Shape
  public let configuration: ChannelTrace.Configuration
  /// One for each channel.
  public let channelNames: [String]
  /// The cut in two with the eigenvectors behind it.
  public let prompted: PromptedCut
  public let foreground: Region
  /// What the derivative holds constant.
  public let heldFixed: [String]
  /// [N, D] float64: ∂objective/∂x on the nodes of the foreground, zero elsewhere.
  public let gradients: NDArray
  /// What a reader of the result should know.
  public let warnings: [String]

  /// Why the scores of channels have no certificate; eigenvectors have theirs.
  public static let boundReason = "the scores of a prompted cut have no known bound"

  /// Eigenvalues, eigenvectors, their residuals and the gap after the last.
  public var cut: NormalizedCut { prompted.cut }
  /// The score of each node, −1 … 1, row-major over ``grid``.
  public var scores: [Double] { prompted.scores }
  /// Whether each node belongs to the foreground.
  public var mask: [Bool] { prompted.scores.map { $0 > prompted.threshold } }
  /// The shape without its channels.
  public var grid: Shape { Shape(Array(shape.dropLast())) }

  /// What a trace is doing, for progress lines.
  public enum Stage: String, Sendable, CaseIterable {
    case eigenvectors = "affinity and eigenvectors"
    case gradients = "gradient of the foreground"
  }

  /// - Parameters:
  ///   - features: [nodes, D], [H, W, D] or [B, H, W, D] (one cut over all pictures), finite.
  ///   - prompts: nodes, as flat indices.
  ///   - threshold: the score above which a node is foreground, −1 … 1 (default: the one that parts the scores best).
  ///   - channelNames: one for each channel; `nil` numbers them.
  ///   - configuration: its number of segments is that of the eigenvectors that the prompts see; the rotation has no meaning
  ///     here.
  ///   - checkpoint: what passes over the affinity give is kept there, and read if it is there already.
  ///   - onStage: called as each stage begins.
  ///   - onPass: told how far the passes over the affinity have come, on the caller's thread.
  /// - Throws: `SpectralError`: unusable features, prompts or configuration, an eigenproblem that does not converge, prompts that
  ///   the eigenvectors do not tell from the rest.
  public init(
    _ features: NDArray, prompts: CutPrompts, threshold: Double? = nil, channelNames: [String]? = nil,
    configuration: ChannelTrace.Configuration, checkpoint: CutCheckpoint? = nil,
    onStage: (Stage) -> Void = { _ in }, onPass: (@Sendable (AffinityPass) -> Void)? = nil
  ) throws(SpectralError) {
    let (flat, names) = try ChannelTrace.nodes(of: features, channelNames, configuration)
    onStage(.eigenvectors)
    let cut = try ChannelTrace.cut(flat, configuration, checkpoint: checkpoint, onPass: onPass)
    prompted = try PromptedCut(cut, prompts: prompts, threshold: threshold)
    onStage(.gradients)
    let result = try prompted.gradient(withWidths: configuration.widthRule == .moving)

    let double = flat.converted(to: .float64)
    let background = prompted.scores.indices.filter { [prompted] in !(prompted.scores[$0] > prompted.threshold) }
    let moments = ChannelMoments(features: double, segments: [prompted.foreground, background])
    let scores = channelScores(gradients: result.values, features: double, segment: 0, moments: moments, names: names)
    foreground = Region(
      nodes: prompted.foreground, objective: prompted.objective, channels: scores,
      ranking: rankedChannels(scores, by: configuration.aggregation), solveResidual: result.residual,
      widthGradient: configuration.widthRule == .moving ? result.widthGradient : nil)
    (shape, self.configuration, self.channelNames, gradients) = (features.shape, configuration, names, result.values)
    heldFixed = configuration.heldFixed.filter { $0 == "sigma" } + ["foreground"]
    warnings =
      prompted.warnings + result.warnings
      + [cut.certificate.reason.map { "there is no bound on the eigenvectors: \($0)" }].compactMap { $0 }
  }
}
