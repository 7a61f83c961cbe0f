import Networks

/// What takes the place of a channel that is taken away.
public enum ChannelBaseline: Sendable, Equatable, CustomStringConvertible {
  /// 0 everywhere.
  case zero
  /// The channel's mean over all pixels of the selected patches, padding included.
  case channelMean
  /// A given value, in the unit of the pixels that the network reads.
  case value(Double)
  /// The channel of another cell, each cell's being used once.
  case permuted
  /// The channel of another cell, drawn with replacement.
  case resampled

  public var description: String {
    switch self {
    case .zero: "zero"
    case .channelMean: "channelMean"
    case .value(let value): "\(value)"
    case .permuted: "permuted"
    case .resampled: "resampled"
    }
  }

  /// Whether it is the same for all cells.
  var isConstant: Bool { self != .permuted && self != .resampled }

  /// The value for a channel with the given mean; 0 where it differs from cell to cell.
  func constant(mean: Double) -> Double {
    switch self {
    case .channelMean: mean
    case .value(let value): value
    case .zero, .permuted, .resampled: 0
    }
  }

  /// For each cell the one whose channel it gets. A single cell has only itself.
  func donors(count: Int, seed: UInt64) -> [Int] {
    var random = RandomSource(seed: seed, stream: 1)
    guard count > 1 else { return Array(0..<count) }
    if self == .resampled {
      return (0..<count).map { cell in
        let other = random.index(below: count - 1)
        return other < cell ? other : other + 1
      }
    }
    // A random cycle: nobody keeps his own.
    let order = random.permutation(count)
    var result = order
    for place in order.indices { result[order[place]] = order[(place + 1) % count] }
    return result
  }
}
