import Foundation
import Networks

extension ChannelSweep {
  /// What is kept of a batch, [cells, features], and for each of its cells the distances, baseline by baseline, unit by unit.
  func evaluate(_ patches: NDArray, _ cells: [Int]) throws(ChannelStudyError) -> (NDArray, [Double]) {
    let x = Tensor(patches)
    var stem: Tensor?
    let output: Tensor
    switch plan.work {
    case .separable(let features): output = try run(features.network, x)
    case .linearStem(let parts):
      let y = try run(parts.head, x)
      stem = y
      output = try run(parts.tail, parts.activated(y))
    case .full: output = try run(network, x)
    }
    let embedding = output.reshaped(to: [cells.count, output.count / cells.count]).value
    guard embedding.doubles.allSatisfy(\.isFinite) else {
      throw .invalidInput("network: found an embedding that is not finite, expected finite numbers")
    }
    if plan.strategy == .separable { return (embedding, []) }
    let width = baselines.count * units.count
    var distances = [Double](repeating: 0, count: cells.count * width)
    for (index, baseline) in baselines.enumerated() {
      var other: Tensor?
      if !baseline.isConstant {
        let donors = baseline.donors(count: source.count, seed: seed)
        other = Tensor(try source.patches(cells.map { donors[$0] }))
      }
      for (place, unit) in units.enumerated() {
        let values = unit.map { channel -> Tensor in
          if let other { return other.sliced(1, from: channel, to: channel + 1) }
          let constant = baseline.constant(mean: statistics?.mean[channel] ?? 0)
          return Tensor(repeating: constant, shape: [1, 1, 1, 1], dtype: source.dtype)
        }
        let changed = try ablated(x, stem, unit, values)
        for (cell, distance) in turns(embedding, changed).enumerated() {
          distances[cell * width + index * units.count + place] = distance
        }
      }
    }
    return (embedding, distances)
  }

  /// The embeddings of `x` with each channel of a unit replaced by its value.
  private func ablated(
    _ x: Tensor, _ stemOutput: Tensor?, _ unit: [Int], _ values: [Tensor]
  ) throws(ChannelStudyError) -> NDArray {
    let output: Tensor
    // What is left when all channels are gone must be theirs exactly, and not the rounding of a difference.
    if case .linearStem(let stem) = plan.work, let y = stemOutput, unit.count == 1, source.channels > 1 {
      let difference = x.sliced(1, from: unit[0], to: unit[0] + 1) - values[0]
      let changed: Tensor
      do throws(NetworkError) { changed = try stem.subtracting(difference, of: unit[0], from: y) } catch { throw .network(error) }
      output = try run(stem.tail, changed)
    } else {
      var changed = x
      for (channel, value) in zip(unit, values) {
        let plane = value.broadcast(to: [x.shape[0], 1, x.shape[2], x.shape[3]])
        let pieces = [
          changed.sliced(1, from: 0, to: channel), plane, changed.sliced(1, from: channel + 1, to: x.shape[1]),
        ]
        changed = concatenated(pieces.filter { $0.count > 0 }, along: 1)
      }
      output = try run(network, changed)
    }
    return output.reshaped(to: [x.shape[0], output.count / x.shape[0]]).value
  }

  func run(_ network: Network, _ x: Tensor) throws(ChannelStudyError) -> Tensor {
    do throws(NetworkError) { return try network(x) } catch { throw .network(error) }
  }

  /// Row by row.
  private func turns(_ a: NDArray, _ b: NDArray) -> [Double] {
    if asInSeed { return CosineDistance.asInSeed(a, b) }
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
final class BatchReader: @unchecked Sendable {
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
