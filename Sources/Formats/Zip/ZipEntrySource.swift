import CZip
import Foundation

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

  /// Moves on by `count` bytes, which must be left: by a jump where the entry is stored, else by reading.
  mutating func skip(_ count: Int) throws(FormatError) {
    guard count > 0 else { return }
    if zip_fseek(file, zip_int64_t(count), SEEK_CUR) == 0 {
      remaining = max(0, remaining - count)
      return
    }
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: min(count, 1 << 16), alignment: 1)
    defer { chunk.deallocate() }
    var rest = count
    while rest > 0 {
      let part = min(rest, chunk.count)
      try read(into: UnsafeMutableRawBufferPointer(rebasing: chunk[..<part]))
      rest -= part
    }
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
