import Foundation

/// Student's t distribution.
public struct StudentT: Sendable {
  /// Positive; need not be whole.
  public let degreesOfFreedom: Double

  public init(degreesOfFreedom: Double) { self.degreesOfFreedom = degreesOfFreedom }

  /// P(|T| ≥ |t|), with relative accuracy in the tails.
  public func twoSided(_ t: Double) -> Double {
    let (n, square) = (degreesOfFreedom, t * t)
    if !square.isFinite { return 0 }
    return regularizedIncompleteBeta(n / (n + square), complement: square / (n + square), a: n / 2, b: 0.5)
  }

  /// P(T > t).
  public func upperTail(_ t: Double) -> Double { t > 0 ? twoSided(t) / 2 : 1 - twoSided(t) / 2 }

  /// P(T ≤ t).
  public func cumulative(_ t: Double) -> Double { upperTail(-t) }

  /// t with P(T ≤ t) = p, for 0 < p < 1; ±∞ at the ends.
  public func quantile(_ p: Double) -> Double {
    if p <= 0 { return -.infinity }
    if p >= 1 { return .infinity }
    if p == 0.5 { return 0 }
    let tail = min(p, 1 - p)
    // Newton's steps on the logarithm of the tail, which is nearly straight, inside a bracket.
    var (low, high) = (0.0, 1.0)
    while upperTail(high) > tail && high < 1e300 { (low, high) = (high, high * 2) }
    var t = (low + high) / 2
    for _ in 0..<200 {
      let value = upperTail(t)
      if value > tail { low = t } else { high = t }
      let next = t + value * log(value / tail) / density(t)
      let inside = next > low && next < high ? next : (low + high) / 2
      if abs(inside - t) <= 2 * t.ulp { break }
      t = inside
    }
    return p < 0.5 ? -t : t
  }

  private func density(_ t: Double) -> Double {
    let n = degreesOfFreedom
    let logarithm = logGamma((n + 1) / 2) - logGamma(n / 2) - 0.5 * log(n * .pi) - (n + 1) / 2 * log1p(t * t / n)
    return exp(logarithm)
  }
}
