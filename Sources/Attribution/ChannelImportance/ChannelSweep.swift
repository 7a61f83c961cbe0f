import Formats
import Networks

/// All cells through the network, once for their embeddings and as often as the plan needs for their ablations.
struct ChannelSweep: Sendable {
  let network: Network
  let source: PatchSource
  let plan: AblationPlan
  let baselines: [ChannelBaseline]
  /// Channels that are taken away at once: each by itself, in their order, then groups.
  let units: [[Int]]
  /// Where they must be known before the sweep; otherwise it finds them.
  let statistics: ChannelStatistics?
  let seed: UInt64
  /// Whether 1 − cos is computed as the notebook does, in the network's precision, where it cancels.
  let asInSeed: Bool

  struct Outcome: Sendable {
    /// [cells, features].
    let embeddings: NDArray
    let statistics: ChannelStatistics
    let baselines: [Ablated]
  }

  /// What one baseline gave.
  struct Ablated: Sendable {
    /// [cells, units] float64.
    let distances: NDArray
    /// The mean over cells for each two channels, [channels, channels]; for separable networks.
    let pairs: NDArray?
  }

  /// Bytes of activations that are in memory at a time.
  private static let activationLimit = 256 << 20

  /// Whether means of channels are needed before the first cell is ablated.
  static func needsStatistics(_ plan: AblationPlan, _ baselines: [ChannelBaseline]) -> Bool {
    plan.strategy != .separable && baselines.contains(.channelMean)
  }

  /// Numbers that are kept of each cell.
  private struct Widths {
    let features: Int
    /// Of distances; none where they follow from features.
    let distances: Int
  }

  /// - Parameter earlier: what a sweep that stopped has found, from the first cell on.
  func run(resuming earlier: [AblationProgress], _ observe: AblationObserver) throws(ChannelStudyError) -> Outcome {
    let count = source.count
    let widths = Widths(
      features: try featureCount(), distances: plan.strategy == .separable ? 0 : baselines.count * units.count)
    var (distances, moments) = (NDArray.zeros([0], dtype: .float64), PixelMoments(channels: source.channels))
    let features = try NDArray.buildingBytes([count, widths.features], source.dtype) { (bytes) throws(ChannelStudyError) in
      let rows = SweepRows(bytes: bytes, rowBytes: widths.features * source.dtype.byteCount, order: source.order)
      distances = try NDArray.buildingBytes([count, widths.distances], .float64) { (bytes) throws(ChannelStudyError) in
        let turns = SweepRows(bytes: bytes, rowBytes: widths.distances * 8, order: source.order)
        moments = try fill(rows, turns, widths, earlier, observe)
      }
    }
    return try outcome(features, distances, statistics ?? ChannelStatistics(moments))
  }

  private func fill(
    _ features: SweepRows, _ distances: SweepRows, _ widths: Widths, _ earlier: [AblationProgress],
    _ observe: AblationObserver
  ) throws(ChannelStudyError) -> PixelMoments {
    let (order, batchSize) = (source.order, try batchSize())
    var (done, moments) = (0, PixelMoments(channels: source.channels))
    for part in earlier {
      let end = done + part.count
      let isWhole = end == order.count || end < order.count && end % batchSize == 0
      guard isWhole, let known = PixelMoments(part.moments, channels: source.channels),
        part.features.shape == [part.count, widths.features], part.features.dtype == source.dtype,
        part.distances.shape == [part.count, widths.distances], part.distances.dtype == .float64
      else { throw .invalidInput("partial results: found \(end) of \(order.count) cells, expected a multiple of \(batchSize)") }
      features.set(part.features, from: done)
      distances.set(part.distances, from: done)
      (done, moments) = (end, known)
    }
    let reader = BatchReader(source)
    func cells(_ first: Int) -> [Int] { Array(order[min(first, order.count)..<min(first + batchSize, order.count)]) }
    reader.request(cells(done))
    while done < order.count {
      let batch = cells(done)
      let patches = try reader.next()
      reader.request(cells(done + batch.count))
      try moments.add(patches, of: batch)
      let (found, turns) = try evaluate(patches, batch)
      features.set(found, from: done)
      if widths.distances > 0 { distances.set(NDArray(turns, shape: [batch.count, widths.distances]), from: done) }
      done += batch.count
      do throws(FormatError) {
        try observe(done, order.count) { first in
          AblationProgress(
            features: features.rows(first..<done, width: widths.features, source.dtype),
            distances: distances.rows(first..<done, width: widths.distances, .float64), moments: moments.array)
        }
      } catch {
        throw .data(error)
      }
    }
    return moments
  }

  private func outcome(
    _ features: NDArray, _ distances: NDArray, _ statistics: ChannelStatistics
  ) throws(ChannelStudyError) -> Outcome {
    guard case .separable(let separable) = plan.work else {
      let results = baselines.indices.map { index -> Ablated in
        if baselines.count == 1 { return Ablated(distances: distances, pairs: nil) }
        let part = Tensor(distances).sliced(1, from: index * units.count, to: (index + 1) * units.count)
        return Ablated(distances: part.value, pairs: nil)
      }
      return Outcome(embeddings: features, statistics: statistics, baselines: results)
    }
    var results: [Ablated] = []
    for baseline in baselines {
      let replacement =
        baseline.isConstant ? try self.features(separable.network, of: statistics.mean.map { baseline.constant(mean: $0) }) : nil
      let donors = baseline.isConstant ? [] : baseline.donors(count: source.count, seed: seed)
      if let map = separable.map {
        let ablation = FusedAblation(
          features: features, blocks: separable.blocks, map: map, replacement: replacement, donors: donors)
        let found = ablation.result(units)
        results.append(Ablated(distances: found.distances, pairs: found.pairs))
      } else {
        let ablation = SeparableAblation(
          embeddings: features, features: separable.blocks, replacement: replacement, donors: donors)
        results.append(Ablated(distances: ablation.distances(units), pairs: ablation.pairSensitivity()))
      }
    }
    let embeddings = separable.map.map { $0.mapping(features) } ?? features
    return Outcome(embeddings: embeddings, statistics: statistics, baselines: results)
  }

  /// The features of a cell whose channels are all constant: one cell for all channels of a separable network.
  private func features(_ network: Network, of constants: [Double]) throws(ChannelStudyError) -> [Double] {
    let pixel = Tensor(constants, shape: [1, source.channels, 1, 1], dtype: source.dtype)
    return try run(network, pixel.broadcast(to: [1, source.channels, source.size.height, source.size.width])).doubles
  }

  /// What is kept of each cell.
  private func featureCount() throws(ChannelStudyError) -> Int {
    let shape: Shape = [1, source.channels, source.size.height, source.size.width]
    let network = if case .separable(let features) = plan.work { features.network } else { network }
    return try run(network, Tensor(.zeros(shape, dtype: source.dtype))).count
  }

  private func batchSize() throws(ChannelStudyError) -> Int {
    let shape: Shape = [1, source.channels, source.size.height, source.size.width]
    do throws(NetworkError) {
      let largest = try network.table(for: [network.inputs[0].name: shape]).flatMap(\.shapes).map(\.elementCount).max() ?? 1
      return max(1, min(64, Self.activationLimit / max(1, 3 * largest * source.dtype.byteCount)))
    } catch {
      throw .network(error)
    }
  }
}
