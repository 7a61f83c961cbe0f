import Networks
import Statistics

/// Scores of channels under a name, with what resampled cells gave if they come from cells.
public struct ChannelScoreList: Sendable {
  public let name: String
  public let values: [Double]
  /// [draws, channels].
  public let replicates: NDArray?

  public init(_ name: String, _ values: [Double], replicates: NDArray? = nil) {
    (self.name, self.values, self.replicates) = (name, values, replicates)
  }
}

/// How far two scores rank the same channels alike.
public struct RankAgreement: Sendable {
  /// A coefficient and its interval over resampled cells; each `nil` where it is not defined.
  public struct Coefficient: Sendable {
    public let value: Double?
    public let interval: Interval?
  }

  public let first: String
  public let second: String
  public let spearman: Coefficient
  public let kendall: Coefficient
  /// The share of the first `k` channels that both have in common.
  public let topOverlap: Coefficient
  public let k: Int

  /// - Parameters:
  ///   - a: scores, whose draws are those of `b` where both have them: then cells are paired.
  ///   - b: scores of the same channels.
  ///   - k: channels that count as top. Default: 5, or all if there are fewer.
  ///   - level: of the intervals. Default: 0.95.
  public init(_ a: ChannelScoreList, _ b: ChannelScoreList, k: Int = 5, level: Double = 0.95) {
    (first, second) = (a.name, b.name)
    let k = min(k, min(a.values.count, b.values.count))
    self.k = k
    let draws = min(a.replicates?.shape[0] ?? .max, b.replicates?.shape[0] ?? .max)
    let pairs = draws == .max ? [] : (0..<draws).map { (Self.row(a, $0), Self.row(b, $0)) }
    func coefficient(_ measure: @Sendable ([Double], [Double]) -> Double?) -> Coefficient {
      let found = pairs.compactMap { measure($0.0, $0.1) }
      // Where a coefficient is not defined for some draws, the others would give too narrow an interval.
      let isWhole = found.count == pairs.count && !pairs.isEmpty
      let ends = try? quantiles(isWhole ? found : [], [(1 - level) / 2, (1 + level) / 2])
      return Coefficient(
        value: measure(a.values, b.values), interval: ends.map { Interval(lower: $0[0], upper: $0[1]) })
    }
    spearman = coefficient { try? Correlation.spearman($0, $1).coefficient }
    kendall = coefficient { try? Correlation.kendall($0, $1).coefficient }
    topOverlap = coefficient { try? Statistics.topOverlap(descendingOrder($0), descendingOrder($1), k: k) }
  }

  private static func row(_ list: ChannelScoreList, _ draw: Int) -> [Double] {
    guard let replicates = list.replicates else { return list.values }
    let width = replicates.shape[1]
    return replicates.withUnsafeBufferPointer(as: Double.self) { Array($0[draw * width..<(draw + 1) * width]) }
  }
}
