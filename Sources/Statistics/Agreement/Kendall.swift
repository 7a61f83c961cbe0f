extension Correlation {
  /// Kendall's τ_b (1945): concordant minus discordant pairs, corrected for ties, in O(n log n) (Knight 1966).
  ///
  /// The p-value as SciPy's rule `auto` has it: exact without ties for up to 33 values or at most one pair out of order, else
  /// the normal approximation with the variance for ties.
  ///
  /// - Throws: as ``pearson(_:_:)``.
  public static func kendall(_ a: [Double], _ b: [Double]) throws(StatisticsError) -> Correlation {
    try check(a, b, "Kendall correlation")
    let n = Double(a.count)
    let order = a.indices.sorted { a[$0] == a[$1] ? b[$0] < b[$1] : a[$0] < a[$1] }
    let sorted = order.map { b[$0] }
    let (tiesA, tiesB) = (Ranks(finite: a).ties, Ranks(finite: b).ties)
    var jointTies: [Int] = []
    var run = 1
    for place in 1..<order.count {
      if a[order[place]] == a[order[place - 1]] && sorted[place] == sorted[place - 1] { run += 1; continue }
      if run > 1 { jointTies.append(run) }
      run = 1
    }
    if run > 1 { jointTies.append(run) }

    func pairs(_ ties: [Int]) -> Double { ties.reduce(0.0) { $0 + Double($1) * Double($1 - 1) / 2 } }
    let total = n * (n - 1) / 2
    let (inA, inB, inBoth) = (pairs(tiesA), pairs(tiesB), pairs(jointTies))
    if !(total > inA && total > inB) { throw .constant("Kendall correlation") }
    let discordant = Double(inversions(sorted))
    let difference = total - inA - inB + inBoth - 2 * discordant
    let tau = difference / (total - inA).squareRoot() / (total - inB).squareRoot()

    let pValue: Double
    if tiesA.isEmpty && tiesB.isEmpty && (a.count <= 33 || min(discordant, total - discordant) <= 1) {
      pValue = exact(count: a.count, discordant: Int(min(discordant, total - discordant)))
    } else {
      func sum(_ ties: [Int], _ term: (Double) -> Double) -> Double { ties.reduce(0.0) { $0 + term(Double($1)) } }
      func first(_ t: Double) -> Double { t * (t - 1) * (2 * t + 5) }
      func third(_ t: Double) -> Double { t * (t - 1) * (t - 2) }
      let m = n * (n - 1)
      var variance = (m * (2 * n + 5) - sum(tiesA, first) - sum(tiesB, first)) / 18 + 2 * inA * inB / m
      if n > 2 { variance += sum(tiesA, third) * sum(tiesB, third) / (9 * m * (n - 2)) }
      pValue = variance > 0 ? min(1, 2 * StandardNormal.upperTail(abs(difference) / variance.squareRoot())) : 1
    }
    return Correlation(coefficient: max(-1, min(1, tau)), pValue: pValue)
  }

  /// Twice the share of permutations with at most so many inversions.
  private static func exact(count n: Int, discordant: Int) -> Double {
    // Adding the k-th value adds from 0 to k − 1 inversions, each as likely as the others.
    var probabilities = [Double](repeating: 0, count: discordant + 1)
    probabilities[0] = 1
    for k in 2...n {
      var next = [Double](repeating: 0, count: discordant + 1)
      for inversions in 0...discordant {
        for added in 0...min(k - 1, inversions) { next[inversions] += probabilities[inversions - added] / Double(k) }
      }
      probabilities = next
    }
    return min(1, 2 * probabilities.reduce(0, +))
  }

  /// Pairs in the wrong order, by merging.
  private static func inversions(_ values: [Double]) -> Int {
    var (current, merged) = (values, values)
    var count = 0
    var width = 1
    while width < values.count {
      for start in stride(from: 0, to: values.count, by: 2 * width) {
        let (middle, end) = (min(start + width, values.count), min(start + 2 * width, values.count))
        var (left, right) = (start, middle)
        for place in start..<end {
          if right >= end || left < middle && current[left] <= current[right] {
            merged[place] = current[left]
            left += 1
          } else {
            merged[place] = current[right]
            right += 1
            count += middle - left
          }
        }
      }
      swap(&current, &merged)
      width *= 2
    }
    return count
  }
}
