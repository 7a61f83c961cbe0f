import TensorCore

/// Statistics of samples drawn with replacement from the observations (Efron 1979), several at once: `replicates` holds one
/// row for each draw and one column for each statistic.
public struct Bootstrap: Sendable {
  /// [draws, statistics] float64.
  public let replicates: NDArray
  /// Of the observations themselves.
  public let observed: [Double]

  /// Any statistics of the observations, given by their indices.
  ///
  /// - Parameters:
  ///   - count: observations.
  ///   - draws: how many samples are drawn. Default: 1000.
  ///   - seed: of the draws. Draw d has a stream of its own, so that the result does not depend on threads.
  ///   - statistic: from indices of observations, with repetitions, to as many finite numbers each time.
  /// - Throws: ``StatisticsError`` without observations or draws, or where a statistic is not finite.
  public init(
    count: Int, draws: Int = 1000, seed: UInt64 = 0, statistic: @Sendable ([Int]) -> [Double]
  ) throws(StatisticsError) {
    try Self.check(count: count, draws: draws)
    let observed = statistic(Array(0..<count))
    try requireFinite(observed, "bootstrap")
    let width = observed.count
    replicates = NDArray.building([draws, width], as: Double.self) { output in
      output.initialize(repeating: 0)
      let target = UncheckedSendable(output)
      Parallel.forEach(draws) { draw in
        var random = RandomSource(seed: seed, stream: draw)
        let values = statistic((0..<count).map { _ in random.index(below: count) })
        for (column, value) in values.prefix(width).enumerated() { target.value[draw * width + column] = value }
      }
    }
    self.observed = observed
    try requireFinite(replicates.doubles, "bootstrap")
  }

  /// The means of the columns of a table.
  ///
  /// - Parameters:
  ///   - table: [observations, statistics], finite.
  ///   - draws: how many samples are drawn. Default: 1000.
  ///   - seed: of the draws. Two tables of as many observations get the same draws.
  ///   - strata: the group of each observation: every draw takes as many of each group as there are. Default: one group.
  /// - Throws: ``StatisticsError`` for a table of another shape, or without rows, or strata of another number.
  public init(
    meansOf table: NDArray, draws: Int = 1000, seed: UInt64 = 0, strata: [Int]? = nil
  ) throws(StatisticsError) {
    let table = try requireTable(table, "bootstrap")
    let (count, width) = (table.shape[0], table.shape[1])
    try Self.check(count: count, draws: draws)
    if let strata, strata.count != count {
      throw .invalidInput("bootstrap: found strata of \(strata.count) observations, expected \(count)")
    }
    let groups = Self.groups(strata ?? [Int](repeating: 0, count: count))
    // A draw is how often it took each observation; then all means are one product. Piece by piece: these tables grow large.
    let piece = max(1, min(draws, Self.weightLimit / count))
    replicates = NDArray.building([draws, width], as: Double.self) { output in
      for first in stride(from: 0, to: draws, by: piece) {
        let rows = min(piece, draws - first)
        let weights = Self.weights(groups, count: count, draws: first..<first + rows, seed: seed)
        let means = NDArray.matmul(weights, table, transposeA: false, transposeB: false)
        means.withUnsafeBufferPointer(as: Double.self) { values in
          for index in values.indices { output[first * width + index] = values[index] }
        }
      }
    }
    observed = table.columns.map { Moments(finite: $0).mean }
  }

  /// Numbers in memory at a time.
  private static let weightLimit = 8_000_000

  private static func weights(_ groups: [[Int]], count: Int, draws: Range<Int>, seed: UInt64) -> NDArray {
    NDArray.building([draws.count, count], as: Double.self) { output in
      output.initialize(repeating: 0)
      let target = UncheckedSendable(output)
      Parallel.forEach(draws.count) { row in
        var random = RandomSource(seed: seed, stream: draws.lowerBound + row)
        for group in groups {
          for _ in group { target.value[row * count + group[random.index(below: group.count)]] += 1 / Double(count) }
        }
      }
    }
  }

  /// The observations of each stratum, strata in ascending order.
  private static func groups(_ strata: [Int]) -> [[Int]] {
    let members = Dictionary(grouping: strata.indices) { strata[$0] }
    return members.keys.sorted().map { members[$0] ?? [] }
  }

  private static func check(count: Int, draws: Int) throws(StatisticsError) {
    if count < 1 { throw .tooFew(what: "bootstrap", found: count, needed: 1) }
    if draws < 2 { throw .invalidInput("bootstrap: found \(draws) draws, expected at least 2") }
  }

  /// The percentile interval of each statistic (Efron & Tibshirani 1993, §13.3).
  public func intervals(level: Double = 0.95) -> [Interval] { replicates.columns.map { Self.interval($0, level) } }

  /// The percentile interval of the rank of each statistic among all, 1 for the largest; equal ones share the mean of theirs.
  public func rankIntervals(level: Double = 0.95) -> [Interval] {
    let (draws, width) = (replicates.shape[0], replicates.shape[1])
    let values = replicates.doubles
    let ranks = (0..<draws).flatMap { draw in
      Ranks(finite: values[draw * width..<(draw + 1) * width].map { -$0 }).values
    }
    return NDArray(ranks, shape: [draws, width]).columns.map { Self.interval($0, level) }
  }

  /// The standard deviation of each statistic over the draws.
  public var standardErrors: [Double] { replicates.columns.map { Moments(finite: $0).standardDeviation } }

  private static func interval(_ values: [Double], _ level: Double) -> Interval {
    let sorted = values.sorted()
    return Interval(
      lower: quantile(ofSorted: sorted, (1 - level) / 2), upper: quantile(ofSorted: sorted, (1 + level) / 2))
  }
}
