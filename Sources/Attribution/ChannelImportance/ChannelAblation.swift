import Networks
import Statistics

/// How far taking a channel away turns the embedding: 1 − cos of the angle between before and after, averaged over cells.
public struct ChannelAblation: Sendable {
  public let baseline: ChannelBaseline
  public let strategy: AblationStrategy
  /// [cells, channels] float64.
  public let perCell: NDArray
  /// For each channel the mean over cells.
  public let sensitivity: [Double]
  /// 1 for the most sensitive channel; equal ones in the order of channels.
  public let rank: [Int]
  /// Resampled cells; `nil` where none were asked for. Two ablations of the same cells and seed draw the same cells.
  public let bootstrap: Bootstrap?
  /// Of each sensitivity; empty without a bootstrap.
  public let intervals: [Interval]
  /// Of each rank; empty without a bootstrap.
  public let rankIntervals: [Interval]
  /// The sensitivity to each two channels taken away at once, [channels, channels]; for separable networks, where it is free.
  public let pairSensitivity: NDArray?
  /// Channels taken away at once, as asked for.
  public let groups: [[Int]]
  /// For each group the mean over cells.
  public let groupSensitivity: [Double]
  /// Of each group's sensitivity; empty without a bootstrap.
  public let groupIntervals: [Interval]

  init(
    _ baseline: ChannelBaseline, _ strategy: AblationStrategy, distances: NDArray, channels: Int, pairSensitivity: NDArray?,
    _ configuration: ChannelImportance.Configuration
  ) throws(StatisticsError) {
    groups = configuration.groups
    let columns = { (range: Range<Int>) in Tensor(distances).sliced(1, from: range.lowerBound, to: range.upperBound).value }
    let perCell = groups.isEmpty ? distances : columns(0..<channels)
    let ofGroups = groups.isEmpty ? nil : columns(channels..<distances.shape[1])
    var groupMeans: [Double] = []
    for column in ofGroups?.columns ?? [] { groupMeans.append(try Moments(column).mean) }
    groupSensitivity = groupMeans
    (self.baseline, self.strategy, self.perCell, self.pairSensitivity) = (baseline, strategy, perCell, pairSensitivity)
    var means: [Double] = []
    for column in perCell.columns { means.append(try Moments(column).mean) }
    sensitivity = means
    var rank = [Int](repeating: 0, count: means.count)
    for (place, channel) in descendingOrder(means).enumerated() { rank[channel] = place + 1 }
    self.rank = rank
    if configuration.draws > 0 {
      let bootstrap = try Bootstrap(
        meansOf: perCell, draws: configuration.draws, seed: configuration.seed, strata: configuration.strata)
      self.bootstrap = bootstrap
      intervals = bootstrap.intervals(level: configuration.level)
      rankIntervals = bootstrap.rankIntervals(level: configuration.level)
      groupIntervals =
        try ofGroups.map { (table) throws(StatisticsError) in
          try Bootstrap(meansOf: table, draws: configuration.draws, seed: configuration.seed, strata: configuration.strata)
        }?.intervals(level: configuration.level) ?? []
    } else {
      bootstrap = nil
      (intervals, rankIntervals, groupIntervals) = ([], [], [])
    }
  }

  /// Sensitivity to a pair beyond the sum of both, [channels, channels], 0 on the diagonal: positive where one channel stands in
  /// for the other.
  public var interaction: NDArray? {
    guard let pairs = pairSensitivity?.doubles else { return nil }
    let count = sensitivity.count
    return NDArray(
      pairs.indices.map { index in
        let (a, b) = (index / count, index % count)
        return a == b ? 0 : pairs[index] - sensitivity[a] - sensitivity[b]
      }, shape: [count, count])
  }

  /// Channels whose rank is at most `k` all over its interval, the most sensitive first.
  public func surelyTop(_ k: Int) -> [Int] {
    descendingOrder(sensitivity).filter { rankIntervals.indices.contains($0) && rankIntervals[$0].upper <= Double(k) }
  }
}
