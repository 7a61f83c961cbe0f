/// All sizes of one two-dimensional convolution, checked, with the cuts of its work that depend on nothing else.
package struct Convolution2DShape: Sendable, Hashable {
  package let batch: Int
  package let inputChannels: Int
  package let outputChannels: Int
  package let groups: Int
  package let input: Size2D
  package let output: Size2D
  package let window: Window2D

  /// - Parameters:
  ///   - input: [N, Cin, H, W].
  ///   - weight: [Cout, Cin/groups, kh, kw].
  package init(
    input: Shape, weight: Shape, stride: Size2D, padding: Size2D, dilation: Size2D, groups: Int, operation: String
  ) throws(TensorError) {
    let both = "input \(input) and weight \(weight)"
    guard input.rank == 4, weight.rank == 4 else {
      throw .shape(operation, "expected [N, Cin, H, W] and [Cout, Cin/groups, kh, kw], found \(both)")
    }
    guard groups >= 1 else { throw .argument(operation, "groups must be at least 1, found \(groups)") }
    guard input[1] == weight[1] * groups else {
      throw .shape(operation, "\(both): \(groups) × \(weight[1]) input channels expected, found \(input[1])")
    }
    guard weight[0] % groups == 0 else {
      throw .shape(operation, "\(both): \(weight[0]) output channels cannot be split into \(groups) groups")
    }
    (batch, inputChannels, outputChannels, self.groups) = (input[0], input[1], weight[0], groups)
    self.input = Size2D(input[2], input[3])
    window = Window2D(kernel: Size2D(weight[2], weight[3]), stride: stride, padding: padding, dilation: dilation)
    do { output = try window.outputSize(self.input, operation: operation) } catch {
      guard case .shape(_, let message) = error else { throw error }
      throw .shape(operation, "\(both): \(message)")
    }
  }

  package var inputShape: Shape { [batch, inputChannels, input.height, input.width] }
  package var weightShape: Shape {
    [outputChannels, inputChannels / groups, window.kernel.height, window.kernel.width]
  }
  package var outputShape: Shape { [batch, outputChannels, output.height, output.width] }

  /// Channels of one group.
  var inputDepth: Int { inputChannels / groups }
  var outputDepth: Int { outputChannels / groups }
  /// Taps of one output: the rows of the column matrix.
  var taps: Int { inputDepth * window.kernel.area }

  /// Whether the column matrix is the input itself: 1×1, stride 1, no padding.
  var isPointwise: Bool {
    window.kernel == Size2D(1, 1) && window.stride == Size2D(1, 1) && window.padding == Size2D(0, 0)
  }

  /// Whether some operand is empty, so that sums are over nothing.
  var isEmpty: Bool { batch == 0 || outputChannels == 0 || taps == 0 || output.area == 0 }
}

/// Elements of a column buffer: 1 MB in float32, so that it stays in a processor's own cache between writing and reading.
let columnBudget = 1 << 18

/// `0..<count` in pieces of nearly equal size, at most `size`: the cut depends on the problem alone.
struct EqualPieces {
  let count: Int
  let size: Int
  var pieces: Int { (count + size - 1) / size }

  init(_ count: Int, atMost size: Int) {
    let size = Swift.max(1, size)
    let pieces = Swift.max(1, (count + size - 1) / size)
    self.count = count
    self.size = Swift.max(1, (count + pieces - 1) / pieces)
  }

  subscript(index: Int) -> Range<Int> { index * size..<Swift.min(count, (index + 1) * size) }
}

extension Parallel {
  /// Runs `body` on ranges of units that each cost `work` multiply-adds; cheap ones share a task.
  static func forEachRange(of units: Int, work: Int, _ body: (Range<Int>) -> Void) {
    forEachChunk(of: units, size: max(1, (1 << 18) / max(1, work)), body)
  }
}

/// Uninitialised, cache-line-aligned memory for the time of `body`.
func withScratch<T>(_: T.Type, _ count: Int, _ body: (UnsafeMutablePointer<T>) -> Void) {
  // From the pool: fresh memory would be cleared page by page in every call.
  let (memory, capacity) = MemoryPool.shared.take(max(MemoryPool.smallest + 1, count * MemoryLayout<T>.stride))
  defer { MemoryPool.shared.give(memory, capacity: capacity) }
  body(memory.bindMemory(to: T.self, capacity: count))
}
