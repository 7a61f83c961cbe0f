import CKernels
import Glibc
import Synchronization

/// What ``Memory`` describes, and where a ``Storage`` gets and returns its memory.
package final class MemoryPool: Sendable {
  package static let shared = MemoryPool(
    cacheLimit: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) / 4)

  /// Blocks up to this are left to malloc, which is faster than a lock.
  package static let smallest = 1024
  /// From here on blocks are mapped, not malloc's, which might keep what is freed; and backed by huge pages, of which one fault
  /// clears 2 MiB instead of 4 KiB.
  private static let large = 4 << 20
  private static let hugePage = 2 << 20
  private static let slack = 96 << 20
  /// How many sizes larger than what is wanted a large kept block may be: touching fresh memory costs more than a fifth too much.
  private static let waste = 3
  private static let isSanitized = ck_address_is_sanitized() != 0

  private let used = Atomic<Int>(0)
  private let highest = Atomic<Int>(0)
  /// What bounds the cache; unlike the peak it never falls.
  private let highestEver = Atomic<Int>(0)
  private let limit: Atomic<Int>
  private let shelves = Mutex(BlockShelves())

  package init(cacheLimit: Int) { limit = Atomic(cacheLimit) }
  deinit { trim(to: 0) }

  package var inUse: Int { used.load(ordering: .relaxed) }
  package var peak: Int { highest.load(ordering: .relaxed) }
  package func resetPeak() { highest.store(inUse, ordering: .relaxed) }
  package var cached: Int { shelves.withLock { $0.byteCount } }
  package var cacheLimit: Int {
    get { limit.load(ordering: .relaxed) }
    set {
      limit.store(max(0, newValue), ordering: .relaxed)
      trim(to: newValue)
    }
  }
  package func trim(to bytes: Int) { free(shelves.withLock { $0.evicted(downTo: bytes) }) }

  /// A block of at least `byteCount` bytes, and how many it has. Its contents are undefined.
  package func take(_ byteCount: Int) -> (pointer: UnsafeMutableRawPointer, capacity: Int) {
    let isPooled = byteCount > Self.smallest && !Self.isSanitized
    let sizeClass = SizeClass(holding: byteCount)
    let kept = isPooled ? shelves.withLock { $0.take(sizeClass, larger: byteCount < Self.large ? 0 : Self.waste) } : nil
    let capacity = kept?.capacity ?? (isPooled ? sizeClass.byteCount : max(1, byteCount))
    let now = used.wrappingAdd(capacity, ordering: .relaxed).newValue
    highest.max(now, ordering: .relaxed)
    guard isPooled else { return (fresh(capacity), capacity) }
    highestEver.max(now, ordering: .relaxed)
    if let kept { return (kept.block.value, capacity) }
    free(
      shelves.withLock { shelves in
        let highest = highestEver.load(ordering: .relaxed)
        return shelves.evicted(downTo: highest + min(highest / 8, Self.slack) - now)
      })
    return (fresh(capacity), capacity)
  }

  /// Takes back what ``take(_:)`` gave.
  package func give(_ pointer: UnsafeMutableRawPointer, capacity: Int) {
    used.wrappingSubtract(capacity, ordering: .relaxed)
    let limit = cacheLimit
    if capacity <= Self.smallest || capacity > limit || Self.isSanitized { return release(pointer, capacity) }
    let block = Block(pointer)
    free(
      shelves.withLock { shelves in
        shelves.keep(block, SizeClass(holding: capacity))
        return shelves.evicted(downTo: limit)
      })
  }

  private func fresh(_ capacity: Int) -> UnsafeMutableRawPointer {
    if capacity < Self.large || Self.isSanitized {
      return .allocate(byteCount: capacity, alignment: capacity > Self.smallest ? Storage.alignment : 16)
    }
    // More than is wanted, to begin where a huge page does; the rest is given back.
    let all = mmap(nil, capacity + Self.hugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let start = all, start != MAP_FAILED else {
      fail(.argument("NDArray", "the system has no \(capacity) bytes of memory left"))
    }
    let excess = Int(bitPattern: start) % Self.hugePage
    let before = excess == 0 ? 0 : Self.hugePage - excess
    if before > 0 { munmap(start, before) }
    if before < Self.hugePage { munmap(start + before + capacity, Self.hugePage - before) }
    // Only advice: where it is not heeded, nothing is lost.
    _ = madvise(start + before, capacity / Self.hugePage * Self.hugePage, MADV_HUGEPAGE)
    return start + before
  }

  private func release(_ pointer: UnsafeMutableRawPointer, _ capacity: Int) {
    if capacity < Self.large || Self.isSanitized { pointer.deallocate() } else { munmap(pointer, capacity) }
  }

  private func free(_ blocks: [(block: Block, capacity: Int)]) {
    for (block, capacity) in blocks { release(block.value, capacity) }
  }
}

/// Memory that nobody uses.
private typealias Block = UncheckedSendable<UnsafeMutableRawPointer>

/// Sixteen sizes for each power of two, so that a block is at most a sixteenth larger than what it holds.
private struct SizeClass {
  let byteCount: Int
  let index: Int

  init(holding bytes: Int) {
    let exponent = Int.bitWidth - 1 - bytes.leadingZeroBitCount
    let step = 1 << max(0, exponent - 4)
    let steps = (bytes + step - 1) / step  // 16…32, and 32 is the next exponent's 16
    byteCount = steps * step
    index = exponent * 16 + steps
  }
}

/// Freed blocks by size class.
private struct BlockShelves {
  private struct Shelf {
    var capacity = 0
    /// The last one freed is taken first: it is the likeliest to be in the processor's cache still.
    var blocks: [Block] = []
    var lastUse: UInt64 = 0
  }

  private var shelves: [Shelf] = []
  private var clock: UInt64 = 0
  private(set) var byteCount = 0

  /// - Parameter larger: how many sizes larger the block may be than what is wanted.
  mutating func take(_ sizeClass: SizeClass, larger: Int) -> (block: Block, capacity: Int)? {
    guard sizeClass.index < shelves.count else { return nil }
    clock += 1
    shelves[sizeClass.index].lastUse = clock
    for index in sizeClass.index..<min(shelves.count, sizeClass.index + larger + 1) {
      guard let block = shelves[index].blocks.popLast() else { continue }
      byteCount -= shelves[index].capacity
      return (block, shelves[index].capacity)
    }
    return nil
  }

  mutating func keep(_ block: Block, _ sizeClass: SizeClass) {
    while shelves.count <= sizeClass.index { shelves.append(Shelf()) }
    clock += 1
    shelves[sizeClass.index].capacity = sizeClass.byteCount
    shelves[sizeClass.index].lastUse = clock
    shelves[sizeClass.index].blocks.append(block)
    byteCount += sizeClass.byteCount
  }

  /// Takes out blocks until at most `limit` bytes are left, first those of the size that is unused for longest.
  mutating func evicted(downTo limit: Int) -> [(block: Block, capacity: Int)] {
    var result: [(block: Block, capacity: Int)] = []
    while byteCount > max(0, limit) {
      let filled = shelves.indices.filter { !shelves[$0].blocks.isEmpty }
      guard let oldest = filled.min(by: { shelves[$0].lastUse < shelves[$1].lastUse }) else { break }
      let (capacity, excess) = (shelves[oldest].capacity, byteCount - max(0, limit))
      let count = min(shelves[oldest].blocks.count, (excess + capacity - 1) / capacity)
      result += shelves[oldest].blocks.prefix(count).map { ($0, capacity) }
      shelves[oldest].blocks.removeFirst(count)
      byteCount -= count * capacity
    }
    return result
  }
}
