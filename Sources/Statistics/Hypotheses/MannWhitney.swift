/// The Mann–Whitney U test: whether values of one sample tend to be larger than those of another.
///
/// Mann & Whitney (1947). The p-value follows SciPy's rule `auto`: exact where one of the samples has at most eight values and
/// no two values are equal, else the normal approximation with corrections for ties and continuity.
public struct MannWhitney: Sendable, Equatable {
  public enum Method: String, Sendable { case exact, asymptotic }

  /// U of the first sample: pairs in which its value is larger, equal ones counting half.
  public let statistic: Double
  /// Two-sided.
  public let pValue: Double
  public let method: Method
  /// 2U/(n₁n₂) − 1: from −1, where all values of the first sample are smaller, to 1, where all are larger (Kerby 2014).
  public let rankBiserial: Double

  /// - Throws: ``StatisticsError`` for an empty sample, NaN or infinity.
  public init(_ a: [Double], _ b: [Double]) throws(StatisticsError) {
    for sample in [a, b] {
      try requireCount(sample, 1, "Mann–Whitney U")
      try requireFinite(sample, "Mann–Whitney U")
    }
    let ranks = Ranks(finite: a + b)
    let (m, n) = (Double(a.count), Double(b.count))
    statistic = ranks.values[..<a.count].reduce(0, +) - m * (m + 1) / 2
    rankBiserial = 2 * statistic / (m * n) - 1
    let larger = max(statistic, m * n - statistic)
    if min(a.count, b.count) <= 8 && ranks.ties.isEmpty {
      method = .exact
      // By symmetry, P(U ≥ larger) = P(U ≤ mn − larger).
      let tail = Self.lowerTail(Int(m * n - larger), min(a.count, b.count), max(a.count, b.count))
      pValue = min(1, 2 * tail)
    } else {
      method = .asymptotic
      let total = m + n
      let ties = ranks.ties.reduce(0.0) { $0 + Double($1) * (Double($1) * Double($1) - 1) }
      let variance = m * n / 12 * (total + 1 - ties / (total * (total - 1)))
      // Where all values are equal nothing speaks against equality.
      let z = variance > 0 ? (larger - m * n / 2 - 0.5) / variance.squareRoot() : -.infinity
      pValue = min(1, 2 * StandardNormal.upperTail(z))
    }
  }

  /// P(U ≤ u) for u up to the middle, from the Gaussian binomial coefficient ∏ (1 − q^{n+i}) / (1 − q^i).
  ///
  /// A factor at a time, so that after each the numbers are counts again; below the middle they grow, so that the
  /// differences do not cancel.
  private static func lowerTail(_ u: Int, _ m: Int, _ n: Int) -> Double {
    var counts = [Double](repeating: 0, count: u + 1)
    counts[0] = 1
    var subsets = 1.0
    for i in 1...m {
      if n + i <= u {
        for degree in stride(from: u, through: n + i, by: -1) { counts[degree] -= counts[degree - n - i] }
      }
      if i <= u { for degree in i...u { counts[degree] += counts[degree - i] } }
      subsets *= Double(n + i) / Double(i)
    }
    return counts.reduce(0, +) / subsets
  }
}
