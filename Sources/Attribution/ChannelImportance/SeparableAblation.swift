import Networks

/// Ablations of a network in which each feature depends on one channel at most, read off its features: replacing a channel
/// replaces its block of features by that of the baseline, and leaves the others.
struct SeparableAblation: Sendable {
  private let values: NDArray
  private let features: [[Int]]
  private let replacement: [Double]?
  private let donors: [Int]

  /// - Parameters:
  ///   - embeddings: [cells, features].
  ///   - features: those of each channel.
  ///   - replacement: the features under a constant baseline; `nil`: those of `donors`.
  init(embeddings: NDArray, features: [[Int]], replacement: [Double]?, donors: [Int]) {
    values = embeddings
    (self.features, self.replacement, self.donors) = (features, replacement, donors)
  }

  /// What one channel, or several, contribute to the distance of one cell.
  private struct Block {
    /// ‖z_c − z⁰_c‖².
    var difference = 0.0
    /// (z_c − z⁰_c)·(z_c + z⁰_c) = ‖z_c‖² − ‖z⁰_c‖², without cancellation.
    var product = 0.0
    var own = 0.0
    var other = 0.0

    mutating func add(_ block: Block) {
      difference += block.difference
      product += block.product
      own += block.own
      other += block.other
    }
  }

  /// 1 − cos for each cell and unit of channels, [cells, units] float64.
  func distances(_ units: [[Int]]) -> NDArray {
    let channels = features.count
    return NDArray.building([values.shape[0], units.count], as: Double.self) { output in
      let target = UncheckedSendable(output)
      Parallel.forEachChunk(of: values.shape[0], size: 64) { cells in
        for cell in cells {
          let (blocks, constant) = blocks(of: cell)
          for (place, unit) in units.enumerated() {
            // The other blocks are added up anew: the difference of two sums would cancel where these are most of it.
            var rest = constant
            for index in 0..<channels where !unit.contains(index) { rest += blocks[index].own }
            var block = Block()
            for channel in unit { block.add(blocks[channel]) }
            target.value[cell * units.count + place] = CosineDistance.value(
              difference: block.difference, product: block.product, (rest + block.own).squareRoot(),
              (rest + block.other).squareRoot())
          }
        }
      }
    }
  }

  /// The mean over cells of 1 − cos for each two channels replaced at once, [channels, channels], symmetric; on the diagonal
  /// for the one channel.
  func pairSensitivity() -> NDArray {
    let channels = features.count
    let chunk = 64
    let count = values.shape[0]
    let chunks = (count + chunk - 1) / chunk
    let parts = NDArray.building([chunks, channels * channels], as: Double.self) { output in
      output.initialize(repeating: 0)
      let target = UncheckedSendable(output)
      Parallel.forEach(chunks) { part in
        for cell in part * chunk..<min(count, (part + 1) * chunk) {
          let (blocks, constant) = blocks(of: cell)
          let square = blocks.reduce(constant) { $0 + $1.own }
          for a in 0..<channels {
            for b in a..<channels {
              let difference = blocks[a].difference + (a == b ? 0 : blocks[b].difference)
              let product = blocks[a].product + (a == b ? 0 : blocks[b].product)
              target.value[part * channels * channels + a * channels + b] += CosineDistance.value(
                difference: difference, product: product, square.squareRoot(), max(0, square - product).squareRoot())
            }
          }
        }
      }
    }.doubles
    var result = [Double](repeating: 0, count: channels * channels)
    for part in 0..<chunks { for index in result.indices { result[index] += parts[part * result.count + index] } }
    for a in 0..<channels {
      for b in a..<channels {
        result[a * channels + b] /= Double(count)
        result[b * channels + a] = result[a * channels + b]
      }
    }
    return NDArray(result, shape: [channels, channels])
  }

  /// Of each channel, and the square of the features that depend on none.
  private func blocks(of cell: Int) -> ([Block], constant: Double) {
    let own = row(cell)
    let other = replacement ?? row(donors[cell])
    var total = own.reduce(0) { $0 + $1 * $1 }
    var blocks: [Block] = []
    var assigned = 0
    for indices in features {
      var block = Block()
      for index in indices {
        let (x, y) = (own[index], other[index])
        let delta = x - y
        block.difference += delta * delta
        block.product += delta * (x + y)
        block.own += x * x
        block.other += y * y
      }
      assigned += indices.count
      total -= block.own
      blocks.append(block)
    }
    return (blocks, constant: assigned == own.count ? 0 : max(0, total))
  }

  private func row(_ cell: Int) -> [Double] {
    let width = values.shape[1]
    func read<T: Scalar>(_: T.Type) -> [Double] {
      values.withUnsafeBufferPointer(as: T.self) { all in (cell * width..<(cell + 1) * width).map { all[$0].asDouble } }
    }
    return values.dtype == .float64 ? read(Double.self) : read(Float.self)
  }
}
