/// q-values: the smallest share of false discoveries at which each hypothesis would still be rejected (Benjamini & Hochberg
/// 1995). Holds for independent and for positively dependent tests.
///
/// - Parameter pValues: from 0 to 1.
/// - Returns: one for each, in their order.
public func benjaminiHochberg(_ pValues: [Double]) -> [Double] {
  let order = pValues.indices.sorted { pValues[$0] < pValues[$1] }
  var result = [Double](repeating: 1, count: pValues.count)
  var smallest = 1.0
  for place in order.indices.reversed() {
    smallest = min(smallest, pValues[order[place]] * Double(pValues.count) / Double(place + 1))
    result[order[place]] = smallest
  }
  return result
}
