import Networks
import Statistics

/// Why a study of neurons cannot be done.
public enum NeuronError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Arrays or parameters that do not fit; names what was found and what was expected.
  case invalidInput(String)
  /// A fit or a test that has no answer here; names the step.
  case statistics(String, StatisticsError)
  /// What the network says to these inputs.
  case network(NetworkError)

  public var description: String {
    switch self {
    case .invalidInput(let message): message
    case .statistics(let step, let error): "\(step): \(error)"
    case .network(let error): error.description
    }
  }
}
