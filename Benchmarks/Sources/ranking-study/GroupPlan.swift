import Clew
import Foundation

/// Which node belongs to which group, and how much each planted channel differs in each group: what the generators without
/// a picture share.
struct GroupPlan {
  let factors: Factors
  let channels: Int
  /// The group of each node.
  let regions: [Int]
  let planted: [[Int]]
  /// [channel][group]: 0 where the channel is as everywhere; at most 1 in magnitude. Zero for channels that are not planted.
  let shifts: [[Double]]
  /// Factor of each channel.
  let gains: [Double]

  /// - Parameter signed: half of the planted channels are lower in their group instead of higher.
  init(_ factors: Factors, nodes: Int, signed: Bool, source: inout RandomSource) {
    self.factors = factors
    let (groups, perGroup) = (factors.regions, factors.plantedPerRegion)
    channels = groups * perGroup + factors.uninformative
    let weights = (0..<groups).map { _ in 0.5 + source.uniform() }
    let total = weights.reduce(0, +)
    var ends: [Double] = []
    for weight in weights { ends.append((ends.last ?? 0) + weight / total * Double(nodes)) }
    regions = (0..<nodes).map { node in ends.firstIndex { Double(node) < $0 } ?? groups - 1 }

    // So that no method can gain from the order of the channels.
    var order = Array(0..<channels)
    order.shuffle(using: &source)
    var planted = [[Int]](repeating: [], count: groups)
    var shifts = [[Double]](repeating: [Double](repeating: 0, count: groups), count: channels)
    for group in 0..<groups {
      for rank in 0..<perGroup {
        let channel = order[group * perGroup + rank]
        let position = perGroup > 1 ? Double(rank) / Double(perGroup - 1) : 0
        let strength = (signed && source.uniform() < 0.5 ? -1 : 1) / (1 + position)
        let other = (group + 1 + Int(source.uniform() * Double(groups - 1))) % groups
        planted[group].append(channel)
        shifts[channel][group] = strength
        shifts[channel][other] = strength * factors.overlap
      }
    }
    self.planted = planted
    self.shifts = shifts
    gains = (0..<channels).map { _ in exp(factors.gainSpread * source.normal()) }
  }

  /// [nodes, channels], filled channel by channel by `value(channel, node)`.
  func features(_ value: (Int, Int) -> Double) -> NDArray {
    var values = [Float](repeating: 0, count: regions.count * channels)
    for channel in 0..<channels {
      for node in regions.indices { values[node * channels + channel] = Float(value(channel, node)) }
    }
    return NDArray(values, shape: [regions.count, channels])
  }

  func isPlanted(_ channel: Int) -> Bool { shifts[channel].contains { $0 != 0 } }
}

/// gain · (offset + shift + noise).
func shiftedClusters(_ plan: GroupPlan, _ source: inout RandomSource) -> NDArray {
  var random = source
  let hidden = random.normals(plan.regions.count)
  let offsets = (0..<plan.channels).map { _ in 5 * random.normal() }
  // Of the channels that are not planted: how they vary, and how much.
  let kinds = (0..<plan.channels).map { _ in Int(4 * random.uniform()) }
  let spreads = (0..<plan.channels).map { _ in plan.factors.noise * (0.5 + random.uniform()) }
  let features = plan.features { channel, node in
    var value = offsets[channel] + plan.shifts[channel][plan.regions[node]] + plan.factors.noise * random.normal()
    if !plan.isPlanted(channel) {
      switch kinds[channel] {
      case 0: value += spreads[channel] * random.normal()
      case 1: value += spreads[channel] * random.normal() / max(0.5, abs(random.normal()))
      case 2: value += random.uniform() < 0.2 ? 2 * spreads[channel] : 0
      default: value += 0.5 * spreads[channel] * hidden[node]
      }
    }
    return plan.gains[channel] * value
  }
  source = random
  return features
}

/// log(1 + Poisson(rate)): the noise of a count is the root of its mean.
func logCounts(_ plan: GroupPlan, _ source: inout RandomSource) -> NDArray {
  var random = source
  // At this rate the root of the mean is `noise` of the largest planted difference, three times the rate.
  let base = 1 / (9 * plan.factors.noise * plan.factors.noise)
  let depths = plan.regions.map { _ in exp(0.2 * random.normal()) }
  let overdispersed = (0..<plan.channels).map { _ in random.uniform() < 0.3 }
  let features = plan.features { channel, node in
    var rate = base * plan.gains[channel] * depths[node] * (1 + 3 * plan.shifts[channel][plan.regions[node]])
    if !plan.isPlanted(channel) && overdispersed[channel] { rate *= exp(0.5 * random.normal()) }
    return log1p(random.poisson(rate))
  }
  source = random
  return features
}

extension RandomSource {
  /// Knuth's product of uniforms for small means, a rounded normal above.
  fileprivate mutating func poisson(_ mean: Double) -> Double {
    if mean > 40 { return max(0, (mean + mean.squareRoot() * normal()).rounded()) }
    let limit = exp(-mean)
    var (count, product) = (0.0, uniform())
    while product > limit {
      count += 1
      product *= uniform()
    }
    return count
  }
}
