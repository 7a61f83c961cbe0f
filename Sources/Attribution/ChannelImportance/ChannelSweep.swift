import Foundation
import Formats
import Networks

/// How far a sweep has come: what it takes to go on later and end with the same bytes.
public struct AblationProgress: Sendable {
  /// Embeddings of the cells done, in the order of the sweep, [cells, features].
  public let embeddings: NDArray
  /// 1 − cos of the cells done, [cells, baselines × channels] float64; without columns where they follow from the embeddings.
  public let distances: NDArray

  public init(embeddings: NDArray, distances: NDArray) {
    (self.embeddings, self.distances) = (embeddings, distances)
  }

  public var done: Int { embeddings.shape[0] }
}

/// Called after each piece of the sweep: cells done, cells in all, and the state, which costs a copy.
public typealias AblationObserver = (_ done: Int, _ count: Int, _ state: () -> AblationProgress) throws(FormatError) -> Void

/// All cells through the network, once for their embeddings and as often as the plan needs for their ablations.
struct ChannelSweep: Sendable {
  let network: Network
  let source: PatchSource
  let plan: AblationPlan
  let baselines: [ChannelBaseline]
  let statistics: ChannelStatistics
  let seed: UInt64

  struct Outcome: Sendable {
    /// [cells, features].
    let embeddings: NDArray
    /// [cells, channels] float64 for each baseline.
    let distances: [NDArray]
  }

  /// Bytes of activations that are in memory at a time.
  private static let activationLimit = 256 << 20

  func run(resuming start: AblationProgress?, _ observe: AblationObserver) throws(ChannelStudyError) -> Outcome {
    let order = source.order
    let batchSize = try batchSize()
    let width = plan.strategy == .separable ? 0 : baselines.count * source.channels
    var embeddings: [NDArray] = []
    var distances: [Double] = []
    var done = 0
    if let start, start.done > 0 {
      (embeddings, distances, done) = ([start.embeddings], start.distances.doubles, start.done)
      let isWhole = done == order.count || done < order.count && done % batchSize == 0
      guard isWhole, distances.count == done * width else {
        throw .invalidInput("partial results: found \(done) of \(order.count) cells, expected a multiple of \(batchSize)")
      }
    }
    let donors = baselines.map { $0.constants(statistics) == nil ? $0.donors(count: source.count, seed: seed) : [] }
    let reader = BatchReader(source)
    func cells(_ first: Int) -> [Int] { Array(order[min(first, order.count)..<min(first + batchSize, order.count)]) }
    reader.request(cells(done))
    while done < order.count {
      let batch = cells(done)
      let patches = try reader.next()
      reader.request(cells(done + batch.count))
      let (embedding, part) = try evaluate(patches, batch, donors)
      embeddings.append(embedding)
      distances += part
      done += batch.count
      do throws(FormatError) {
        try observe(done, order.count) {
          AblationProgress(
            embeddings: Self.joined(embeddings), distances: NDArray(distances, shape: [done, width]))
        }
      } catch {
        throw .data(error)
      }
    }
    return try outcome(Self.joined(embeddings), distances, donors)
  }

  /// Back in the order of the cells.
  private func outcome(_ sorted: NDArray, _ distances: [Double], _ donors: [[Int]]) throws(ChannelStudyError) -> Outcome {
    let place = PatchSource.places(in: source.order)
    let isSorted = place == Array(0..<source.count)
    let embeddings = isSorted ? sorted : Tensor(sorted).gathering(place, along: 0).value
    let channels = source.channels
    if case .separable(let features) = plan.work {
      var results: [NDArray] = []
      for (baseline, donors) in zip(baselines, donors) {
        let pieces = try SeparableAblation(
          embeddings: embeddings, features: features, replacement: replacement(baseline), donors: donors)
        results.append(pieces.distances())
      }
      return Outcome(embeddings: embeddings, distances: results)
    }
    let width = baselines.count * channels
    let results = baselines.indices.map { index -> NDArray in
      var table: [Double] = []
      for position in place {
        let first = position * width + index * channels
        table += distances[first..<first + channels]
      }
      return NDArray(table, shape: [source.count, channels])
    }
    return Outcome(embeddings: embeddings, distances: results)
  }

