import Foundation

/// How closely two lists of numbers agree, from −1 to 1, with a two-sided p-value for no agreement.
public struct Correlation: Sendable, Equatable {
  public let coefficient: Double
  /// `nil` where there are too few values for one.
  public let pValue: Double?

  /// Pearson's product-moment correlation; the p-value by Student's t with n − 2 degrees of freedom.
  ///
  /// - Throws: ``StatisticsError`` for lists of different lengths or fewer than two values, a constant list, NaN or infinity.
  public static func pearson(_ a: [Double], _ b: [Double]) throws(StatisticsError) -> Correlation {
    try check(a, b, "Pearson correlation")
    let (x, y) = (Moments(finite: a), Moments(finite: b))
    if !(x.squaredDeviations > 0 && y.squaredDeviations > 0) { throw .constant("Pearson correlation") }
    let products = zip(a, b).reduce(0) { $0 + ($1.0 - x.mean) * ($1.1 - y.mean) }
    // One root rounds less than two, so that a straight line gives exactly 1; two do not overflow.
    let square = x.squaredDeviations * y.squaredDeviations
    let scale =
      square.isNormal ? square.squareRoot() : x.squaredDeviations.squareRoot() * y.squaredDeviations.squareRoot()
    let r = max(-1, min(1, products / scale))
    return Correlation(coefficient: r, pValue: pValue(r, a.count))
  }

  /// Spearman's ρ (1904): Pearson's correlation of the ranks, equal values sharing theirs.
  ///
  /// - Throws: as ``pearson(_:_:)``.
  public static func spearman(_ a: [Double], _ b: [Double]) throws(StatisticsError) -> Correlation {
    try check(a, b, "Spearman correlation")
    do {
      return try pearson(Ranks(finite: a).values, Ranks(finite: b).values)
    } catch {
      throw .constant("Spearman correlation")
    }
  }

  static func check(_ a: [Double], _ b: [Double], _ what: String) throws(StatisticsError) {
    if a.count != b.count { throw .invalidInput("\(what): found \(a.count) and \(b.count) values, expected as many") }
    try requireCount(a, 2, what)
    for list in [a, b] { try requireFinite(list, what) }
  }

  private static func pValue(_ r: Double, _ count: Int) -> Double? {
    let degrees = Double(count - 2)
    if degrees <= 0 { return nil }
    let t = r * (degrees / max(0, (1 - r) * (1 + r))).squareRoot()
    return StudentT(degreesOfFreedom: degrees).twoSided(t)
  }
}
