/// The share of the first `k` of one ranking that is among the first `k` of another: 1 for the same set, 0 for none.
///
/// - Parameters:
///   - a: indices, the most important first.
///   - b: the same indices in another order.
///   - k: at least 1, at most the length of both.
/// - Throws: ``StatisticsError`` for a `k` outside its range.
public func topOverlap(_ a: [Int], _ b: [Int], k: Int) throws(StatisticsError) -> Double {
  if k < 1 || k > min(a.count, b.count) {
    throw .invalidInput(
      "overlap: found \(k) of rankings of \(a.count) and \(b.count), expected from 1 to \(min(a.count, b.count))")
  }
  return Double(Set(a.prefix(k)).intersection(b.prefix(k)).count) / Double(k)
}
