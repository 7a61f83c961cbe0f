/// A block of memory, aligned for vector instructions if it is large. Written only while its array is being built.
final class Storage: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer
  let byteCount: Int
  private let capacity: Int

  /// Alignment in bytes of blocks above a kibibyte: a cache line, and the width of an AVX-512 register.
  static let alignment = 64

  init(byteCount: Int) {
    self.byteCount = byteCount
    (pointer, capacity) = MemoryPool.shared.take(byteCount)
  }

  deinit { MemoryPool.shared.give(pointer, capacity: capacity) }
}
