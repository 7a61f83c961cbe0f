import Formats
import Networks
import Statistics

/// Why the importance of channels cannot be had for this network and these cells: one line.
public enum ChannelStudyError: Error, Sendable, CustomStringConvertible {
  /// Patches that cannot be read.
  case data(FormatError)
  /// A network that cannot be run on them.
  case network(NetworkError)
  /// Statistics that are not defined for them.
  case statistics(StatisticsError)
  /// Values or parameters that do not fit.
  case invalidInput(String)

  /// Whether it is an output that failed, and not an input.
  public var isUnwritable: Bool {
    if case .data(let error) = self { return error.kind == .unwritable }
    return false
  }

  public var description: String {
    switch self {
    case .data(let error): error.description
    case .network(let error): error.description
    case .statistics(let error): error.description
    case .invalidInput(let message): message
    }
  }
}
