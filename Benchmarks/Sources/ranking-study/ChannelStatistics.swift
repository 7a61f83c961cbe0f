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
  /// Mean of x inside − the nearest of the other segments' means.
  let nearest: Double
  /// Mean of x inside − the highest of the other segments' means.
  let lead: Double
  /// The lowest of the other segments' means − mean of x inside.
  let lag: Double
  /// By how much the segment's mean is beyond those of all other segments, above or below; negative if it lies between them.
  var margin: Double { max(lead, lag) }
  /// The margin with the sign of the direction; 0 if the segment's mean lies between the others.
  var signedMargin: Double { lead > 0 ? lead : lag > 0 ? -lag : 0 }
  /// |contrast| over the sum of all segments' |contrast| of the channel.
  let share: Double
  /// Standard deviation of x over all nodes.
  let deviation: Double
  /// √ of the mean of the variances inside and outside.
  let pooledDeviation: Double

  /// Of all channels for every segment; empty for an empty segment.
  static func all(_ trace: ChannelTrace, features: [Double]) -> [[ChannelStatistics]] {
    let gradients = trace.gradients.doubles
    let means = SegmentMeans(trace, features: features)
    return trace.segments.map { segment in
      segment.nodes.isEmpty
        ? []
        : segment.channels.map { scores in
          ChannelStatistics(
            scores, segment.id, trace.assignment, means, features: features, gradients: gradients)
        }
    }
  }

  private init(
    _ scores: ChannelScores, _ segment: Int, _ assignment: [Int], _ segmentMeans: SegmentMeans, features: [Double],
    gradients: [Double]
  ) {
    self.scores = scores
    let channels = segmentMeans.channels
    // Relative to the first value, so that the squares of an offset do not cancel.
    let origin = features[scores.index]
    var (count, sum, square) = ([0.0, 0.0], [0.0, 0.0], [0.0, 0.0])
    var (positive, absolute, product) = (0.0, 0.0, 0.0)
    for (node, id) in assignment.enumerated() {
      let inside = id == segment
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
    let own = segmentMeans[segment, scores.index]
    let others = segmentMeans.occupied.filter { $0 != segment }.map { segmentMeans[$0, scores.index] }
    nearest = own - (others.min { abs($0 - own) < abs($1 - own) } ?? own)
    lead = own - (others.max() ?? own)
    lag = (others.min() ?? own) - own
    let contrasts = segmentMeans.occupied.map { abs(segmentMeans.contrast($0, scores.index)) }
    share = abs(contrast) / max(contrasts.reduce(0, +), 1e-300)
    deviation = variance(count[0] + count[1], sum[0] + sum[1], square[0] + square[1]).squareRoot()
    pooledDeviation =
      ((variance(count[0], sum[0], square[0]) + variance(count[1], sum[1], square[1])) / 2).squareRoot()
  }
}

/// The mean of every channel in every segment.
struct SegmentMeans {
  let channels: Int
  /// The segments that have nodes.
  let occupied: [Int]
  private let sums: [Double]
  private let counts: [Double]
  private let totals: [Double]

  init(_ trace: ChannelTrace, features: [Double]) {
    channels = trace.channelNames.count
    occupied = trace.segments.filter { !$0.nodes.isEmpty }.map(\.id)
    var sums = [Double](repeating: 0, count: trace.segments.count * channels)
    var totals = [Double](repeating: 0, count: channels)
    for (node, id) in trace.assignment.enumerated() {
      for channel in 0..<channels {
        sums[id * channels + channel] += features[node * channels + channel]
        totals[channel] += features[node * channels + channel]
      }
    }
    self.sums = sums
    self.totals = totals
    counts = trace.segments.map { Double($0.size) }
  }

  subscript(segment: Int, channel: Int) -> Double { sums[segment * channels + channel] / counts[segment] }

  /// Mean inside − mean outside.
  func contrast(_ segment: Int, _ channel: Int) -> Double {
    let outside = counts.reduce(0, +) - counts[segment]
    return self[segment, channel] - (outside > 0 ? (totals[channel] - sums[segment * channels + channel]) / outside : 0)
  }
}
