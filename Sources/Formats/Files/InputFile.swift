import Foundation

/// A regular file, open for reading from front to back.
struct InputFile: ~Copyable, ByteSource {
  let path: String
  /// Size in bytes when the file was opened.
  let byteCount: Int
  private(set) var remaining: Int
  private let descriptor: Int32

  /// Opens `path`. Throws ``FormatError`` if it is missing, not a regular file, empty, or may not be read.
  init(_ path: String) throws(FormatError) {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { throw Self.unreadable(path, errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw Self.unreadable(path, code)
    }
    let type = status.st_mode & S_IFMT
    guard type == S_IFREG, status.st_size > 0 else {
      close(descriptor)
      if type == S_IFDIR { throw FormatError(.unreadable, path: path, found: "a folder", expected: "a file") }
      if type != S_IFREG { throw FormatError(.unreadable, path: path, found: "a pipe or device", expected: "a regular file") }
      throw FormatError(.empty, path: path, found: "an empty file", expected: "an array or a picture")
    }
    self.path = path
    self.descriptor = descriptor
    byteCount = Int(status.st_size)
    remaining = byteCount
  }

  deinit { close(descriptor) }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
    var offset = 0
    while offset < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[offset...])
      // Linux reads at most 2 GiB at once.
      let count = Foundation.read(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
      if count < 0 && errno == EINTR { continue }
      if count < 0 { throw Self.unreadable(path, errno) }
      if count == 0 {
        let found = "the end after \(byteCount - remaining + offset) bytes"
        throw FormatError(.malformed, path: path, found: found, expected: "\(buffer.count - offset) bytes more")
      }
      offset += count
    }
    remaining = max(0, remaining - buffer.count)
  }

  /// Moves on by `count` bytes without reading them.
  mutating func skip(_ count: Int) throws(FormatError) {
    guard count <= remaining else {
      throw FormatError(.malformed, path: path, found: "\(remaining) bytes", expected: "more than \(count)")
    }
    if lseek(descriptor, off_t(count), SEEK_CUR) < 0 { throw Self.unreadable(path, errno) }
    remaining -= count
  }

  /// The first bytes of the file, up to `count`, without moving on.
  func peek(_ count: Int) throws(FormatError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: min(count, byteCount))
    let got = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    if got < 0 { throw Self.unreadable(path, errno) }
    return Array(bytes.prefix(got))
  }

  /// All bytes that are left, at most `limit`.
  mutating func readAll(limit: Int) throws(FormatError) -> [UInt8] {
    guard remaining <= limit else {
      throw FormatError(
        .tooLarge, path: path, found: "\(remaining) bytes", expected: "at most \(limit) bytes in a file of this kind")
    }
    return try read(remaining, of: "content")
  }

  private static func unreadable(_ path: String, _ code: Int32) -> FormatError {
    let found =
      switch code {
      case ENOENT, ENOTDIR: "no such file"
      case EACCES, EPERM: "a file that may not be read"
      default: "an input error (\(String(cString: strerror(code))))"
      }
    return FormatError(.unreadable, path: path, found: found, expected: "a readable file")
  }
}
