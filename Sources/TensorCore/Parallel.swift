import Foundation
import Synchronization

/// Parallel loops over chunks that are fixed by the problem, never by the number of threads,
/// so that the same bits come out however many threads there are.
public enum Parallel {
  private static let configuredThreads = Atomic<Int>(0)

  /// How many threads loops may use. Defaults to the number of processors.
  public static var threadCount: Int {
    get {
      let configured = configuredThreads.load(ordering: .relaxed)
      return configured > 0 ? configured : processorCount
    }
    set { configuredThreads.store(max(1, newValue), ordering: .relaxed) }
  }

  private static let processorCount = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

  @TaskLocal private static var isInside = false

  /// Runs `body(0)` … `body(count - 1)`, in any order and possibly at the same time. A nested loop runs on its caller's thread.
  public static func forEach(_ count: Int, _ body: (Int) -> Void) {
    let threads = min(threadCount, count)
    if threads <= 1 || isInside {
      for index in 0..<count { body(index) }
      return
    }
    let next = Atomic<Int>(0)
    withoutActuallyEscaping(body) { body in
      let work = UncheckedSendable(body)
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        $isInside.withValue(true) {
          while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if index >= count { break }
            work.value(index)
          }
        }
      }
    }
  }

  /// Cuts `0..<count` into pieces of `size` and runs `body` on each.
  public static func forEachChunk(of count: Int, size: Int, _ body: (Range<Int>) -> Void) {
    if count <= size {  // The usual case of small arrays, at the cost of a call.
      if count > 0 { body(0..<count) }
      return
    }
    let chunks = (count + size - 1) / size
    forEach(chunks) { chunk in body(chunk * size..<min(count, (chunk + 1) * size)) }
  }
}

/// Carries a value past the compiler's concurrency check where the surrounding code guarantees that chunks do not overlap.
public struct UncheckedSendable<Value>: @unchecked Sendable {
  public let value: Value
  public init(_ value: Value) { self.value = value }
}