  /// The features of a cell whose channels are all replaced by constants: one cell for all channels of a separable network.
  func replacement(_ baseline: ChannelBaseline) throws(ChannelStudyError) -> [Double]? {
    guard let constants = baseline.constants(statistics) else { return nil }
    let values = Tensor(constants, shape: [1, source.channels, 1, 1], dtype: source.dtype)
    return try run(network, values.broadcast(to: [1, source.channels, source.size.height, source.size.width])).doubles
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

  /// Embeddings of a batch, [cells, features], and for each of its cells the distances, baseline by baseline.
  private func evaluate(
    _ patches: NDArray, _ cells: [Int], _ donors: [[Int]]
  ) throws(ChannelStudyError) -> (NDArray, [Double]) {
    let x = Tensor(patches)
    var stem: Tensor?
    let output: Tensor
    if case .linearStem(_, let head, let tail) = plan.work {
      let y = try run(head, x)
      stem = y
      output = try run(tail, y)
    } else {
      output = try run(network, x)
    }
    let embedding = output.reshaped(to: [cells.count, output.count / cells.count]).value
    guard embedding.doubles.allSatisfy(\.isFinite) else {
      throw .invalidInput("network: found an embedding that is not finite, expected finite numbers")
    }
    if plan.strategy == .separable { return (embedding, []) }
    let width = baselines.count * source.channels
    var distances = [Double](repeating: 0, count: cells.count * width)
    for (index, baseline) in baselines.enumerated() {
      let constants = baseline.constants(statistics)
      let other = try constants == nil ? Tensor(source.patches(cells.map { donors[index][$0] })) : nil
      for channel in 0..<source.channels {
        let value: Tensor
        if let other {
          value = other.sliced(1, from: channel, to: channel + 1)
        } else {
          value = Tensor(repeating: constants?[channel] ?? 0, shape: [1, 1, 1, 1], dtype: source.dtype)
        }
        let changed = try ablated(x, stem, channel, value)
        for (place, distance) in Self.distances(embedding, changed).enumerated() {
          distances[place * width + index * source.channels + channel] = distance
        }
      }
    }
    return (embedding, distances)
  }

  /// The embeddings of `x` with one channel replaced by `value`.
  private func ablated(
    _ x: Tensor, _ stemOutput: Tensor?, _ channel: Int, _ value: Tensor
  ) throws(ChannelStudyError) -> NDArray {
    let output: Tensor
    if case .linearStem(let stem, _, let tail) = plan.work, let y = stemOutput {
      let difference = x.sliced(1, from: channel, to: channel + 1) - value
      let contribution: Tensor
      do throws(NetworkError) { contribution = try stem.contribution(difference, of: channel) } catch { throw .network(error) }
      let range = stem.outputs(of: channel)
      if range.count == y.shape[1] {
        output = try run(tail, y - contribution)
      } else {
        let part = y.sliced(1, from: range.lowerBound, to: range.upperBound) - contribution
        let pieces = [y.sliced(1, from: 0, to: range.lowerBound), part, y.sliced(1, from: range.upperBound, to: y.shape[1])]
        output = try run(tail, concatenated(pieces.filter { $0.count > 0 }, along: 1))
      }
    } else {
      let plane = value.broadcast(to: [x.shape[0], 1, x.shape[2], x.shape[3]])
      let pieces = [x.sliced(1, from: 0, to: channel), plane, x.sliced(1, from: channel + 1, to: x.shape[1])]
      output = try run(network, concatenated(pieces.filter { $0.count > 0 }, along: 1))
    }
    return output.reshaped(to: [x.shape[0], output.count / x.shape[0]]).value
  }

  private func run(_ network: Network, _ x: Tensor) throws(ChannelStudyError) -> Tensor {
    do throws(NetworkError) { return try network(x) } catch { throw .network(error) }
  }

  private static func joined(_ arrays: [NDArray]) -> NDArray {
    arrays.count == 1 ? arrays[0] : concatenated(arrays.map { Tensor($0) }, along: 0).value
  }

  /// Row by row.
  private static func distances(_ a: NDArray, _ b: NDArray) -> [Double] {
    let (rows, width) = (a.shape[0], a.shape[1])
    return a.doubles.withUnsafeBufferPointer { a in
      b.doubles.withUnsafeBufferPointer { b in
        (0..<rows).map { row in
          let range = row * width..<(row + 1) * width
          return CosineDistance.value(UnsafeBufferPointer(rebasing: a[range]), UnsafeBufferPointer(rebasing: b[range]))
        }
      }
    }
  }
}

/// Reads the next batch while the last one is being computed.
private final class BatchReader: @unchecked Sendable {
  private let source: PatchSource
  private let queue = DispatchQueue(label: "clew.patches")
  // Written on the queue, read after waiting for it.
  private var result: Result<NDArray, ChannelStudyError>?

  init(_ source: PatchSource) { self.source = source }

  func request(_ cells: [Int]) {
    if cells.isEmpty { return }
    queue.async { [self] in
      do throws(ChannelStudyError) { result = .success(try source.patches(cells)) } catch { result = .failure(error) }
    }
  }

  /// What was requested.
  func next() throws(ChannelStudyError) -> NDArray {
    let finished = queue.sync { result }
    guard let finished else { throw .invalidInput("patches: found no batch, expected one") }
    return try finished.get()
  }
}
