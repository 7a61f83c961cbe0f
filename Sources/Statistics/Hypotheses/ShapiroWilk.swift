import Foundation

/// The Shapiro–Wilk test of normality.
///
/// Royston (1995), "Remark AS R94: A remark on algorithm AS 181", Applied Statistics 44, 547–551; for three values the exact
/// distribution. Made for 3 to 5,000 values; beyond them W stands and the p-value is an extrapolation.
public struct ShapiroWilk: Sendable, Equatable {
  /// W, at most 1; small values speak against normality.
  public let statistic: Double
  public let pValue: Double

  /// The largest sample for which the p-value was calibrated.
  public static let calibratedCount = 5000

  /// - Throws: ``StatisticsError`` for fewer than three values, a constant sample, NaN or infinity.
  public init(_ sample: [Double]) throws(StatisticsError) {
    try requireCount(sample, 3, "Shapiro–Wilk")
    try requireFinite(sample, "Shapiro–Wilk")
    let sorted = sample.sorted()
    let n = sorted.count
    let range = sorted[n - 1] - sorted[0]
    if !(range > 0) { throw .constant("Shapiro–Wilk") }
    // Relative to the median, as SciPy does, so that a far offset does not cancel.
    let x = sorted.map { ($0 - sorted[n / 2]) / range }
    let complement = Self.complement(of: x, weights: Self.weights(n))
    statistic = 1 - complement
    pValue = Self.pValue(complement: complement, count: n)
  }

  /// The coefficients a₁ … a_{⌊n/2⌋} of the largest order statistics, the largest first.
  private static func weights(_ n: Int) -> [Double] {
    if n == 3 { return [(0.5).squareRoot()] }
    let half = n / 2
    let m = (1...half).map { StandardNormal.quantile((Double($0) - 0.375) / (Double(n) + 0.25)) }
    let sum = 2 * m.reduce(0) { $0 + $1 * $1 }
    let u = 1 / Double(n).squareRoot()
    let first = polynomial([0, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056], u) - m[0] / sum.squareRoot()
    if n <= 5 {
      let factor = ((sum - 2 * m[0] * m[0]) / (1 - 2 * first * first)).squareRoot()
      return [first] + m.dropFirst().map { -$0 / factor }
    }
    let second = polynomial([0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633], u) - m[1] / sum.squareRoot()
    let rest = sum - 2 * m[0] * m[0] - 2 * m[1] * m[1]
    let factor = (rest / (1 - 2 * first * first - 2 * second * second)).squareRoot()
    return [first, second] + m.dropFirst(2).map { -$0 / factor }
  }

  /// 1 − W, from the squared correlation of the sorted sample with the coefficients.
  private static func complement(of x: [Double], weights: [Double]) -> Double {
    let n = x.count
    let mean = x.reduce(0, +) / Double(n)
    var (weightSquares, squares, products) = (0.0, 0.0, 0.0)
    for index in 0..<n {
      let mirrored = n - 1 - index
      let weight = index == mirrored ? 0 : index < mirrored ? -weights[index] : weights[mirrored]
      let deviation = x[index] - mean
      weightSquares += weight * weight
      squares += deviation * deviation
      products += weight * deviation
    }
    let scale = (weightSquares * squares).squareRoot()
    // Rounding may leave a perfect correlation just above 1.
    return max(0, (scale - products) * (scale + products) / (weightSquares * squares))
  }

  private static func pValue(complement: Double, count n: Int) -> Double {
    if n == 3 { return max(0, 1 - 6 / .pi * acos(min(1, (1 - complement).squareRoot()))) }
    if complement <= 0 { return 1 }
    var y = log(complement)
    let (size, logarithm) = (Double(n), log(Double(n)))
    let (mean, deviation): (Double, Double)
    if n <= 11 {
      let gamma = polynomial([-2.273, 0.459], size)
      if y >= gamma { return 1e-99 }
      y = -log(gamma - y)
      mean = polynomial([0.5440, -0.39978, 0.025054, -6.714e-4], size)
      deviation = exp(polynomial([1.3822, -0.77857, 0.062767, -0.0020322], size))
    } else {
      mean = polynomial([-1.5861, -0.31082, -0.083751, 0.0038915], logarithm)
      deviation = exp(polynomial([-0.4803, -0.082676, 0.0030302], logarithm))
    }
    return StandardNormal.upperTail((y - mean) / deviation)
  }
}
