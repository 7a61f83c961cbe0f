/// The values below which each share of the sample lies, by linear interpolation between order statistics: NumPy's default
/// rule, number 7 of Hyndman & Fan (1996), with NumPy's rounding.
///
/// - Parameters:
///   - values: the sample.
///   - shares: from 0 to 1.
/// - Throws: ``StatisticsError`` for an empty sample, NaN or infinity, or a share outside its range.
public func quantiles(_ values: [Double], _ shares: [Double]) throws(StatisticsError) -> [Double] {
  try requireCount(values, 1, "quantile")
  try requireFinite(values, "quantile")
  if let share = shares.first(where: { !(0...1).contains($0) }) {
    throw .invalidInput("quantile: found a share of \(share), expected from 0 to 1")
  }
  let sorted = values.sorted()
  return shares.map { quantile(ofSorted: sorted, $0) }
}

/// One value of ``quantiles(_:_:)``.
public func quantile(_ values: [Double], _ share: Double) throws(StatisticsError) -> Double { try quantiles(values, [share])[0] }

func quantile(ofSorted sorted: [Double], _ share: Double) -> Double {
  let place = share * Double(sorted.count - 1)
  let lower = min(Int(place), sorted.count - 1)
  let (a, b) = (sorted[lower], sorted[min(lower + 1, sorted.count - 1)])
  let t = place - Double(lower)
  return t < 0.5 ? a + (b - a) * t : b - (b - a) * (1 - t)
}
