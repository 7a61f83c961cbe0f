/// A derivative that disagrees with its reference: which check, the worst entry, both numbers, the step and the tolerance.
public struct GradientMismatch: Error, CustomStringConvertible, Sendable {
  public let check: String
  /// Multi-index of the worst entry; `nil` for checks of a single number.
  public let entry: [Int]?
  public let analytic: Double
  public let reference: Double
  /// The finite-difference step; `nil` for checks that need none.
  public let step: Double?
  /// Absolute.
  public let tolerance: Double

  public var description: String {
    let place = entry.map { " at \($0)" } ?? ""
    let how = step.map { ", step \($0)" } ?? ""
    return "\(check)\(place): derivative \(analytic), reference \(reference) (difference \(abs(analytic - reference))"
      + "\(how), tolerance \(tolerance))"
  }
}
