import Foundation
import Synchronization

/// The writing end of a pipe on which signals are told; −1 if nobody listens.
private let signalPipe = Atomic<Int32>(-1)

/// Ctrl-C and SIGTERM while there is something to be saved: the first one does that and ends the program with 128 and the
/// signal's number as its status, the next one ends it at once.
struct Interruption {
  private static let signals = [SIGINT, SIGTERM]
  /// Those that the program was not started to ignore.
  private var heard: [Int32] = []

  /// - Parameter save: called on a thread of its own, beside whatever the program is doing. Not for a signal that the program was
  ///   started to ignore.
  init(_ save: @escaping @Sendable () -> Void) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let reading = ends[0]
    signalPipe.store(ends[1], ordering: .sequentiallyConsistent)
    Thread.detachNewThread {
      var number: UInt8 = 0
      guard read(reading, &number, 1) == 1 else { return }
      save()
      _exit(128 + Int32(number))
    }
    for number in Self.signals {
      // Only what may be done in a signal's handler.
      let before = signal(number) { number in
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
        var byte = UInt8(truncatingIfNeeded: number)
        _ = write(signalPipe.load(ordering: .sequentiallyConsistent), &byte, 1)
      }
      if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
        signal(number, SIG_IGN)
      } else {
        heard.append(number)
      }
    }
  }

  /// There is nothing left to be saved.
  func end() {
    for number in heard { signal(number, SIG_DFL) }
  }
}

/// What a shell takes for this argument.
func shellQuoted(_ argument: String) -> String {
  let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,+@%-")
  if !argument.isEmpty && argument.allSatisfy(plain.contains) { return argument }
  return "'" + argument.replacingOccurrences(of: "'", with: "'\\''") + "'"
}
