/// Bytes in memory, which the caller keeps in place.
struct MemorySource: ByteSource {
  let path: String
  private var bytes: UnsafeRawBufferPointer
  var remaining: Int { bytes.count }

  init(bytes: UnsafeRawBufferPointer, path: String) {
    self.bytes = bytes
    self.path = path
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
    guard buffer.count <= bytes.count else {
      throw FormatError(.malformed, path: path, found: "\(bytes.count) bytes", expected: "\(buffer.count)")
    }
    buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<buffer.count]))
    bytes = UnsafeRawBufferPointer(rebasing: bytes[buffer.count...])
  }
}
