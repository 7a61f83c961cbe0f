import Networks

/// How ablations are computed: exactly in every case, with what the network's structure saves.
public enum AblationStrategy: String, Sendable, CaseIterable {
  /// No feature depends on two channels: one pass gives the features of all cells, and one more cell those of a constant baseline.
  case separable
  /// A convolution alone reads the input: a channel's contribution to it is subtracted, the rest of the network runs as usual.
  case linearStem
  /// A pass through the whole network for each channel.
  case full
}

/// The strategy with what it needs.
struct AblationPlan: Sendable {
  enum Work: Sendable {
    /// The features that depend on each channel.
    case separable([[Int]])
    /// The first convolution, the network up to it, and the network behind it.
    case linearStem(InputConvolution, head: Network, tail: Network)
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
    let channels = inputShape[1]
    let probe = try network(Tensor(.zeros(inputShape, dtype: network.dtype ?? .float32)))
    if case .separate(let sources) = try network.channelDependence(inputShape: inputShape), sources.count == probe.count {
      var features = [[Int]](repeating: [], count: channels)
      for (feature, source) in sources.enumerated() { if let source { features[source].append(feature) } }
      return .separable(features)
    }
    guard let stem = InputConvolution(network), network.layers.count > 1 else { return nil }
    let head = try network.withOutputs([stem.layer.name])
    let rest = network.layers.filter { $0.name != stem.layer.name }
    let tail = try Network(inputs: [NetworkInput(stem.layer.name, shape: nil)], layers: rest, outputs: network.outputs)
    return .linearStem(stem, head: head, tail: tail)
  }
}
