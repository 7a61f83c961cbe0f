import Autograd

/// What one run of a network gave.
public struct NetworkRun: Sendable {
  /// By the names of the network's outputs.
  public let outputs: [String: Tensor]
  /// The network's first output.
  public let output: Tensor
  /// By the names that were asked for.
  public let captured: [String: Tensor]

  /// A captured activation. Traps for a name that was not asked for.
  public subscript(layer: String) -> Tensor {
    guard let tensor = captured[layer] else {
      let names = captured.keys.sorted().joined(separator: ", ")
      fail(.argument("NetworkRun", "'\(layer)' was not captured; captured are: \(names)"))
    }
    return tensor
  }
}
