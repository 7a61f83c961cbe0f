/// Σ |a − b|.
///
/// - Parameters:
///   - a: one sample.
///   - b: another of as many values.
/// - Throws: ``StatisticsError`` for samples of different sizes, NaN or infinity.
public func manhattanDistance(_ a: [Double], _ b: [Double]) throws(StatisticsError) -> Double {
  try requireComparable(a, b, "Manhattan distance")
  return zip(a, b).reduce(0) { $0 + abs($1.0 - $1.1) }
}

/// √Σ (a − b)².
///
/// - Parameters:
///   - a: one sample.
///   - b: another of as many values.
/// - Throws: ``StatisticsError`` for samples of different sizes, NaN or infinity.
public func euclideanDistance(_ a: [Double], _ b: [Double]) throws(StatisticsError) -> Double {
  try requireComparable(a, b, "Euclidean distance")
  return zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
}

private func requireComparable(_ a: [Double], _ b: [Double], _ what: String) throws(StatisticsError) {
  if a.count != b.count { throw .invalidInput("\(what): found \(a.count) and \(b.count) values, expected as many") }
  try requireFinite(a + b, what)
}
