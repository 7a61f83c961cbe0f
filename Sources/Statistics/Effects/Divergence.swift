import Foundation

/// Σ p log(p/q) in nats, after both are divided by their sums (Kullback & Leibler 1951); infinite where q is 0 and p is not.
///
/// - Parameters:
///   - p: not negative, with a positive sum.
///   - q: as many.
/// - Throws: ``StatisticsError`` for anything else.
public func kullbackLeibler(_ p: [Double], _ q: [Double]) throws(StatisticsError) -> Double {
  let (p, q) = try distributions(p, q)
  // Rounding may leave a divergence of equal distributions just below 0.
  return max(0, zip(p, q).reduce(0) { $0 + ($1.0 > 0 ? $1.0 * log($1.0 / $1.1) : 0) })
}

/// The Jensen–Shannon divergence in nats, from 0 to log 2: the mean divergence from the distribution in the middle (Lin 1991).
/// (SciPy's `jensenshannon` is its square root.)
///
/// - Throws: as ``kullbackLeibler(_:_:)``.
public func jensenShannon(_ p: [Double], _ q: [Double]) throws(StatisticsError) -> Double {
  let (p, q) = try distributions(p, q)
  let middle = zip(p, q).map { ($0 + $1) / 2 }
  return (try kullbackLeibler(p, middle) + kullbackLeibler(q, middle)) / 2
}

private func distributions(_ p: [Double], _ q: [Double]) throws(StatisticsError) -> ([Double], [Double]) {
  if p.count != q.count { throw .invalidInput("divergence: found \(p.count) and \(q.count) shares, expected as many") }
  for shares in [p, q] {
    try requireFinite(shares, "divergence")
    if shares.contains(where: { $0 < 0 }) || !(shares.reduce(0, +) > 0) {
      throw .invalidInput("divergence: expected shares that are not negative and not all 0")
    }
  }
  let (total, other) = (p.reduce(0, +), q.reduce(0, +))
  return (p.map { $0 / total }, q.map { $0 / other })
}

/// Counts of two samples in bins of equal width over their common range.
///
/// - Parameters:
///   - a: one sample.
///   - b: the other.
///   - bins: how many; a value on the upper edge belongs to the last.
/// - Throws: ``StatisticsError`` for an empty sample, NaN or infinity, or no bins.
public func commonHistograms(
  _ a: [Double], _ b: [Double], bins: Int
) throws(StatisticsError) -> (first: [Double], second: [Double], edges: [Double]) {
  for sample in [a, b] {
    try requireCount(sample, 1, "histogram")
    try requireFinite(sample, "histogram")
  }
  if bins < 1 { throw .invalidInput("histogram: found \(bins) bins, expected at least 1") }
  let low = min(a.min() ?? 0, b.min() ?? 0)
  let high = max(a.max() ?? 0, b.max() ?? 0)
  let width = high > low ? (high - low) / Double(bins) : 1
  func counts(_ sample: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: bins)
    for value in sample { result[min(bins - 1, Int((value - low) / width))] += 1 }
    return result
  }
  return (counts(a), counts(b), (0...bins).map { low + Double($0) * width })
}
