/// The ranks of a sample from 1, ascending; equal values share the mean of their ranks.
public struct Ranks: Sendable, Equatable {
  /// In the order of the sample.
  public let values: [Double]
  /// Sizes of the groups of equal values, of two and more.
  public let ties: [Int]

  /// - Throws: ``StatisticsError`` for NaN or infinity.
  public init(_ sample: [Double]) throws(StatisticsError) {
    try requireFinite(sample, "ranks")
    self.init(finite: sample)
  }

  init(finite sample: [Double]) {
    let order = sample.indices.sorted { sample[$0] < sample[$1] }
    var ranks = [Double](repeating: 0, count: sample.count)
    var groups: [Int] = []
    var start = 0
    while start < order.count {
      var end = start + 1
      while end < order.count && sample[order[end]] == sample[order[start]] { end += 1 }
      for place in start..<end { ranks[order[place]] = Double(start + end + 1) / 2 }
      if end - start > 1 { groups.append(end - start) }
      start = end
    }
    values = ranks
    ties = groups
  }
}

/// Indices by descending value; equal ones by index.
public func descendingOrder(_ values: [Double]) -> [Int] {
  values.indices.sorted { values[$0] == values[$1] ? $0 < $1 : values[$0] > values[$1] }
}
