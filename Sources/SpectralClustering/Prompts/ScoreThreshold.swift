/// The threshold that parts numbers into two groups with the largest variance between their means (Otsu, "A threshold selection
/// method from gray-level histograms", IEEE Trans. Syst. Man Cybern. 1979), over all partings and not those of a histogram: in the
/// middle between the two numbers that it separates; of equals the lowest. Partings below `floor` do not count: it is the
/// threshold where there are no others.
func otsuThreshold(_ numbers: [Double], floor: Double) -> Double {
  let sorted = numbers.sorted()
  guard let first = sorted.first else { return floor }
  // Relative to the first, which costs no digits where all are close to each other.
  let (count, total) = (Double(sorted.count), sorted.reduce(0) { $0 + ($1 - first) })
  var (sum, best, threshold) = (0.0, 0.0, floor)
  for index in 1..<sorted.count {
    sum += sorted[index - 1] - first
    if sorted[index] == sorted[index - 1] || sorted[index] <= floor { continue }
    let below = Double(index)
    let difference = (total - sum) / (count - below) - sum / below
    let variance = below * (count - below) * difference * difference
    // Rounding must not decide between equals.
    if variance > best * (1 + 1e-12) { (best, threshold) = (variance, max(floor, (sorted[index] + sorted[index - 1]) / 2)) }
  }
  return threshold
}
