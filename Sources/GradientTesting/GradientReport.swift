/// What a check of derivatives found, when it did not fail.
public struct GradientReport: Sendable, CustomStringConvertible {
  /// How many entries of derivatives were held against finite differences.
  public internal(set) var checkedEntries = 0
  /// The largest difference found, relative to the largest entry of its derivative (and to 1): to be read beside the tolerance.
  public internal(set) var largestDifference = 0.0
  /// Where there is no derivative to compare with.
  public internal(set) var nonSmoothPoints: [NonSmoothPoint] = []

  public var description: String {
    let points = nonSmoothPoints.map { "; \($0)" }.joined()
    return "\(checkedEntries) entries agree to \(largestDifference)" + points
  }
}

/// A point where a function has no derivative: its one-sided differences disagree however small the step.
///
/// A finding of its own: the derivative that was given is neither right nor wrong there. Move the point away from the kink, or
/// pass `allowsNonSmoothPoints: true` if it is meant.
public struct NonSmoothPoint: Error, CustomStringConvertible, Sendable {
  public let check: String
  /// Multi-index of the entry.
  public let entry: [Int]
  /// What differentiation gave.
  public let derivative: Double
  /// The slope towards smaller values.
  public let left: Double
  /// The slope towards larger values.
  public let right: Double
  /// The smallest step that was tried.
  public let step: Double

  public var description: String {
    "\(check) at \(entry): not smooth here: slope \(left) from the left, \(right) from the right (step \(step)); the derivative "
      + "given is \(derivative)"
  }
}
