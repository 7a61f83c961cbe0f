import TensorCore

/// How often relabelling gives a difference of means as large as the one that was found.
public struct PermutationTest: Sendable, Equatable {
  /// Mean of the first sample − mean of the second, or the mean of the differences of pairs.
  public let statistic: Double
  /// Two-sided: twice the smaller tail, at most 1. With drawn relabellings each tail is (1 + hits) / (1 + draws), so that it
  /// is never 0 (Phipson & Smyth 2010).
  public let pValue: Double
  /// Whether all relabellings were visited.
  public let isExact: Bool
  /// How many relabellings were visited.
  public let relabellings: Int

  /// Whether two independent samples have the same mean.
  ///
  /// - Parameters:
  ///   - a: one sample.
  ///   - b: the other.
  ///   - draws: All relabellings are visited if there are no more than these.
  ///   - seed: of the draws.
  /// - Throws: ``StatisticsError`` for an empty sample, NaN or infinity.
  public init(_ a: [Double], _ b: [Double], draws: Int = 9999, seed: UInt64 = 0) throws(StatisticsError) {
    let (x, y) = (try Moments(a), try Moments(b))
    let pooled = a + b
    let (m, n) = (Double(a.count), Double(b.count))
    let total = pooled.reduce(0, +)
    func difference(_ sum: Double) -> Double { sum / m - (total - sum) / n }
    statistic = x.meanDifference(from: y)
    var tails = Tails(observed: statistic, scale: pooled.reduce(0) { max($0, abs($1)) })
    if let combinations = Self.combinations(pooled.count, a.count, limit: draws) {
      Self.forEachSubset(of: pooled, size: a.count) { tails.count(difference($0)) }
      (isExact, relabellings) = (true, combinations)
    } else {
      var random = RandomSource(seed: seed)
      var shuffled = pooled
      for _ in 0..<draws {
        var sum = 0.0
        for place in a.indices {
          shuffled.swapAt(place, place + random.index(below: shuffled.count - place))
          sum += shuffled[place]
        }
        tails.count(difference(sum))
      }
      (isExact, relabellings) = (false, draws)
    }
    pValue = tails.pValue(of: relabellings, isExact: isExact)
  }

  /// Whether the differences of pairs are symmetric about 0, by turning their signs.
  ///
  /// - Throws: ``StatisticsError`` for no differences, NaN or infinity.
  public init(paired differences: [Double], draws: Int = 9999, seed: UInt64 = 0) throws(StatisticsError) {
    let moments = try Moments(differences)
    let count = differences.count
    statistic = moments.mean
    var tails = Tails(observed: statistic, scale: differences.reduce(0) { max($0, abs($1)) })
    isExact = count < 31 && 1 << count <= draws
    relabellings = isExact ? 1 << count : draws
    var random = RandomSource(seed: seed)
    for relabelling in 0..<relabellings {
      var (sum, bits) = (0.0, UInt64(relabelling))
      for (index, difference) in differences.enumerated() {
        if !isExact && index % 64 == 0 { bits = random.next() }
        sum += bits & 1 == 0 ? difference : -difference
        bits >>= 1
      }
      tails.count(sum / Double(count))
    }
    pValue = tails.pValue(of: relabellings, isExact: isExact)
  }

  private struct Tails {
    let observed: Double
    /// What rounding may take from equal statistics.
    let tolerance: Double
    var (above, below) = (0, 0)

    init(observed: Double, scale: Double) {
      self.observed = observed
      tolerance = 1e-13 * scale
    }

    mutating func count(_ value: Double) {
      if value >= observed - tolerance { above += 1 }
      if value <= observed + tolerance { below += 1 }
    }

    func pValue(of relabellings: Int, isExact: Bool) -> Double {
      let added = isExact ? 0.0 : 1.0
      return min(1, 2 * (Double(min(above, below)) + added) / (Double(relabellings) + added))
    }
  }

  /// The number of subsets, unless there are more than `limit`.
  private static func combinations(_ n: Int, _ k: Int, limit: Int) -> Int? {
    var result = 1
    for i in 1...max(1, min(k, n - k)) {
      let (product, overflow) = result.multipliedReportingOverflow(by: n - min(k, n - k) + i)
      result = product / i
      if overflow || result > limit { return nil }
    }
    return result
  }

  /// Calls `body` with the sum of every subset of `size` values.
  private static func forEachSubset(of values: [Double], size: Int, _ body: (Double) -> Void) {
    var chosen = Array(0..<size)
    while true {
      body(chosen.reduce(0) { $0 + values[$1] })
      guard let place = chosen.indices.last(where: { chosen[$0] < values.count - size + $0 }) else { return }
      chosen[place] += 1
      for later in place + 1..<max(place + 1, size) { chosen[later] = chosen[later - 1] + 1 }
    }
  }
}
