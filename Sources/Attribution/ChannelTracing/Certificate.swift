import TensorCore

/// How far a trace can be from the exact one: the cut's eigenvectors, and every channel score of every segment.
///
/// Exact means: in exact arithmetic, for the features as given, with σ and the assignment of the result. The scores of parts of
/// a batch have no bounds of their own.
public struct Certificate: Sendable {
  /// One segment's bounds.
  public struct Segment: Sendable {
    /// Of the segment.
    public let id: Int
    /// One for each channel, by index; `nil` for an empty segment, and where ``Certificate/reason`` says why.
    public let channels: [ChannelErrors]?

    /// The largest bound of all channels for one kind of score.
    public func largest(_ aggregation: ChannelAggregation) -> Double? { channels?.compactMap { $0[aggregation] }.max() }
  }

  /// Residuals, gap and the angle of the eigenvectors.
  public let spectral: SpectralCertificate
  /// K of them, by id.
  public let segments: [Segment]
  /// Why there are no bounds of scores, where there are none.
  public let reason: String?

  var warnings: [String] { reason.map { ["there is no bound on the errors of the scores: \($0)"] } ?? [] }
}

/// Bounds of the errors of one channel's scores for one segment, to first order (see `GradientErrors`): each as a share of the
/// largest |score| of its kind among the segment's channels. At 1 nothing is known of a score.
public struct ChannelErrors: Sendable, Equatable {
  /// Place of the channel along the last axis of the features.
  public let index: Int
  private let bounds: [ChannelAggregation: Double]

  init(index: Int, _ bound: (ChannelAggregation) -> Double?) {
    self.index = index
    var bounds: [ChannelAggregation: Double] = [:]
    for aggregation in ChannelAggregation.allCases { bounds[aggregation] = bound(aggregation) }
    self.bounds = bounds
  }

  /// The bound of the score that a ranking by `aggregation` sorts by; `nil` if all channels have the score zero.
  public subscript(aggregation: ChannelAggregation) -> Double? { bounds[aggregation] }
}

extension Certificate {
  /// - Parameters:
  ///   - scores: of each segment's channels.
  ///   - features: [N, D] float64.
  init(
    _ gradients: KWayCut.SegmentGradients, scores: [[ChannelScores]], moments: ChannelMoments, features: NDArray
  ) {
    spectral = gradients.certificate
    reason = gradients.boundReason
    segments = gradients.errors.enumerated().map { id, errors in
      guard let errors else { return Segment(id: id, channels: nil) }
      var largest: [ChannelAggregation: Double] = [:]
      for aggregation in ChannelAggregation.allCases { largest[aggregation] = scores[id].map { abs($0[aggregation]) }.max() }
      let reach = moments.largestMagnitudes(id, features: features)
      let channels = scores[id].indices.map { channel in
        ChannelErrors(index: channel) { aggregation in
          let mean = errors.mean[channel]
          let scale = largest[aggregation] ?? 0
          if scale == 0 { return nil }
          switch aggregation {
          case .distinctiveness:
            let spread = moments.variance(channel)
            return (spread > 0 ? mean * abs(moments.margin(id, channel)) / spread : 0) / scale
          case .meanSigned, .meanAbsolute: return mean / scale
          case .rootMeanSquare: return errors.rootMeanSquare[channel] / scale
          case .gradientTimesInput: return mean * reach[channel] / scale
          case .gradientTimesContrast: return mean * abs(moments.contrast(id, channel)) / scale
          }
        }
      }
      return Segment(id: id, channels: channels)
    }
  }
}

extension ChannelMoments {
  /// max |x| of each channel over a segment's nodes.
  fileprivate func largestMagnitudes(_ segment: Int, features: NDArray) -> [Double] {
    let channels = features.shape[1]
    return features.withUnsafeBufferPointer(as: Double.self) { x in
      (0..<channels).map { channel in segments[segment].reduce(0) { max($0, abs(x[$1 * channels + channel])) } }
    }
  }
}
