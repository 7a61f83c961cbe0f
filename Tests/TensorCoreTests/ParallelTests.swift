import CKernels
import Foundation
import Synchronization
import TensorCore
import Testing

/// Our own threading; `make sanitize` runs these under the thread sanitiser.
@Suite(.serialized) struct ParallelTests {
  /// Runs `body` at several numbers of threads.
  private func atEachThreadCount<R>(_ body: () throws -> R) rethrows -> [R] {
    let before = Parallel.threadCount
    defer { Parallel.threadCount = before }
    return try [1, 2, 3, 8].map { threads in
      Parallel.threadCount = threads
      return try body()
    }
  }

  private func array(_ shape: Shape, seed: UInt64 = 1, _ dtype: DType = .float32) -> NDArray {
    var random = RandomSource(seed: seed)
    return NDArray(random.normals(shape.elementCount), shape: shape).converted(to: dtype)
  }

  @Test func everyIndexComesOnce() {
    for count in [0, 1, 2, 7, 1000] {
      for visits in atEachThreadCount({
        let visits = (0..<count).map { _ in Counter() }
        Parallel.forEach(count) { visits[$0].add() }
        return visits.map(\.value)
      }) { #expect(visits == Array(repeating: 1, count: count)) }
    }
  }

  @Test func chunksCoverTheRange() {
    for (count, size) in [(0, 5), (1, 5), (5, 5), (6, 5), (1000, 7)] {
      for chunks in atEachThreadCount({
        let chunks = Mutex<[Range<Int>]>([])
        Parallel.forEachChunk(of: count, size: size) { chunk in chunks.withLock { $0.append(chunk) } }
        return chunks.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
      }) {
        #expect(chunks.flatMap { Array($0) } == Array(0..<count) && chunks.allSatisfy { $0.count <= size })
      }
    }
  }

  @Test func loopsNest() {
    let total = Counter()
    Parallel.forEach(20) { _ in Parallel.forEach(30) { _ in total.add() } }
    #expect(total.value == 600)
  }

  /// Several chunks each, with sums among them whose order decides the last bits.
  @Test func sameBitsAtAnyNumberOfThreads() throws {
    let (x, y) = (array([3, 70_001]), array([3, 70_001], seed: 2))
    let matrix = array([300, 200], .float64)
    for operation in [
      { NDArray.zip(CK_MULTIPLY, x.map(CK_TANH), y) }, { x.reduced(CK_SUM, [0, 1], keepingAxes: false) },
      { x.reduced(CK_SUM, [0], keepingAxes: false) }, { x.reduced(CK_SUM, [1], keepingAxes: true) },
      { x.softmax(axis: 1, logarithm: false) }, { x.softmax(axis: 0, logarithm: true) },
      { x.logSumExp([1], keepingAxes: false) }, { x.permuted([1, 0]) }, { x.cumulativeSum(axis: 1, reversed: false) },
      { NDArray.matmul(matrix, matrix, transposeA: true, transposeB: false) },
      { x.reshaped(to: [3, 1, 70_001]).standardized(epsilon: 1e-5).values },
    ] as [() -> NDArray] {
      let results = atEachThreadCount(operation)
      for result in results { #expect(result == results[0]) }
    }
  }

  /// Arrays are made, shared and freed on many threads at once.
  @Test func arraysMoveBetweenThreads() {
    let shared = array([5000])
    let expected = NDArray.zip(CK_ADD, shared.map(CK_EXP), shared)
    let failures = Counter()
    DispatchQueue.concurrentPerform(iterations: 64) { _ in
      let result = NDArray.zip(CK_ADD, shared.map(CK_EXP), shared)
      if result != expected { failures.add() }
    }
    #expect(failures.value == 0)
  }
}

private final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  var value: Int { count.load(ordering: .relaxed) }
  func add() { count.wrappingAdd(1, ordering: .relaxed) }
}
