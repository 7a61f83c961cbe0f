import Autograd
import Synchronization

/// A network made ready to be evaluated on pictures of one size, in float32, without a record: batch normalisation folded into
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
  private let result: Shape

  /// Pictures that one thread takes at a time.
  private static let pieceSize = 4

  /// - Parameter shape: [N, channels, H, W].
  /// `nil` if the network has a layer, or a shape, that plans do not have: it is then evaluated layer by layer.
  init?(_ network: Network, shape: Shape) {
    guard shape.rank == 4, shape.elementCount > 0 else { return nil }
    input = PlanProgram.Extents(channels: shape[1], height: shape[2], width: shape[3])
    guard let program = PlanCompiler.program(for: network, input: input) else { return nil }
    output = program.extents[program.output]
    let groups = program.independentGroups
    self.groups = groups
    let parts = (0..<groups).map { program.group($0, of: groups) }
    // Enough pieces for many threads, where there are pictures enough.
    let size = groups > 1 ? 1 : max(1, min(Self.pieceSize, shape[0] / 8))
    cut = stride(from: 0, to: shape[0], by: size).map { $0..<min(shape[0], $0 + size) }
    let strides = (
      input: input.channels * input.height * input.width, output: output.channels * output.height * output.width
    )
    var engines: [PlanEngine] = []
    for batch in Set(cut.map(\.count)).sorted(by: >) {
      guard let engine = PlanEngine(parts, batch: batch, imageStrides: strides) else { return nil }
      engines.append(engine)
    }
    self.engines = engines
    result =
      program.isFlat
      ? [shape[0], strides.output] : [shape[0], output.channels, output.height, output.width]
  }

  /// The network's output for a batch of the shape that the plan is for; `nil` if a kernel failed.
  func run(_ x: NDArray) -> NDArray? {
    let failed = Atomic<Bool>(false)
    let (xArea, yArea) = (input.height * input.width, output.height * output.width)
    let (xGroup, yGroup) = (input.channels / groups * xArea, output.channels / groups * yArea)
    let y = NDArray.building(result, as: Float.self) { target in
      x.withUnsafeBufferPointer(as: Float.self) { source in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        Parallel.forEach(cut.count * groups) { task in
          let (piece, group) = task.quotientAndRemainder(dividingBy: groups)
          let images = cut[piece]
          let engine = engines.first { $0.batch == images.count } ?? engines[0]
          let isDone = engine.run(
            group: group, from + images.lowerBound * input.channels * xArea + group * xGroup,
            to + images.lowerBound * output.channels * yArea + group * yGroup)
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
    /// `nil`: there is none for this shape.
    let plan: InferencePlan?
  }

  /// The most recent last.
  private let entries = Mutex<[Entry]>([])

  /// Shapes that are remembered.
  private static let limit = 4

  func plan(for network: Network, shape: Shape) -> InferencePlan? {
    let known = entries.withLock { entries -> Entry? in
      guard let place = entries.firstIndex(where: { $0.shape == shape }) else { return nil }
      let entry = entries.remove(at: place)
      entries.append(entry)
      return entry
    }
    if let known { return known.plan }
    let plan = InferencePlan(network, shape: shape)
    entries.withLock { entries in
      if entries.count >= Self.limit { entries.removeFirst() }
      entries.append(Entry(shape: shape, plan: plan))
    }
    return plan
  }
}
