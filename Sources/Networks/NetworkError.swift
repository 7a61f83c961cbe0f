import Autograd
import Formats

/// What is wrong with a network, or with what it is given: one line.
public enum NetworkError: Error, Sendable, Equatable, CustomStringConvertible {
  /// No layer (or input) has this name; the nearest that exists.
  case unknownLayer(String, suggestion: String?)
  /// A graph that cannot be: a name twice, a layer before what it reads, an output that nobody computes.
  case malformed(String)
  /// Inputs that are missing, unknown, or of an element type that the network does not compute in.
  case input(String)
  /// A layer that cannot compute on what reaches it.
  case layer(String, TensorError)
  /// An intervention that does not fit the value it changes.
  case intervention(String)
  /// Parameters that a file lacks, has beyond the architecture's, or has in another shape.
  case parameters(source: String, missing: [String], unexpected: [String], mismatched: [String])
  /// A file or a value that does not describe a network.
  case unusable(source: String, found: String, expected: String)

  public var description: String {
    switch self {
    case .unknownLayer(let name, let suggestion):
      "layer '\(name)': found no layer of this name, expected one of the network's"
        + (suggestion.map { "; did you mean '\($0)'?" } ?? "")
    case .malformed(let message): "network: \(message)"
    case .input(let message): "network input: \(message)"
    case .layer(let name, let error): "layer '\(name)': \(error)"
    case .intervention(let message): "intervention: \(message)"
    case .parameters(let source, let missing, let unexpected, let mismatched):
      "\(source): "
        + [("missing", missing), ("unexpected", unexpected), ("of another shape", mismatched)]
        .filter { !$0.1.isEmpty }.map { "\($0.1.count) \($0.0): \(Self.listed($0.1))" }.joined(separator: "; ")
    case .unusable(let source, let found, let expected): "\(source): found \(found), expected \(expected)"
    }
  }

  private static func listed(_ names: [String]) -> String {
    names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
  }

  /// The error for a name that is none of `names`.
  static func unknownLayer(_ name: String, among names: some Sequence<String>) -> NetworkError {
    .unknownLayer(name, suggestion: NearestName.nearest(to: name, in: names))
  }
}
