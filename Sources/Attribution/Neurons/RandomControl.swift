/// What random draws say of a number that was found by design.
enum RandomControl {
  /// Mean and population standard deviation.
  static func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
    // Relative to the first, so that equal accuracies have exactly no deviation.
    let shifted = values.map { $0 - values[0] }
    let mean = shifted.reduce(0, +) / Double(values.count)
    let square = shifted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    return (values[0] + mean, square.squareRoot())
  }

  /// Two-sided: how often a random draw lies as far out, min(1, 2 (1 + the smaller tail) / (1 + draws)) (Phipson & Smyth 2010).
  static func pValue(_ value: Double, among random: [Double]) -> Double {
    // Accuracies are counts; averages of them may differ in the last digits.
    let tolerance = 1e-12
    let tail = min(random.count { $0 <= value + tolerance }, random.count { $0 >= value - tolerance })
    return min(1, 2 * Double(1 + tail) / Double(1 + random.count))
  }
}
