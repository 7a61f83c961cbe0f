import TensorCore

/// Shift and scale of each variable to mean 0 and variance 1, fitted on one table and applied to others.
///
/// As scikit-learn's `StandardScaler`: the variance has n in its denominator, and a variable that is constant but for rounding
/// is only shifted.
public struct Standardization: Sendable {
  public let means: [Double]
  /// Positive; 1 for a constant variable.
  public let scales: [Double]
  /// The variables that are constant on the fitted table.
  public let constantVariables: [Int]

  /// - Parameter table: [observations, variables], finite.
  /// - Throws: ``StatisticsError`` for a table of another shape, or without rows.
  public init(_ table: NDArray) throws(StatisticsError) {
    let table = try requireTable(table, "standardisation")
    if table.shape[0] < 1 { throw .tooFew(what: "standardisation", found: 0, needed: 1) }
    let (rows, width) = (table.shape[0], table.shape[1])
    let n = Double(rows)
    var (means, squares) = ([Double](repeating: 0, count: width), [Double](repeating: 0, count: width))
    table.withUnsafeBufferPointer(as: Double.self) { x in
      for row in 0..<rows { for column in 0..<width { means[column] += (x[row * width + column] - x[column]) / n } }
      for row in 0..<rows {
        for column in 0..<width {
          let deviation = x[row * width + column] - x[column] - means[column]
          squares[column] += deviation * deviation / n
        }
      }
      for column in 0..<width { means[column] += x[column] }
    }
    var constant: [Int] = []
    scales = squares.indices.map { column in
      let bound = n * Double.ulpOfOne * squares[column] + (n * means[column] * .ulpOfOne) * (n * means[column] * .ulpOfOne)
      if squares[column] > bound { return squares[column].squareRoot() }
      constant.append(column)
      return 1
    }
    self.means = means
    constantVariables = constant
  }

  /// (x − mean) / scale.
  ///
  /// - Parameter table: [observations, variables] with as many variables as were fitted.
  public func apply(_ table: NDArray) -> NDArray { transform(table) { ($0 - means[$1]) / scales[$1] } }

  /// x · scale + mean: what a standardised value is in the units of the table. Zero becomes the mean.
  public func undo(_ table: NDArray) -> NDArray { transform(table) { $0 * scales[$1] + means[$1] } }

  private func transform(_ table: NDArray, _ value: (Double, Int) -> Double) -> NDArray {
    let width = means.count
    if table.rank != 2 || table.shape[1] != width {
      fail(.shape("Standardization", "\(table.shape) given where \(width) variables were fitted"))
    }
    return NDArray.building(table.shape, as: Double.self) { output in
      table.converted(to: .float64).withUnsafeBufferPointer(as: Double.self) { x in
        for row in 0..<table.shape[0] {
          for column in 0..<width { output[row * width + column] = value(x[row * width + column], column) }
        }
      }
    }
  }
}
