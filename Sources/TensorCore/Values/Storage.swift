/// A block of memory, aligned for vector instructions. Written only while its array is being built.
final class Storage: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer
  let byteCount: Int

  /// Alignment in bytes: a cache line, and the width of an AVX-512 register.
  static let alignment = 64

  init(byteCount: Int) {
    self.byteCount = byteCount
    pointer = .allocate(byteCount: max(byteCount, 1), alignment: Self.alignment)
  }

  deinit { pointer.deallocate() }
}
