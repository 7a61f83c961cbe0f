import CHDF5Worker
import Foundation
import Synchronization

/// The HDF5 library, in a process of its own that is started when it is first asked for. If a damaged file brings it down, the
/// question that did so fails, and the next one starts another.
final class HDF5Worker: Sendable {
  private struct Connection: ~Copyable {
    let descriptor: Int32
    let process: Int32

    /// Ends the process; the signal that had ended it before, or 0.
    consuming func stop() -> Int32 { clew_hdf5_stop(descriptor, process) }
  }

  /// The file that errors name, and the one that is opened: the former, or what will be renamed to it.
  private let path: String
  private let file: String
  private let writes: Bool
  private let connection: Mutex<Connection?>

  init(_ path: String, file: String, writes: Bool) {
    self.path = path
    self.file = file
    self.writes = writes
    connection = Mutex(nil)
  }

  deinit {
    connection.withLock { connection in
      if let open = connection.take() { _ = open.stop() }
    }
  }

  /// Asks, and runs `body` on the answer. `name` is what errors call that which is asked for.
  func ask<R: Sendable>(
    _ code: Int, _ request: HDF5Request = HDF5Request(), payload: UnsafeRawBufferPointer? = nil, name: String,
    _ body: (inout HDF5Answer) throws(FormatError) -> R
  ) throws(FormatError) -> R {
    try connection.withLock { (connection) throws(FormatError) in
      let open: Connection
      if let running = connection.take() { open = running } else { open = try start() }
      do throws(HDF5Answer.Lost) {
        try request.send(code, payload: payload, to: open.descriptor)
      } catch {
        throw crashed(open.stop())
      }
      var answer = HDF5Answer(descriptor: open.descriptor, path: name, writes: writes)
      do throws(FormatError) {
        let result = try body(&answer)
        try answer.finish()
        connection = consume open
        return result
      } catch {
        if answer.isEnded {
          connection = consume open
          throw error
        }
        let signal = open.stop()
        if answer.isLost { throw crashed(signal) }
        throw error
      }
    }
  }

  private func start() throws(FormatError) -> Connection {
    var (descriptor, process): (Int32, Int32) = (-1, -1)
    let code = clew_hdf5_start(file, writes ? 1 : 0, &descriptor, &process)
    if code != 0 {
      throw FormatError(
        .unreadable, path: path, found: "no process for the HDF5 library (\(String(cString: strerror(code))))",
        expected: "one more process")
    }
    let connection = Connection(descriptor: descriptor, process: process)
    var answer = HDF5Answer(descriptor: descriptor, path: path, writes: writes)
    do throws(FormatError) {
      try answer.finish()
      return connection
    } catch {
      let signal = connection.stop()
      if answer.isLost { throw crashed(signal) }
      throw error
    }
  }

  private func crashed(_ signal: Int32) -> FormatError {
    let end = signal == SIGXCPU ? "does not come to an end" : signal == 0 ? "gives up" : "fails (signal \(signal))"
    if writes {
      return FormatError(.unwritable, path: path, found: "an HDF5 library that \(end)", expected: "a written file")
    }
    return FormatError(
      .malformed, path: path, found: "a file on which the HDF5 library \(end)", expected: "a whole HDF5 file")
  }
}

/// A question to the worker: numbers and texts in a row.
struct HDF5Request {
  private var bytes: [UInt8] = []

  mutating func add(_ number: UInt32) { withUnsafeBytes(of: number) { bytes += $0 } }
  mutating func add(_ number: Int) { withUnsafeBytes(of: UInt64(number)) { bytes += $0 } }
  mutating func add(_ text: String) {
    add(UInt32(text.utf8.count))
    bytes += text.utf8
  }
  /// Their number, then the numbers.
  mutating func add(counted numbers: [Int]) {
    add(UInt32(numbers.count))
    for number in numbers { add(number) }
  }

  func send(_ code: Int, payload: UnsafeRawBufferPointer?, to descriptor: Int32) throws(HDF5Answer.Lost) {
    let head = clew_hdf5_frame(code: UInt32(code), reserved: 0, length: UInt64(bytes.count + (payload?.count ?? 0)))
    var isLost = false
    withUnsafeBytes(of: head) { isLost = isLost || !Self.sendAll($0, to: descriptor) }
    bytes.withUnsafeBytes { isLost = isLost || !Self.sendAll($0, to: descriptor) }
    if let payload { isLost = isLost || !Self.sendAll(payload, to: descriptor) }
    if isLost { throw HDF5Answer.Lost() }
  }

  private static func sendAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var offset = 0
    while offset < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
      // A worker that died must not end this process by SIGPIPE.
      let count = Foundation.send(descriptor, rest.baseAddress, min(rest.count, 1 << 30), Int32(MSG_NOSIGNAL))
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return false }
      offset += count
    }
    return true
  }
}
