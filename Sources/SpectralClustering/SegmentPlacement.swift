/// Nodes that were no part of a cut, placed in its segments; from ``KWayCut/placing(_:)``.
public struct SegmentPlacement: Sendable {
  /// The extended eigenvectors, rotated, or the filtered scores extended: [M, K] float64. For a node of the cut its own scores.
  public let scores: NDArray
  /// The segment of each; `nil` for one without affinity to any node of the cut.
  public let assignment: [Int?]
  /// Σ_j w(x, x_j), the affinity of each to all nodes of the cut together. What lies far from all of them has little, and then
  /// its segment says little.
  public let degrees: [Double]
}

extension KWayCut {
  /// Places features that were not cut among the segments, which stay as they are.
  ///
  /// Eigenvectors are extended by v_k(x) = (1/λ_k)·Σ_j w(x, x_j)/√(d(x)·d_j)·v_kj with d(x) = Σ_j w(x, x_j) (Bengio et al.,
  /// "Out-of-sample extensions for LLE, Isomap, MDS, Eigenmaps, and spectral clustering", NIPS 2003, section 3), which gives a
  /// node of the cut its own entries, and rotated as those were. σ and the centre are those of the cut.
  ///
  /// - Parameter features: [M, D], finite, in the channels and units of those that were cut.
  /// - Throws: ``SpectralError/invalidInput(_:)`` for another number of channels, ``SpectralError/notFinite(value:node:channel:)``,
  ///   ``SpectralError/degenerate(_:)`` where an eigenvalue among the K is zero, so that its eigenvector has no extension.
  public func placing(_ features: NDArray) throws(SpectralError) -> SegmentPlacement {
    let channels = cut.affinity.channelCount
    guard features.rank == 2, features.dtype.isFloating, features.shape[1] == channels else {
      throw .invalidInput(
        "expected features [nodes, \(channels)] in float32 or float64, as many channels as were cut, found \(Signature(features))"
      )
    }
    if let small = cut.eigenvalues.firstIndex(where: { abs($0) <= cut.affinity.gapTolerance }) {
      throw .degenerate(
        "eigenvalue \(small + 1) is \(cut.eigenvalues[small]): its eigenvector does not extend to other nodes; ask for fewer segments"
      )
    }
    let points = try finiteFeatures(features)
    let (image, degrees) = try cut.affinity.extending(cut.pairs, to: points)
    var rotated = Matrix.product(image, scores.rotation)
    if let filtered, let affinity = cut.affinity as? any CompleteAffinity {
      rotated = try filtered.extended(
        try affinity.towardsNodes(points, filtered.leading).image, tolerance: affinity.gapTolerance)
    }
    let labels = largestColumns(RowNormalized(image).values, scores.rotation)
    return SegmentPlacement(
      scores: rotated.array, assignment: labels.indices.map { degrees[$0] > 0 ? labels[$0] : nil }, degrees: degrees)
  }
}
