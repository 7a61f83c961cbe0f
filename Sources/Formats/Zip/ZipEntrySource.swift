import CZip

/// The decompressed bytes of one entry, from front to back.
struct ZipEntrySource: ~Copyable, ByteSource {
  let path: String
  private(set) var remaining: Int
  private let file: OpaquePointer

  /// Takes over `file`.
  init(file: OpaquePointer, path: String, byteCount: Int) {
    self.file = file
    self.path = path
    remaining = byteCount
  }

  deinit { zip_fclose(file) }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
    var offset = 0
    while offset < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[offset...])
      guard let address = rest.baseAddress else { break }
      let count = Int(zip_fread(file, address, UInt64(min(rest.count, 1 << 30))))
      if count < 0 { throw damaged() }
      if count == 0 {
        throw FormatError(
          .malformed, path: path, found: "the end \(buffer.count - offset) bytes early",
          expected: "the size that the archive states")
      }
      offset += count
    }
    remaining = max(0, remaining - buffer.count)
  }

  /// Throws ``FormatError`` unless the entry ends here and has the checksum that the archive states (which libzip
  /// compares when it meets the end).
  mutating func finish() throws(FormatError) {
    var byte: UInt8 = 0
    let count = zip_fread(file, &byte, 1)
    if count < 0 { throw damaged() }
    if count > 0 {
      throw FormatError(.malformed, path: path, found: "more bytes than the archive states", expected: "the end of the entry")
    }
  }

  private func damaged() -> FormatError {
    let reason = String(cString: zip_file_strerror(file))
    return FormatError(.malformed, path: path, found: "damaged data (\(reason))", expected: "a sound entry")
  }
}
