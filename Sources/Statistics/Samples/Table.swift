import TensorCore

/// `table` as float64.
///
/// - Throws: unless it is [observations, variables] and finite.
func requireTable(_ table: NDArray, _ what: String) throws(StatisticsError) -> NDArray {
  if table.rank != 2 {
    throw .invalidInput("\(what): found an array of shape \(table.shape), expected [observations, variables]")
  }
  let double = table.converted(to: .float64)
  let columns = max(1, table.shape[1])
  let bad = double.withUnsafeBufferPointer(as: Double.self) { values in values.firstIndex { !$0.isFinite } }
  if let bad {
    throw .invalidInput(
      "\(what): found \(double.doubles[bad]) at row \(bad / columns), column \(bad % columns), expected finite numbers")
  }
  return double
}

extension NDArray {
  /// The columns of a float64 matrix.
  package var columns: [[Double]] {
    let (rows, width) = (shape[0], shape[1])
    return withUnsafeBufferPointer(as: Double.self) { values in
      (0..<width).map { column in (0..<rows).map { values[$0 * width + column] } }
    }
  }
}
