/// Why an NCut, or its derivative, cannot be had for these features.
public enum SpectralError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Features of the wrong shape, or a parameter outside its range.
  case invalidInput(String)
  /// NaN or infinity, with the first position as [node, channel].
  case notFinite(value: Double, node: Int, channel: Int)
  /// The eigenproblem did not converge.
  case notConverged(String)
  /// The derivative does not exist here: a gauge-dependent function at (nearly) equal eigenvalues.
  case degenerate(String)
  /// The file of a ``CutCheckpoint`` cannot be used, or is that of another run.
  case checkpoint(String)

  public var description: String {
    switch self {
    case .invalidInput(let message), .notConverged(let message), .degenerate(let message), .checkpoint(let message): message
    case .notFinite(let value, let node, let channel):
      "the features hold \(value) at node \(node), channel \(channel); every value must be finite"
    }
  }
}
