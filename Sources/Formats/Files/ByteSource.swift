/// Bytes read front to back, from a file or from an entry of an archive.
protocol ByteSource: ~Copyable {
  /// What error messages call it.
  var path: String { get }
  /// Bytes that are left by the container's own account (the file's size, the archive's directory):
  /// whatever a header promises is held against this before memory is taken for it.
  var remaining: Int { get }
  /// Fills all of `buffer`. Throws ``FormatError`` if fewer bytes are left.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(FormatError)
}

extension ByteSource where Self: ~Copyable {
  /// The next `count` bytes, which must be left.
  mutating func read(_ count: Int, of what: String) throws(FormatError) -> [UInt8] {
    guard count <= remaining else {
      throw FormatError(.malformed, path: path, found: "\(remaining) bytes", expected: "\(count) bytes of \(what)")
    }
    var failure: FormatError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      do throws(FormatError) {
        try read(into: UnsafeMutableRawBufferPointer(buffer))
        initialized = count
      } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }
}
