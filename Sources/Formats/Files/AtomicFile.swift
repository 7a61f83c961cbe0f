import Foundation

/// Writes files such that nothing half-written ever stands under its final name: content goes to a temporary name in
/// the same folder, to the disk, and is renamed then.
public enum AtomicFile {
  /// Writes `bytes`. A device or a pipe (`/dev/stdout`), which renaming would destroy, is written to directly.
  public static func write(_ bytes: [UInt8], to path: String) throws(FormatError) {
    try bytes.withUnsafeBufferPointer { (buffer) throws(FormatError) in
      try write([UnsafeRawBufferPointer(buffer)], to: path)
    }
  }

  /// Writes `parts` one after another, so that a large array needs no copy with its header before it.
  static func write(_ parts: [UnsafeRawBufferPointer], to path: String) throws(FormatError) {
    if let type = fileType(path), type != S_IFREG, type != S_IFDIR {
      return try writeAll(parts, to: path, named: path)
    }
    try replace(path) { (temporary) throws(FormatError) in try writeAll(parts, to: temporary, named: path) }
  }

  /// Writes `text` in UTF-8, in the same way.
  public static func write(_ text: String, to path: String) throws(FormatError) {
    try write(Array(text.utf8), to: path)
  }

  /// Runs `body` on the name of an empty file beside `path`, then renames that file to `path`. If `body` throws, nothing
  /// is left behind and what stood at `path` before still stands. A link is followed; a folder, a device or a pipe
  /// is refused.
  public static func replace(_ path: String, _ body: (String) throws(FormatError) -> Void) throws(FormatError) {
    let final = resolved(path)
    var status = stat()
    let exists = stat(final, &status) == 0
    if exists && status.st_mode & S_IFMT != S_IFREG {
      let found = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "a pipe or device"
      throw FormatError(.unwritable, path: path, found: found, expected: "the name of a file")
    }
    let temporary = try createTemporary(beside: final, named: path)
    do throws(FormatError) {
      try body(temporary)
      if exists { chmod(temporary, status.st_mode & 0o777) }
      try synchronize(temporary, named: path)
      if rename(temporary, final) != 0 { throw unwritable(path, errno) }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// The type bits of what stands at `path`, links followed; `nil` if nothing does.
  private static func fileType(_ path: String) -> mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  /// `path` with its links followed, so that a rename replaces the file and not the link to it.
  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  /// Creates an empty file with the permissions that the user's mask gives (`mkstemp` would make it private).
  private static func createTemporary(beside final: String, named path: String) throws(FormatError) -> String {
    let slash = final.lastIndex(of: "/")
    let folder = slash.map { String(final[...$0]) } ?? ""
    for _ in 0..<16 {
      // A hidden name which does not contain the final one: that could be as long as names may be.
      let name = "\(folder).clew-\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
      let descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 {
        close(descriptor)
        return name
      }
      if errno != EEXIST { throw unwritable(path, errno) }
    }
    throw unwritable(path, EEXIST)
  }

  private static func writeAll(_ parts: [UnsafeRawBufferPointer], to name: String, named path: String) throws(FormatError) {
    let descriptor = open(name, O_WRONLY | O_CLOEXEC)
    if descriptor < 0 { throw unwritable(path, errno) }
    for bytes in parts {
      var offset = 0
      while offset < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
        let count = Foundation.write(descriptor, rest.baseAddress, min(rest.count, 1 << 30))
        let code = errno
        if count < 0 && code == EINTR { continue }
        if count < 0 {
          close(descriptor)
          throw unwritable(path, code)
        }
        offset += count
      }
    }
    if close(descriptor) != 0 { throw unwritable(path, errno) }
  }

  /// Brings content to the disk before the name: otherwise a power failure could leave the name with nothing in it.
  private static func synchronize(_ name: String, named path: String) throws(FormatError) {
    let descriptor = open(name, O_RDONLY | O_CLOEXEC)
    if descriptor < 0 { throw unwritable(path, errno) }
    let status = fsync(descriptor)
    let code = errno
    close(descriptor)
    // EINVAL: a file system that does not know the request.
    if status != 0 && code != EINVAL { throw unwritable(path, code) }
  }

  private static func unwritable(_ path: String, _ code: Int32) -> FormatError {
    let found =
      switch code {
      case ENOENT, ENOTDIR: "no such folder"
      case EACCES, EPERM, EROFS: "a folder that may not be written to"
      case ENOSPC, EDQUOT: "no space left"
      default: "an output error (\(String(cString: strerror(code))))"
      }
    return FormatError(.unwritable, path: path, found: found, expected: "a place to write to")
  }
}
