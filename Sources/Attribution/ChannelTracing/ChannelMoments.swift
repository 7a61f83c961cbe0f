import TensorCore

/// Means and variances of the channels, by segment: what sets a segment apart before any gradient is taken.
package struct ChannelMoments: Sendable {
  /// The nodes of each segment; empty ones have no say.
  package let segments: [[Int]]
  private let channels: Int
  /// [segment][channel], relative to the first node, so that the squares of a large offset do not cancel and a constant
  /// channel gives exact zeros.
  private let means: [[Double]]
  private let totals: [Double]
  private let variances: [Double]
  private let nodeCount: Int

  /// - Parameters:
  ///   - features: [N, D] float64.
  ///   - segments: a partition of the nodes.
  package init(features: NDArray, segments: [[Int]]) {
    let (nodeCount, channels) = (features.shape[0], features.shape[1])
    var sums = [[Double]](repeating: [Double](repeating: 0, count: channels), count: segments.count)
    var (totals, squares) = ([Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels))
    features.withUnsafeBufferPointer(as: Double.self) { x in
      for (segment, nodes) in segments.enumerated() {
        var sum = [Double](repeating: 0, count: channels)
        for node in nodes {
          for channel in 0..<channels {
            let value = x[node * channels + channel] - x[channel]
            sum[channel] += value
            squares[channel] += value * value
          }
        }
        for channel in 0..<channels { totals[channel] += sum[channel] }
        sums[segment] = sum
      }
    }
    self.segments = segments
    self.channels = channels
    self.nodeCount = nodeCount
    self.totals = totals
    means = zip(sums, segments).map { sum, nodes in sum.map { $0 / Double(max(1, nodes.count)) } }
    let count = Double(max(1, nodeCount))
    variances = zip(squares, totals).map { max(0, $0 / count - ($1 / count) * ($1 / count)) }
  }

  /// Over all nodes.
  func variance(_ channel: Int) -> Double { variances[channel] }

  /// Mean inside − mean outside; 0 if there is nothing inside or nothing outside.
  func contrast(_ segment: Int, _ channel: Int) -> Double {
    let inside = segments[segment].count
    let outside = nodeCount - inside
    if inside == 0 || outside == 0 { return 0 }
    return means[segment][channel] - (totals[channel] - means[segment][channel] * Double(inside)) / Double(outside)
  }

  /// By how much the segment's mean is beyond those of all other segments, above or below; negative if it lies between them,
  /// 0 if there is no other.
  func margin(_ segment: Int, _ channel: Int) -> Double {
    if segments[segment].isEmpty { return 0 }
    var (lowest, highest) = (Double.infinity, -Double.infinity)
    for (other, nodes) in segments.enumerated() where other != segment && !nodes.isEmpty {
      lowest = min(lowest, means[other][channel])
      highest = max(highest, means[other][channel])
    }
    if lowest > highest { return 0 }
    let own = means[segment][channel]
    return max(own - highest, lowest - own)
  }
}
