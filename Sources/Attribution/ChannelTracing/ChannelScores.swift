import Foundation
@_exported import SpectralClustering

/// How the gradients of one channel, over the nodes of a segment, become one number.
///
/// With g the gradient of the segment's objective and x the features, both on the segment's own nodes. Which of them ranks
/// planted channels first is measured: see `Documentation/Ranking.md`.
public enum ChannelAggregation: String, Sendable, CaseIterable {
  /// mean |g| · margin / variance: high for a channel that the objective feels, and whose mean in the segment stands
  /// apart from its mean in every other segment, above or below all of them, by much of its own spread. The margin is the
  /// distance to the nearest of those means; it is negative if the segment's own mean lies between them. Depends neither on
  /// where zero is nor, as a ranking, on the scale of a channel.
  case distinctiveness
  /// mean g: negative where more of the channel weakens the segment.
  case meanSigned
  /// mean |g|
  case meanAbsolute
  /// √(mean g²)
  case rootMeanSquare
  /// mean g·x: depends on where zero is.
  case gradientTimesInput
  /// mean g · (mean of x inside the segment − mean outside): what the channel's difference from the rest does to the
  /// objective, to first order; does not depend on where zero is.
  case gradientTimesContrast
}

/// The scores of one channel for one segment.
public struct ChannelScores: Sendable, Equatable {
  /// Place of the channel along the last axis of the features.
  public let index: Int
  public let name: String
  /// Objective per squared unit of the channel.
  public let distinctiveness: Double
  /// Objective per unit of the channel.
  public let meanSigned: Double
  /// Standard error of ``meanSigned`` over the segment's nodes, taken as independent; `nil` for a single node.
  public let standardError: Double?
  /// Objective per unit of the channel.
  public let meanAbsolute: Double
  /// Objective per unit of the channel.
  public let rootMeanSquare: Double
  /// In units of the objective.
  public let gradientTimesInput: Double
  /// In units of the objective.
  public let gradientTimesContrast: Double

  /// The score that a ranking by `aggregation` sorts by.
  public subscript(aggregation: ChannelAggregation) -> Double {
    switch aggregation {
    case .distinctiveness: distinctiveness
    case .meanSigned: meanSigned
    case .meanAbsolute: meanAbsolute
    case .rootMeanSquare: rootMeanSquare
    case .gradientTimesInput: gradientTimesInput
    case .gradientTimesContrast: gradientTimesContrast
    }
  }
}

/// Scores of all channels for one segment; all zero if it is empty.
///
/// - Parameters:
///   - gradients: [N, D] float64, of which the rows of the segment are read.
///   - features: [N, D] float64.
///   - segment: its position in `moments`.
package func channelScores(
  gradients: NDArray, features: NDArray, segment: Int, moments: ChannelMoments, names: [String]
) -> [ChannelScores] {
  let nodes = moments.segments[segment]
  let channels = names.count
  var sum = [Double](repeating: 0, count: channels)
  var (absolute, square, product) = (sum, sum, sum)
  gradients.withUnsafeBufferPointer(as: Double.self) { g in
    features.withUnsafeBufferPointer(as: Double.self) { x in
      for node in nodes {
        for channel in 0..<channels {
          let (gradient, value) = (g[node * channels + channel], x[node * channels + channel])
          sum[channel] += gradient
          absolute[channel] += abs(gradient)
          square[channel] += gradient * gradient
          product[channel] += gradient * value
        }
      }
    }
  }
  // Of an empty segment all sums are zero.
  let count = Double(max(1, nodes.count))
  return names.enumerated().map { index, name in
    let mean = sum[index] / count
    let variance = max(0, square[index] / count - mean * mean) * count / max(1, count - 1)
    let spread = moments.variance(index)
    return ChannelScores(
      index: index, name: name,
      distinctiveness: spread > 0 ? absolute[index] / count * moments.margin(segment, index) / spread : 0,
      meanSigned: mean, standardError: nodes.count > 1 ? (variance / count).squareRoot() : nil,
      meanAbsolute: absolute[index] / count, rootMeanSquare: (square[index] / count).squareRoot(),
      gradientTimesInput: product[index] / count, gradientTimesContrast: mean * moments.contrast(segment, index))
  }
}

/// Channel indices by descending score; equal ones by index.
///
/// Descending value, not magnitude: for the signed aggregations it finds more planted channels.
package func rankedChannels(_ scores: [ChannelScores], by aggregation: ChannelAggregation) -> [Int] {
  scores.indices.sorted { a, b in
    let (x, y) = (scores[a][aggregation], scores[b][aggregation])
    return x == y ? a < b : x > y
  }
}
