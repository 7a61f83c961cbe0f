/// A sample of the nodes from which eigenvectors are extended to all of them, for ``AffinityRegime/nystrom``.
public struct NodeSample: Sendable, Equatable {
  /// M: more than there are segments, at most as many as there are nodes.
  public let count: Int
  /// Of the draw.
  public let seed: UInt64

  /// - Parameters:
  ///   - count: M.
  ///   - seed: of the draw (default: 0).
  public init(count: Int, seed: UInt64 = 0) { (self.count, self.seed) = (count, seed) }

  /// Indices of M of `nodes` nodes, ascending.
  ///
  /// Uniformly and without replacement: Σ_j w(x, x_j) over the sample is then an unbiased estimate of M/N times the degree of x,
  /// by which the affinity is normalised. Points as far from each other as can be would stand for sparse regions more than
  /// for dense ones.
  func drawn(of nodes: Int) -> [Int] {
    var random = RandomSource(seed: seed, stream: 0)
    return random.permutation(nodes).prefix(count).sorted()
  }

  /// Indices of `count` nodes of which the error of the extension is estimated, ascending.
  func rows(_ count: Int, of nodes: Int) -> [Int] {
    if count >= nodes { return Array(0..<nodes) }
    var random = RandomSource(seed: seed, stream: 1)
    return random.permutation(nodes).prefix(count).sorted()
  }

  /// Throws ``SpectralError/invalidInput(_:)`` unless there are more nodes in the sample than segments, and no more than nodes.
  func check(nodes: Int, segments: SegmentCount) throws(SpectralError) {
    let least: Int
    switch segments {
    case .fixed(let count): least = count + 1
    case .automatic: least = 3
    }
    guard least <= nodes else {
      throw .invalidInput("found \(nodes) nodes, expected at least \(least), more than segments, to draw a sample from")
    }
    guard (least...nodes).contains(count) else {
      throw .invalidInput(
        "found a sample of \(count) nodes, expected from \(least), more than segments, to \(nodes), the number of nodes")
    }
  }
}

/// What is known of a cut that was extended from a sample.
public struct SampledCut: Sendable, Equatable {
  /// The nodes that were drawn, ascending.
  public let nodes: [Int]
  /// Of the draw.
  public let seed: UInt64
  /// How far the eigenvectors are from those of all nodes.
  public let error: SubspaceErrorEstimate
  /// Nodes without affinity to any node of the sample: their scores are zero.
  public let unreached: Int
}

/// An estimate of the angles between the span of extended eigenvectors and that of the exact ones: no bound.
public struct SubspaceErrorEstimate: Sendable, Equatable {
  /// Of ‖sin Θ‖_F, to first order (of what is above 1 no more is known than that it is large); `nil` where the sample has no gap
  /// after eigenvalue K.
  public let angle: Double?
  /// Of ``angle``, from the nodes among those at which it was taken; 0 if it was taken at all of them.
  public let standardError: Double?
  /// Number of nodes at which it was taken.
  public let rows: Int
}

extension SubspaceErrorEstimate {
  var warnings: [String] {
    guard let angle else {
      return ["the error of the sample's eigenvectors cannot be estimated: there is no gap after the last of them"]
    }
    if angle < 0.1 { return [] }
    return [
      "the extended eigenvectors are rough: the sine of their angle to the exact ones is estimated at \(angle); use a larger sample"
    ]
  }
}
