import CHDF5Worker
import Foundation

/// What the worker answers, read from front to back over the borders of frames.
struct HDF5Answer: ~Copyable, ByteSource {
  /// The worker is gone.
  struct Lost: Error {}

  let path: String
  /// What a reader of elements may expect: set by who knows.
  var remaining = 0
  /// The answer has come to its end, good or bad, and the next question may be asked.
  private(set) var isEnded = false
  private(set) var isLost = false
  private let descriptor: Int32
  private let writes: Bool
  /// Bytes left in the current frame.
  private var left = 0

  init(descriptor: Int32, path: String, writes: Bool) {
    self.descriptor = descriptor
    self.path = path
    self.writes = writes
  }

  /// Whether bytes follow. Throws ``FormatError`` where the worker reports a failure, or is gone.
  mutating func hasMore() throws(FormatError) -> Bool {
    while left == 0 && !isEnded {
      var head = clew_hdf5_frame()
      try withUnsafeMutableBytes(of: &head) { (bytes) throws(FormatError) in try receive(bytes) }
      guard head.length <= 1 << 40 else { throw lost() }
      switch Int(head.code) {
      case CLEW_HDF5_DATA: left = Int(head.length)
      case CLEW_HDF5_END: isEnded = true
      default: throw try failure(head)
      }
    }
    return !isEnded
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
    var offset = 0
    while offset < buffer.count {
      guard try hasMore() else { throw lost() }
      let part = min(left, buffer.count - offset)
      try receive(UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<(offset + part)]))
      left -= part
      offset += part
    }
    remaining -= buffer.count
  }

  /// Throws ``FormatError`` unless the answer ends here, and well.
  mutating func finish() throws(FormatError) {
    if try hasMore() { throw lost() }
  }

  mutating func byte() throws(FormatError) -> UInt8 { try number(UInt8.self) }

  mutating func integer() throws(FormatError) -> Int {
    guard let value = Int(exactly: try number(UInt64.self)) else {
      throw FormatError(.malformed, path: path, found: "an extent of 2^63 or more", expected: "a dataset that fits in memory")
    }
    return value
  }

  mutating func count() throws(FormatError) -> Int { Int(try number(UInt32.self)) }

  /// A text. What is not UTF-8 in it becomes a replacement character.
  mutating func text() throws(FormatError) -> String {
    let length = try count()
    remaining = length
    return String(decoding: try read(length, of: "a text"), as: UTF8.self)
  }

  private mutating func number<T: FixedWidthInteger>(_: T.Type) throws(FormatError) -> T {
    var value: T = 0
    try withUnsafeMutableBytes(of: &value) { (bytes) throws(FormatError) in try read(into: bytes) }
    return value
  }

  private mutating func receive(_ buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
    var offset = 0
    while offset < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[offset...])
      let count = Foundation.read(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { throw lost() }
      offset += count
    }
  }

  /// The error is a placeholder: the worker's end says more, and whoever asked puts it in.
  private mutating func lost() -> FormatError {
    isLost = true
    return FormatError(.malformed, path: path, found: "no answer", expected: "one from the HDF5 library")
  }

  private mutating func failure(_ head: clew_hdf5_frame) throws(FormatError) -> FormatError {
    var bytes = [UInt8](repeating: 0, count: min(Int(head.length), 1 << 12))
    var failure: FormatError?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(FormatError) { try receive(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
    isEnded = true
    let text = String(decoding: bytes, as: UTF8.self)
    switch Int(head.code) {
    case CLEW_HDF5_UNSUPPORTED: return FormatError(.unsupported, path: path, found: text, expected: HDF5File.readable)
    case CLEW_HDF5_TOO_LARGE: return FormatError(.tooLarge, path: path, found: text, expected: "less")
    case CLEW_HDF5_UNKNOWN_NAME: return FormatError(.unknownKey, path: path, found: text, expected: "one that the file holds")
    case CLEW_HDF5_UNWRITABLE:
      return FormatError(.unwritable, path: path, found: "an HDF5 error (\(text))", expected: "a written HDF5 file")
    default: return FormatError(.malformed, path: path, found: "damaged HDF5 (\(text))", expected: "a whole HDF5 file")
    }
  }
}
