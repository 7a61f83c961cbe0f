import Foundation

/// Whether two samples, or the differences of pairs, have the same mean.
public struct TTest: Sendable, Equatable {
  public let statistic: Double
  public let degreesOfFreedom: Double
  /// Two-sided.
  public let pValue: Double
  /// Of the difference of the means, first − second.
  public let difference: Double
  /// Of ``difference``.
  public let standardError: Double

  private init(difference: Double, standardError: Double, degreesOfFreedom: Double) {
    self.difference = difference
    self.standardError = standardError
    self.degreesOfFreedom = degreesOfFreedom
    statistic = difference / standardError
    pValue = StudentT(degreesOfFreedom: degreesOfFreedom).twoSided(statistic)
  }

  /// Variances may differ (Welch 1947; degrees of freedom after Satterthwaite 1946).
  ///
  /// - Throws: ``StatisticsError`` for samples of one value, NaN or infinity, and where both are constant.
  public static func welch(_ a: [Double], _ b: [Double]) throws(StatisticsError) -> TTest {
    let (x, y) = try moments(a, b, "Welch's t-test")
    let (u, v) = (x.variance / Double(x.count), y.variance / Double(y.count))
    if !(u + v > 0) { throw .constant("Welch's t-test") }
    let degrees = (u + v) * (u + v) / (u * u / Double(x.count - 1) + v * v / Double(y.count - 1))
    return TTest(difference: x.meanDifference(from: y), standardError: (u + v).squareRoot(), degreesOfFreedom: degrees)
  }

  /// One variance for both (Student 1908).
  ///
  /// - Throws: as ``welch(_:_:)``.
  public static func student(_ a: [Double], _ b: [Double]) throws(StatisticsError) -> TTest {
    let (x, y) = try moments(a, b, "Student's t-test")
    let degrees = Double(x.count + y.count - 2)
    let pooled = (x.squaredDeviations + y.squaredDeviations) / degrees
    if !(pooled > 0) { throw .constant("Student's t-test") }
    let error = (pooled * (1 / Double(x.count) + 1 / Double(y.count))).squareRoot()
    return TTest(difference: x.meanDifference(from: y), standardError: error, degreesOfFreedom: degrees)
  }

  /// The mean of differences of pairs against 0.
  ///
  /// - Throws: as ``welch(_:_:)``.
  public static func paired(_ differences: [Double]) throws(StatisticsError) -> TTest {
    try requireCount(differences, 2, "paired t-test")
    let moments = try Moments(differences)
    if !(moments.squaredDeviations > 0) { throw .constant("paired t-test") }
    return TTest(
      difference: moments.mean, standardError: (moments.variance / Double(moments.count)).squareRoot(),
      degreesOfFreedom: Double(moments.count - 1))
  }

  /// Where ``difference`` lies with the given confidence.
  public func interval(level: Double = 0.95) -> Interval {
    let half = StudentT(degreesOfFreedom: degreesOfFreedom).quantile(0.5 + level / 2) * standardError
    return Interval(lower: difference - half, upper: difference + half)
  }

  private static func moments(_ a: [Double], _ b: [Double], _ what: String) throws(StatisticsError) -> (Moments, Moments) {
    for sample in [a, b] { try requireCount(sample, 2, what) }
    return (try Moments(a), try Moments(b))
  }
}
