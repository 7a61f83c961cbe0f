/// Why a statistic is not defined for this input, or could not be computed.
public enum StatisticsError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Fewer observations than the method needs.
  case tooFew(what: String, found: Int, needed: Int)
  /// All values are equal where the method divides by their spread.
  case constant(String)
  /// Sizes that do not fit, NaN or infinity, or a parameter outside its range.
  case invalidInput(String)
  /// An iteration stopped before it reached its tolerance.
  case notConverged(String)

  public var description: String {
    switch self {
    case .tooFew(let what, let found, let needed): "\(what): found \(found), expected at least \(needed)"
    case .constant(let what): "\(what): all values are equal, so that it is not defined"
    case .invalidInput(let message), .notConverged(let message): message
    }
  }
}

/// Throws unless every value is finite.
func requireFinite(_ values: [Double], _ what: String) throws(StatisticsError) {
  if let index = values.firstIndex(where: { !$0.isFinite }) {
    throw .invalidInput("\(what): found \(values[index]) at position \(index), expected finite numbers")
  }
}

func requireCount(_ values: [Double], _ needed: Int, _ what: String) throws(StatisticsError) {
  if values.count < needed { throw .tooFew(what: what, found: values.count, needed: needed) }
}
