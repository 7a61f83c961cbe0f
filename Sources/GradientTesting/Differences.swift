import Foundation
import TensorCore

/// A derivative from function values: two-sided, and from either side.
struct Slope {
  var value: Double
  var left: Double
  var right: Double
  /// Whether the sides agree as the step goes to zero.
  var isSmooth: Bool
  /// The step of `value`, absolute.
  var step: Double
}

/// Finite differences whose step is chosen by the precision, and made smaller where that resolves a disagreement.
struct Differences {
  /// The distance of 1 to the next number.
  let epsilon: Double
  /// The first step, for values around 1.
  let step: Double
  let refinements: Int

  init(_ precision: DType, step: Double?, refinements: Int) {
    epsilon = precision == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne
    // Rounding ε/h against truncation h^(2 + 2r).
    self.step = step ?? pow(epsilon, 1 / Double(3 + 2 * refinements))
    self.refinements = refinements
  }

  /// The slope at 0 of a function of one number; see `slopes`. `size` is that of the terms of which the value is the sum.
  func slope(
    _ around: Double, _ middle: Double, _ size: Double, _ expected: Double, _ bound: Double,
    _ function: (Double) throws -> Double
  ) throws -> Slope {
    try slopes(around, [middle], [expected], bound, size: size) { [try function($0)] }[0]
  }

  /// The slopes at 0 of a function with several values.
  ///
  /// A kink close by spoils differences whose step reaches beyond it, and one at 0 spoils them all. So whatever does not look
  /// smooth, or is not what is expected, is looked at with smaller steps, down to where rounding would decide.
  /// - Parameters:
  ///   - around: the magnitude that the step is relative to.
  ///   - middle: the values at 0.
  ///   - expected: the slopes that are tested; `bound` is the difference that matters.
  ///   - size: of what is rounded; the values' own unless given.
  func slopes(
    _ around: Double, _ middle: [Double], _ expected: [Double], _ bound: Double, size: Double? = nil,
    _ function: (Double) throws -> [Double]
  ) throws -> [Slope] {
    let size = max(size ?? middle.map(abs).filter(\.isFinite).max() ?? 0, around)
    var h = step * around
    let smallest = max(h / 4096, 16 * epsilon * size / bound)
    var slopes = try slopesAt(h, middle, bound, function)
    func isOpen(_ index: Int) -> Bool {
      !slopes[index].isSmooth || !(abs(slopes[index].value - expected[index]) <= bound)
    }
    while middle.indices.contains(where: isOpen), h / 8 >= smallest {
      h /= 8
      let closer = try slopesAt(h, middle, bound, function)
      for index in middle.indices where isOpen(index) { slopes[index] = closer[index] }
    }
    return slopes
  }

  /// Differences at h, h/2, …, extrapolated.
  private func slopesAt(
    _ h: Double, _ middle: [Double], _ bound: Double, _ function: (Double) throws -> [Double]
  ) throws -> [Slope] {
    let levels = max(1, refinements)
    let sides = try (0...levels).map { level in
      let t = h / Double(1 << level)
      return (t: t, plus: try function(t), minus: try function(-t))
    }
    return middle.indices.map { index in
      func right(_ level: Int) -> Double { (sides[level].plus[index] - middle[index]) / sides[level].t }
      func left(_ level: Int) -> Double { (middle[index] - sides[level].minus[index]) / sides[level].t }
      var row = (0...refinements).map { (left($0) + right($0)) / 2 }
      var weight = 4.0
      while row.count > 1 {
        row = zip(row.dropFirst(), row).map { (weight * $0 - $1) / (weight - 1) }
        weight *= 4
      }
      // Of a smooth function the gap between the sides is h·f″: it halves with h. At a kink it stays, at a jump it grows.
      let (wide, narrow) = (abs(right(0) - left(0)), abs(right(levels) - left(levels)))
      let isSmooth = narrow <= bound || narrow <= pow(0.75, Double(levels)) * wide
      return Slope(value: row[0], left: left(levels), right: right(levels), isSmooth: isSmooth, step: h)
    }
  }
}
