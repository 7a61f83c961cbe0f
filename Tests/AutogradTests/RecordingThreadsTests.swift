import Autograd
import Foundation
import Synchronization
import Testing

/// Records and gradients on several threads at once; `make sanitize` runs these under the thread sanitiser.
@Suite struct RecordingThreadsTests {
  @Test func gradientsThroughASharedRecord() throws {
    let x = Tensor([0.1, 0.2, 0.3]).recorded()
    var y = x
    for _ in 0..<50 { y = tanh(y * 1.1) }
    let shared = y
    let expected = try shared.gradient(for: [x], cotangent: Tensor([1, 2, 3]))[0].doubles
    let failures = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 16) { _ in
      // Each thread hangs a record of its own on the shared one, and lets go of it.
      let result = try? (shared * 2).gradient(for: [x], cotangent: Tensor([0.5, 1, 1.5]))[0].doubles
      if result != expected { failures.withLock { $0 += 1 } }
    }
    #expect(failures.withLock { $0 } == 0)
  }

  /// The last reference to a long chain may go on any thread.
  @Test func chainsAreFreedOnAnyThread() {
    for _ in 0..<20 {
      var y = Tensor([1]).recorded()
      for _ in 0..<200 { y = y + 1 }
      let ends = (0..<4).map { y * Double($0) }
      DispatchQueue.concurrentPerform(iterations: 4) { thread in
        var own: Tensor? = ends[thread] + 1
        own = nil
        _ = own
      }
    }
  }

  @Test func recordingIsATasksOwn() {
    let x = Tensor([2]).recorded()
    let wrong = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 32) { index in
      let isRecorded = index % 2 == 0 ? square(x).isRecorded : Recording.off { square(x).isRecorded }
      if isRecorded != (index % 2 == 0) { wrong.withLock { $0 += 1 } }
    }
    #expect(wrong.withLock { $0 } == 0)
  }
}
