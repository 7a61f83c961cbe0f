import Clew

/// What one channel looks like from one segment: the numbers that candidates combine. Sums are over the segment's nodes
/// unless said otherwise.
struct ChannelStatistics {
  /// What the library computes.
  let scores: ChannelScores
  /// mean max(g, 0)
  let meanPositive: Double
  /// mean |g·x|
  let absoluteProduct: Double
  /// mean g·(x − mean of x over all nodes)
  let centredProduct: Double
  /// mean g·(x − mean of x outside)
  let outsideProduct: Double
  /// Mean of x inside − mean outside.
  let contrast: Double
  /// Standard deviation of x over all nodes.
  let deviation: Double
  /// √ of the mean of the variances inside and outside.
  let pooledDeviation: Double

  /// Of all channels for the segment; it and its complement have at least one node each.
  static func all(_ trace: ChannelTrace, _ segment: ChannelTrace.Segment, features: [Double], gradients: [Double])
    -> [ChannelStatistics]
  {
    let isInside = trace.assignment.map { $0 == segment.id }
    return segment.channels.map { scores in
      ChannelStatistics(scores, isInside, features: features, gradients: gradients, channels: segment.channels.count)
    }
  }

  private init(_ scores: ChannelScores, _ isInside: [Bool], features: [Double], gradients: [Double], channels: Int) {
    self.scores = scores
    // Relative to the first value, so that the squares of an offset do not cancel.
    let origin = features[scores.index]
    var (count, sum, square) = ([0.0, 0.0], [0.0, 0.0], [0.0, 0.0])
    var (positive, absolute, product) = (0.0, 0.0, 0.0)
    for (node, inside) in isInside.enumerated() {
      let (x, g) = (features[node * channels + scores.index], gradients[node * channels + scores.index])
      let side = inside ? 0 : 1
      count[side] += 1
      sum[side] += x - origin
      square[side] += (x - origin) * (x - origin)
      if inside {
        positive += max(g, 0)
        absolute += abs(g * x)
        product += g * (x - origin)
      }
    }
    func variance(_ n: Double, _ sum: Double, _ square: Double) -> Double {
      n > 0 ? max(0, square / n - (sum / n) * (sum / n)) : 0
    }
    let means = [sum[0] / max(1, count[0]), sum[1] / max(1, count[1])]
    let overall = (sum[0] + sum[1]) / (count[0] + count[1])
    meanPositive = positive / max(1, count[0])
    absoluteProduct = absolute / max(1, count[0])
    centredProduct = product / max(1, count[0]) - scores.meanSigned * overall
    outsideProduct = product / max(1, count[0]) - scores.meanSigned * means[1]
    contrast = means[0] - means[1]
    deviation = variance(count[0] + count[1], sum[0] + sum[1], square[0] + square[1]).squareRoot()
    pooledDeviation =
      ((variance(count[0], sum[0], square[0]) + variance(count[1], sum[1], square[1])) / 2).squareRoot()
  }
}
