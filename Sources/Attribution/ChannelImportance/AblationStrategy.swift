import Networks

/// How ablations are computed: exactly in every case, with what the network's structure saves.
public enum AblationStrategy: String, Sendable, CaseIterable {
  /// No feature depends on two channels, up to an affine map at the end: one pass gives the features of all cells, and one more
  /// cell those of a constant baseline.
  case separable
  /// A convolution alone reads the input: a channel's contribution to it is subtracted, the rest of the network runs as usual.
  case linearStem
  /// A pass through the whole network for each channel.
  case full
}

/// The strategy with what it needs.
struct AblationPlan: Sendable {
  enum Work: Sendable {
    case separable(SeparableFeatures)
    case linearStem(LinearStem)
    case full
  }

  let work: Work

  var strategy: AblationStrategy {
    switch work {
    case .separable: .separable
    case .linearStem: .linearStem
    case .full: .full
    }
  }

  /// - Parameters:
  ///   - inputShape: [1, channels, rows, columns].
  ///   - usesShortcuts: `false` for the whole network each time.
  init(_ network: Network, inputShape: Shape, usesShortcuts: Bool) throws(NetworkError) {
    work = try usesShortcuts ? Self.shortcut(network, inputShape) ?? .full : .full
  }

  private static func shortcut(_ network: Network, _ inputShape: Shape) throws(NetworkError) -> Work? {
    if let features = try SeparableFeatures(network, inputShape: inputShape) { return .separable(features) }
    return try LinearStem(network).map { .linearStem($0) }
  }
}
