import Autograd
import Synchronization

/// A network made ready to be evaluated on pictures of one size, in float32, with constant weights: batch normalisation folded into
/// convolutions, bias, sums and activations done where a convolution writes, values kept in blocked layouts, memory planned once.
///
/// The batch is cut into a few pictures at a time, whatever the number of threads; each piece goes through the whole network on one
/// thread. Where all convolutions have the same groups, and channels so never meet, each group goes through by itself.
final class InferencePlan: Sendable {
  private let groups: Int
  private let cut: [Range<Int>]
  /// For the pieces, and for the last one if it is smaller.
  private let engines: [PlanEngine]
  private let input: PlanProgram.Extents
  private let output: PlanProgram.Extents
  private let inputShape: Shape
  /// Of the result.
  let result: Shape

  /// Pictures that one thread takes at a time.
  private static let pieceSize = 8

  /// - Parameters:
  ///   - shape: [N, channels, H, W].
  ///   - isDifferentiable: whether ``pullBack(_:kept:)`` will be asked for.
  /// `nil` if the network has a layer, or a shape, that plans do not have: it is then evaluated layer by layer.
  init?(_ network: Network, shape: Shape, isDifferentiable: Bool) {
    guard shape.rank == 4, shape.elementCount > 0 else { return nil }
    inputShape = shape
    input = PlanProgram.Extents(channels: shape[1], height: shape[2], width: shape[3])
    guard let compiled = PlanCompiler.program(for: network, input: input) else { return nil }
    let program = compiled.averagingEarly(isDifferentiable: isDifferentiable)
    output = program.extents[program.output]
    let groups = program.independentGroups
    self.groups = groups
    let parts = (0..<groups).map { program.group($0, of: groups) }
    // Enough pieces for many threads, where there are pictures enough. Of one group two fill oneDNN's larger tiles, and the cache.
    let size = groups > 1 ? min(2, shape[0]) : max(1, min(Self.pieceSize, shape[0] / 8))
    cut = stride(from: 0, to: shape[0], by: size).map { $0..<min(shape[0], $0 + size) }
    let strides = (
      input: input.channels * input.height * input.width, output: output.channels * output.height * output.width
    )
    var engines: [PlanEngine] = []
    for batch in Set(cut.map(\.count)).sorted(by: >) {
      guard let engine = PlanEngine(parts, batch: batch, strides: strides, keeps: isDifferentiable) else { return nil }
      engines.append(engine)
    }
    self.engines = engines
    result =
      program.isFlat
      ? [shape[0], strides.output] : [shape[0], output.channels, output.height, output.width]
  }

  /// Of what all runs of one batch keep for the way back.
  var keptShape: Shape { [cut.count * groups * keptBytes] }
  private var keptBytes: Int { engines.map(\.keptBytes).max() ?? 0 }

  /// The network's output for a batch of the shape that the plan is for, and what the way back needs (empty unless there is one); `nil`
  /// if a kernel failed.
  func run(_ x: NDArray) -> (y: NDArray, kept: NDArray)? {
    var y: NDArray?
    let kept = NDArray.buildingBytes(keptShape, .uint8) { kept in
      y = each(from: x, input, to: result, output) { engine, group, piece, from, to in
        engine.run(group: group, from, to, kept: kept.baseAddress.map { $0 + piece * keptBytes })
      }
    }
    return y.map { ($0, kept) }
  }

  /// The cotangent of the input for one of the result, of its shape.
  func pullBack(_ cotangent: NDArray, kept: NDArray) -> NDArray? {
    kept.withUnsafeBytes { kept in
      each(from: cotangent, output, to: inputShape, input) { engine, group, piece, from, to in
        // The way back only reads it.
        guard let start = UnsafeMutableRawPointer(mutating: kept.baseAddress) else { return false }
        return engine.runBack(group: group, from, to, kept: start + piece * keptBytes)
      }
    }
  }

  /// Runs `body` for every piece and group, each on its pictures and channels. `nil` if it was false once.
  private func each(
    from source: NDArray, _ read: PlanProgram.Extents, to shape: Shape, _ written: PlanProgram.Extents,
    _ body: (PlanEngine, _ group: Int, _ piece: Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Bool
  ) -> NDArray? {
    let failed = Atomic<Bool>(false)
    let (xArea, yArea) = (read.height * read.width, written.height * written.width)
    let (xGroup, yGroup) = (read.channels / groups * xArea, written.channels / groups * yArea)
    let y = NDArray.building(shape, as: Float.self) { target in
      source.withUnsafeBufferPointer(as: Float.self) { source in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        Parallel.forEach(cut.count * groups) { task in
          let (piece, group) = task.quotientAndRemainder(dividingBy: groups)
          let images = cut[piece]
          let engine = engines.first { $0.batch == images.count } ?? engines[0]
          let isDone = body(
            engine, group, task, from + images.lowerBound * read.channels * xArea + group * xGroup,
            to + images.lowerBound * written.channels * yArea + group * yGroup)
          if !isDone { failed.store(true, ordering: .relaxed) }
        }
      }
    }
    return failed.load(ordering: .relaxed) ? nil : y
  }
}

/// The plans of one network, by the shape of its input; shared by copies of the network, whose parameters are the same.
final class PlanCache: Sendable {
  private struct Entry: Sendable {
    let shape: Shape
    let isDifferentiable: Bool
    /// `nil`: there is none for this shape.
    let plan: InferencePlan?
  }

  /// The most recent last.
  private let entries = Mutex<[Entry]>([])

  /// Shapes that are remembered.
  private static let limit = 4

  func plan(for network: Network, shape: Shape, isDifferentiable: Bool) -> InferencePlan? {
    let known = entries.withLock { entries -> Entry? in
      let place = entries.firstIndex { $0.shape == shape && $0.isDifferentiable == isDifferentiable }
      guard let place else { return nil }
      let entry = entries.remove(at: place)
      entries.append(entry)
      return entry
    }
    if let known { return known.plan }
    let plan = InferencePlan(network, shape: shape, isDifferentiable: isDifferentiable)
    entries.withLock { entries in
      if entries.count >= Self.limit { entries.removeFirst() }
      entries.append(Entry(shape: shape, isDifferentiable: isDifferentiable, plan: plan))
    }
    return plan
  }
}
