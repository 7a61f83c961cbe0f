import Formats
import Networks
import Statistics

/// Which input channels a trained network uses: the weights of its first convolution, and how far its embedding of each cell
/// turns when a channel is taken away.
///
/// The ablations are exact whatever the ``ChannelAblation/strategy``; only the order of additions differs.
public struct ChannelImportance: Sendable {
  public struct Configuration: Sendable {
    /// What takes the place of a channel; one ablation for each.
    public var baselines: [ChannelBaseline]
    /// Whether the network's structure may be used; not ``asInSeed``. Default: yes.
    public var usesShortcuts: Bool
    /// Samples of cells drawn for intervals; 0 for none. Default: 1000.
    public var draws: Int
    /// Of the intervals. Default: 0.95.
    public var level: Double
    /// Of everything random. Default: 0.
    public var seed: UInt64
    /// The group of each cell: draws keep the number of cells of each. Default: one group.
    public var strata: [Int]?
    /// 1 − cos as the published notebook computes it: a pass for each channel, in the network's precision, where small
    /// sensitivities are lost. Default: no.
    public var asInSeed: Bool
    /// Channels that are, besides each by itself, taken away at once. Default: none.
    public var groups: [[Int]]

    public init(
      baselines: [ChannelBaseline] = [.zero], usesShortcuts: Bool = true, draws: Int = 1000, level: Double = 0.95,
      seed: UInt64 = 0, strata: [Int]? = nil, asInSeed: Bool = false, groups: [[Int]] = []
    ) {
      self.baselines = baselines
      self.usesShortcuts = usesShortcuts
      self.draws = draws
      self.level = level
      self.seed = seed
      self.strata = strata
      self.asInSeed = asInSeed
      self.groups = groups
    }
  }

  /// `nil` if the network does not begin with a convolution.
  public let weightNorm: ChannelWeightNorm?
  /// In the order of the baselines.
  public let ablations: [ChannelAblation]
  /// Of the unchanged cells, [cells, features], in the network's precision.
  public let embeddings: NDArray
  /// Of the channels, as the network reads them.
  public let statistics: ChannelStatistics
  public let warnings: [String]

  /// - Parameters:
  ///   - network: of one input [cells, channels, rows, columns], in the precision of the patches.
  ///   - source: the cells.
  ///   - configuration: what is computed.
  ///   - progress: what an earlier sweep of the same cells and configuration found before it stopped, from its first cell on.
  ///     Default: nothing.
  ///   - observe: called after each piece.
  /// - Throws: ``ChannelStudyError``.
  public init(
    _ network: Network, _ source: PatchSource, _ configuration: Configuration = Configuration(),
    resuming progress: [AblationProgress] = [], observing observe: AblationObserver = { _, _, _ in }
  ) throws(ChannelStudyError) {
    let plan: AblationPlan
    do throws(NetworkError) {
      let shape: Shape = [1, source.channels, source.size.height, source.size.width]
      plan = try AblationPlan(network, inputShape: shape, usesShortcuts: configuration.usesShortcuts && !configuration.asInSeed)
    } catch {
      throw .network(error)
    }
    for group in configuration.groups {
      guard !group.isEmpty, Set(group).count == group.count, group.allSatisfy({ 0..<source.channels ~= $0 }) else {
        throw .invalidInput("group: found the channels \(group), expected different ones from 0 to \(source.channels - 1)")
      }
    }
    let needsStatistics = ChannelSweep.needsStatistics(plan, configuration.baselines)
    let sweep = ChannelSweep(
      network: network, source: source, plan: plan, baselines: configuration.baselines,
      units: (0..<source.channels).map { [$0] } + configuration.groups,
      statistics: needsStatistics ? try ChannelStatistics(of: source) : nil, seed: configuration.seed,
      asInSeed: configuration.asInSeed)
    let outcome = try sweep.run(resuming: progress, observe)
    embeddings = outcome.embeddings
    let statistics = outcome.statistics
    self.statistics = statistics
    var ablations: [ChannelAblation] = []
    for (baseline, found) in zip(configuration.baselines, outcome.baselines) {
      do throws(StatisticsError) {
        ablations.append(
          try ChannelAblation(
            baseline, plan.strategy, distances: found.distances, channels: source.channels, pairSensitivity: found.pairs,
            configuration))
      } catch {
        throw .statistics(error)
      }
    }
    self.ablations = ablations
    var warnings: [String] = []
    if InputConvolution(network) == nil {
      weightNorm = nil
      warnings.append("weightNorm is null: the network's input is not read by a convolution alone")
    } else {
      weightNorm = try ChannelWeightNorm(network, standardDeviations: statistics.standardDeviation)
    }
    let constant = statistics.standardDeviation.indices.filter { statistics.standardDeviation[$0] == 0 }
    if !constant.isEmpty {
      warnings.append("channels \(constant.map(String.init).joined(separator: ", ")) are the same in every pixel")
    }
    if source.count == 1, configuration.baselines.contains(where: { !$0.isConstant }) {
      warnings.append("one cell alone has no other to take a channel from: its sensitivities are 0")
    }
    self.warnings = warnings
  }
}
