import CZip
import Synchronization
import TensorCore

/// A zip archive open for reading, by libzip. Entries are read one at a time, from any thread.
final class ZipArchive: Sendable {
  struct Entry: Sendable {
    let index: UInt64
    let name: String
    /// Bytes after and before decompression, as the archive's directory states them.
    let byteCount: Int
    let compressedByteCount: Int
    let method: UInt16
    let isEncrypted: Bool
  }

  let path: String
  let entries: [Entry]
  private let byteCount: Int
  private let handle: Mutex<Handle>

  /// Opens the archive `path` of `byteCount` bytes. Throws ``FormatError`` if its directory cannot be read.
  init(_ path: String, byteCount: Int) throws(FormatError) {
    let handle = try Handle(path)
    entries = try handle.entries(path)
    self.path = path
    self.byteCount = byteCount
    self.handle = Mutex(handle)
  }

  /// Runs `body` on the decompressed bytes of `entry`; `name` is what error messages call it.
  /// Throws ``FormatError`` if the entry cannot be read, or states a size that its compressed bytes cannot have.
  func withEntry<R: Sendable>(
    _ entry: Entry, name: String, _ body: (inout ZipEntrySource) throws(FormatError) -> R
  ) throws(FormatError) -> R {
    try check(entry, name: name)
    return try handle.withLock { (handle) throws(FormatError) in
      guard let file = zip_fopen_index(handle.archive, entry.index, 0) else {
        throw FormatError(.malformed, path: name, found: "a damaged entry (\(handle.message))", expected: "a sound archive")
      }
      var source = ZipEntrySource(file: file, path: name, byteCount: entry.byteCount)
      return try body(&source)
    }
  }

  /// Deflate spends at least one bit on 129 bytes, so an entry cannot grow by more than about 1032; one that states more is
  /// a lie, and memory must not be taken for it.
  private func check(_ entry: Entry, name: String) throws(FormatError) {
    if entry.isEncrypted {
      throw FormatError(.unsupported, path: name, found: "an encrypted entry", expected: "one without a password")
    }
    let bound: Int
    switch Int32(entry.method) {
    case ZIP_CM_STORE: bound = entry.compressedByteCount
    case ZIP_CM_DEFLATE: bound = entry.compressedByteCount.multipliedReportingOverflow(by: 1032).partialValue &+ 1024
    default:
      throw FormatError(
        .unsupported, path: name, found: "compression method \(entry.method)", expected: "a stored or deflated entry")
    }
    guard entry.compressedByteCount <= byteCount, entry.byteCount <= bound else {
      throw FormatError(
        .malformed, path: name, found: "an entry that states \(entry.compressedByteCount) bytes, \(entry.byteCount) decompressed",
        expected: "sizes that are possible in an archive of \(byteCount) bytes")
    }
  }
}

/// The owner of libzip's archive.
private struct Handle: ~Copyable, @unchecked Sendable {
  let archive: OpaquePointer

  init(_ path: String) throws(FormatError) {
    var code: Int32 = 0
    guard let archive = zip_open(path, ZIP_RDONLY, &code) else {
      var error = zip_error_t()
      zip_error_init_with_code(&error, code)
      let reason = String(cString: zip_error_strerror(&error))
      zip_error_fini(&error)
      throw FormatError(
        .malformed, path: path, found: "a zip archive whose directory is missing or damaged (\(reason))",
        expected: "a whole zip archive")
    }
    self.archive = archive
  }

  deinit { zip_discard(archive) }

  /// The last error, in words.
  var message: String { String(cString: zip_strerror(archive)) }

  func entries(_ path: String) throws(FormatError) -> [ZipArchive.Entry] {
    var entries: [ZipArchive.Entry] = []
    for index in 0..<UInt64(max(0, zip_get_num_entries(archive, 0))) {
      var status = zip_stat_t()
      let needed = UInt64(ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD)
      guard zip_stat_index(archive, index, 0, &status) == 0, status.valid & needed == needed, let name = status.name,
        let size = Int(exactly: status.size), let compressed = Int(exactly: status.comp_size)
      else {
        throw FormatError(
          .malformed, path: path, found: "a zip archive whose entry \(index) is damaged", expected: "a whole zip archive")
      }
      entries.append(
        .init(
          index: index, name: String(cString: name), byteCount: size, compressedByteCount: compressed,
          method: status.comp_method, isEncrypted: status.encryption_method != 0))
    }
    return entries
  }
}
