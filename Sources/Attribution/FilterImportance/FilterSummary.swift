/// How the map that a filter makes of one sample becomes one number.
public struct FilterSummary: Sendable {
  /// For reports.
  public let name: String
  let value: @Sendable (UnsafeBufferPointer<Double>) -> Double

  /// A function of one's own.
  ///
  /// - Parameters:
  ///   - name: for reports.
  ///   - value: from the values of a map, row by row, to a finite number. There is at least one value.
  public init(_ name: String, _ value: @escaping @Sendable (UnsafeBufferPointer<Double>) -> Double) {
    self.name = name
    self.value = value
  }

  /// The root of the sum of squares, as published.
  public static let frobenius = FilterSummary("frobenius") { map in
    var sum = 0.0
    for value in map { sum += value * value }
    return sum.squareRoot()
  }

  public static let mean = FilterSummary("mean") { map in map.reduce(0, +) / Double(map.count) }
  public static let maximum = FilterSummary("max") { map in map.reduce(-.infinity) { max($0, $1) } }
}
