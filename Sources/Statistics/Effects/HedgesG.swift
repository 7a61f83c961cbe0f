import Foundation

/// Hedges' g: the difference of two means in units of the pooled standard deviation, corrected for its bias in small samples
/// with the exact factor Γ(n/2) / (√(n/2) Γ((n−1)/2)), n = n₁ + n₂ − 2 (Hedges 1981).
///
/// - Throws: ``StatisticsError`` for samples of one value, NaN or infinity, and where both are constant.
public func hedgesG(_ a: [Double], _ b: [Double]) throws(StatisticsError) -> Double {
  for sample in [a, b] { try requireCount(sample, 2, "Hedges' g") }
  let (x, y) = (try Moments(a), try Moments(b))
  let degrees = Double(x.count + y.count - 2)
  let pooled = ((x.squaredDeviations + y.squaredDeviations) / degrees).squareRoot()
  if !(pooled > 0) { throw .constant("Hedges' g") }
  let correction = exp(logGamma(degrees / 2) - logGamma((degrees - 1) / 2)) / (degrees / 2).squareRoot()
  return correction * (x.meanDifference(from: y)) / pooled
}
