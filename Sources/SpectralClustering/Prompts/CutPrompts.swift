/// Nodes that are said to be foreground, and some that are said to be background.
public struct CutPrompts: Sendable, Equatable {
  /// Ascending, each once, at least one.
  public let foreground: [Int]
  /// Ascending, each once.
  public let background: [Int]
  /// ω, the share of the background that lies on ``background``; the rest lies on all nodes. 0 without background prompts.
  public let backgroundWeight: Double
  /// τ, where the filter halves, as a multiple of the mean of 1 − λ. Small values let large parts stay together, large ones let
  /// all K eigenvectors count alike.
  public let filterScale: Double

  /// - Parameters:
  ///   - foreground: nodes, at least one; a node that is named twice counts once, and the order does not matter.
  ///   - background: nodes, none of them in `foreground`. Default: none.
  ///   - backgroundWeight: 0 … 1, default ¼. Below 1, nodes that resemble neither kind of prompt are nearer to
  ///     the background.
  ///   - filterScale: positive, default 1, as of Maji, Vishnoi & Malik.
  /// - Throws: ``SpectralError/invalidInput(_:)`` for anything else.
  public init(
    foreground: [Int], background: [Int] = [], backgroundWeight: Double = 0.25, filterScale: Double = 1
  ) throws(SpectralError) {
    (self.foreground, self.background) = (Set(foreground).sorted(), Set(background).sorted())
    if foreground.isEmpty { throw .invalidInput("found no foreground prompt, expected at least one node") }
    if let both = self.foreground.first(where: Set(background).contains) {
      throw .invalidInput("found node \(both) as foreground and as background, expected it to be one of them")
    }
    guard (0...1).contains(backgroundWeight) else {
      throw .invalidInput("found a background weight of \(backgroundWeight), expected from 0 to 1")
    }
    guard (1e-6...1e6).contains(filterScale) else {
      throw .invalidInput("found a filter scale of \(filterScale), expected a positive number from 1e-6 to 1e+6")
    }
    self.backgroundWeight = background.isEmpty ? 0 : backgroundWeight
    self.filterScale = filterScale
  }
}
