import Foundation

/// Refuses arrays that no allocation could hold. An allocation that fails stops the program, which a file must not do.
enum MemoryLimit {
  /// Bytes of physical memory.
  static let physical = max(1 << 30, Int(sysconf(Int32(_SC_PHYS_PAGES))) * max(1, Int(sysconf(Int32(_SC_PAGESIZE)))))

  static func check(_ byteCount: Int, path: String) throws(FormatError) {
    guard byteCount <= physical else {
      throw FormatError(
        .tooLarge, path: path, found: "an array of \(byteCount) bytes",
        expected: "at most this machine's \(physical) bytes of memory")
    }
  }
}
