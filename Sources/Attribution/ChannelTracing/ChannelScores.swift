import Foundation
@_exported import SpectralClustering

/// How the gradients of one channel, over the nodes of a segment, become one number.
///
/// With g the gradient of the segment's objective and x the features, both on the segment's own nodes.
public enum ChannelAggregation: String, Sendable, CaseIterable {
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
  public let index: Int
  public let name: String
  /// Objective per unit of the channel.
  public let meanSigned: Double
  /// Standard error of ``meanSigned`` over the segment's nodes, taken as independent; `nil` for a single node.
  public let standardError: Double?
  public let meanAbsolute: Double
  public let rootMeanSquare: Double
  public let gradientTimesInput: Double
  public let gradientTimesContrast: Double

  public subscript(aggregation: ChannelAggregation) -> Double {
    switch aggregation {
    case .meanSigned: meanSigned
    case .meanAbsolute: meanAbsolute
    case .rootMeanSquare: rootMeanSquare
    case .gradientTimesInput: gradientTimesInput
    case .gradientTimesContrast: gradientTimesContrast
    }
  }
}

/// Scores of all channels on some nodes.
///
/// - Parameters:
///   - gradients: [N, D] float64, of which the rows of `nodes` are read.
///   - features: [N, D].
///   - totals: the sum of each channel over all nodes.
package func channelScores(
  gradients: NDArray, features: NDArray, nodes: [Int], names: [String], totals: [Double]
) -> [ChannelScores] {
  let channels = names.count
  var sum = [Double](repeating: 0, count: channels)
  var (absolute, square, product, inside) = (sum, sum, sum, sum)
  gradients.withUnsafeBufferPointer(as: Double.self) { g in
    features.withUnsafeBufferPointer(as: Double.self) { x in
      for node in nodes {
        for channel in 0..<channels {
          let (gradient, value) = (g[node * channels + channel], x[node * channels + channel])
          sum[channel] += gradient
          absolute[channel] += abs(gradient)
          square[channel] += gradient * gradient
          product[channel] += gradient * value
          inside[channel] += value
        }
      }
    }
  }
  let (count, outside) = (Double(nodes.count), Double(features.shape[0] - nodes.count))
  if nodes.isEmpty {
    return names.enumerated().map { index, name in
      ChannelScores(
        index: index, name: name, meanSigned: 0, standardError: nil, meanAbsolute: 0, rootMeanSquare: 0,
        gradientTimesInput: 0, gradientTimesContrast: 0)
    }
  }
  return names.enumerated().map { index, name in
    let mean = sum[index] / count
    let variance = max(0, square[index] / count - mean * mean) * count / max(1, count - 1)
    let contrast = inside[index] / count - (outside > 0 ? (totals[index] - inside[index]) / outside : 0)
    return ChannelScores(
      index: index, name: name, meanSigned: mean, standardError: count > 1 ? (variance / count).squareRoot() : nil,
      meanAbsolute: absolute[index] / count, rootMeanSquare: (square[index] / count).squareRoot(),
      gradientTimesInput: product[index] / count, gradientTimesContrast: mean * contrast)
  }
}
