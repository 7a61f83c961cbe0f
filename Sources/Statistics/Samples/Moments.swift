/// Mean and variance of a sample, in two passes.
public struct Moments: Sendable, Equatable {
  public let count: Int
  public let mean: Double
  /// The mean in two parts, of which the second is small beside the first where the sample is far from 0.
  private let parts: (origin: Double, shift: Double)
  /// Σ (x − mean)².
  public let squaredDeviations: Double

  /// - Throws: ``StatisticsError`` for an empty sample, NaN or infinity.
  public init(_ values: [Double]) throws(StatisticsError) {
    try requireCount(values, 1, "mean")
    try requireFinite(values, "mean")
    self.init(finite: values)
  }

  init(finite values: [Double]) {
    count = values.count
    // Relative to the first value: a constant sample then has exactly its value as mean, and no variance.
    let origin = values.first ?? 0
    let shift = values.reduce(0) { $0 + ($1 - origin) } / Double(max(1, count))
    mean = origin + shift
    parts = (origin, shift)
    var (squares, rest) = (0.0, 0.0)
    for value in values {
      let deviation = value - origin - shift
      squares += deviation * deviation
      rest += deviation
    }
    // What rounding left in the mean (Chan, Golub & LeVeque 1983, eq. 1.7).
    squaredDeviations = max(0, squares - rest * rest / Double(max(1, count)))
  }

  /// This mean − the other, without the rounding of two means that are far from 0.
  func meanDifference(from other: Moments) -> Double {
    (parts.origin - other.parts.origin) + (parts.shift - other.parts.shift)
  }

  public static func == (a: Moments, b: Moments) -> Bool {
    a.count == b.count && a.mean == b.mean && a.squaredDeviations == b.squaredDeviations
  }

  /// With n − 1 in the denominator; 0 for a single value.
  public var variance: Double { count > 1 ? squaredDeviations / Double(count - 1) : 0 }
  /// With n in the denominator.
  public var populationVariance: Double { squaredDeviations / Double(count) }
  public var standardDeviation: Double { variance.squareRoot() }
}
