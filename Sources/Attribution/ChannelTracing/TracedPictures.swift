extension ChannelTrace {
  /// One picture of a batch that was cut as a whole, or a slice of a volume.
  public struct Picture: Sendable {
    /// Its place in the batch.
    public let index: Int
    /// The segments of the whole batch, by id, as far as they lie in this picture.
    public let segments: [Part]
  }

  /// The part of a segment that lies in one picture.
  public struct Part: Sendable {
    /// Of the segment.
    public let id: Int
    /// Its nodes as indices into the picture, ascending.
    public let nodes: [Int]
    /// Mean |score| over them; 0 if there are none.
    public let objective: Double
    /// The gradient of the whole segment's objective, aggregated over these nodes; what a mean or a spread is compared with is
    /// the rest of this picture. All zero if there are none.
    public let channels: [ChannelScores]
    /// Channel indices, most important first.
    public let ranking: [Int]
    /// Number of nodes.
    public var size: Int { nodes.count }
  }

  /// Cuts and traces each picture of a batch on its own.
  ///
  /// - Parameters:
  ///   - features: [B, H, W, D].
  ///   - channelNames: one for each channel; `nil` numbers them.
  ///   - configuration: that of each trace.
  ///   - checkpoint: keeps what passes over the affinities give, and has what those of an interrupted call gave.
  ///   - onStage: called with the index of the picture as each stage begins.
  ///   - onPass: told how far the passes over a picture's affinity have come, on the caller's thread.
  /// - Returns: B traces, whose shape is [H, W, D].
  /// - Throws: `SpectralError`, as of a single picture.
  public static func separately(
    _ features: NDArray, channelNames: [String]? = nil, configuration: Configuration,
    checkpoint: CutCheckpoint? = nil, onStage: (Int, Stage) -> Void = { _, _ in },
    onPass: (@Sendable (AffinityPass) -> Void)? = nil
  ) throws(SpectralError) -> [ChannelTrace] {
    guard features.rank == 4 else {
      throw .invalidInput("found an array of shape \(features.shape); expected [pictures, height, width, channels]")
    }
    var traces: [ChannelTrace] = []
    for index in 0..<features.shape[0] {
      let picture = features.sliced(axis: 0, start: index, count: 1)
        .reshaped(to: Shape(Array(features.shape.dropFirst())))
      traces.append(
        try ChannelTrace(
          picture, channelNames: channelNames, configuration: configuration, checkpoint: checkpoint,
          onStage: { onStage(index, $0) }, onPass: onPass))
    }
    return traces
  }
}

/// Arrays [N, any] float64, whose rows are the nodes of a batch.
struct PictureSource {
  let features: NDArray
  let gradients: NDArray
  let scores: NDArray
}

/// The parts of the segments in each of `count` pictures of equal size.
func picturesOfABatch(
  _ source: PictureSource, count: Int, segments: [[Int]], names: [String], aggregation: ChannelAggregation
) -> [ChannelTrace.Picture] {
  let size = source.features.shape[0] / count
  return (0..<count).map { picture in
    let first = picture * size
    func rows(_ array: NDArray) -> NDArray { array.sliced(axis: 0, start: first, count: size) }
    let (features, gradients, scores) = (rows(source.features), rows(source.gradients), rows(source.scores).doubles)
    let own = segments.map { nodes in nodes.filter { (first..<first + size).contains($0) }.map { $0 - first } }
    let moments = ChannelMoments(features: features, segments: own)
    let parts = own.enumerated().map { id, nodes in
      let channels = channelScores(gradients: gradients, features: features, segment: id, moments: moments, names: names)
      let total = nodes.reduce(0) { $0 + abs(scores[$1 * segments.count + id]) }
      return ChannelTrace.Part(
        id: id, nodes: nodes, objective: total / Double(max(1, nodes.count)), channels: channels,
        ranking: rankedChannels(channels, by: aggregation))
    }
    return ChannelTrace.Picture(index: picture, segments: parts)
  }
}
