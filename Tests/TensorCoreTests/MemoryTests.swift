import CKernels
import Foundation
import TensorCore
import Testing

@Suite struct MemoryTests {
  /// Under the address sanitiser nothing is kept, so that it notices who uses memory that was given back.
  static let keepsMemory: ConditionTrait = .enabled(
    if: ck_address_is_sanitized() == 0, "the address sanitiser takes memory back at once")

  /// Blocks of different sizes, all pooled.
  private let sizes = [2000, 3000, 5000, 100_000]

  @Test(keepsMemory) func countsWhatIsInUse() {
    let pool = MemoryPool(cacheLimit: 1 << 30)
    let blocks = sizes.map { pool.take($0) }
    let held = blocks.reduce(0) { $0 + $1.capacity }
    #expect(pool.inUse == held && pool.peak == held && pool.cached == 0)
    for (size, block) in zip(sizes, blocks) {
      #expect(block.capacity >= size && Double(block.capacity) <= Double(size) * 17 / 16)
    }
    for block in blocks { pool.give(block.pointer, capacity: block.capacity) }
    #expect(pool.inUse == 0 && pool.peak == held && pool.cached == held)
    pool.resetPeak()
    #expect(pool.peak == 0)
    pool.trim(to: 0)
    #expect(pool.cached == 0)
  }

  @Test(keepsMemory) func givesTheSameMemoryAgain() {
    let pool = MemoryPool(cacheLimit: 1 << 30)
    let first = pool.take(100_000)
    pool.give(first.pointer, capacity: first.capacity)
    let second = pool.take(99_999)
    #expect(second.pointer == first.pointer && second.capacity == first.capacity && pool.cached == 0)
    let third = pool.take(100_000)
    #expect(third.pointer != first.pointer)
    for block in [second, third] { pool.give(block.pointer, capacity: block.capacity) }
  }

  /// Every size from one byte to beyond the huge pages: enough room, writable to the last byte, aligned.
  @Test func everySizeFits() {
    let pool = MemoryPool(cacheLimit: 1 << 30)
    for exponent in 0...24 {
      for size in [(1 << exponent) - 1, 1 << exponent, (1 << exponent) + 1, (1 << exponent) * 31 / 16 + 1] {
        let (pointer, capacity) = pool.take(size)
        #expect(capacity >= size && UInt(bitPattern: pointer) % (size > MemoryPool.smallest ? 64 : 16) == 0)
        if size > 0 { pointer.storeBytes(of: 1, toByteOffset: size - 1, as: UInt8.self) }
        pool.give(pointer, capacity: capacity)
      }
    }
    #expect(pool.inUse == 0)
  }

  @Test(keepsMemory) func keepsNoMoreThanTheLimit() {
    let pool = MemoryPool(cacheLimit: 10_000)
    let blocks = [2000, 2000, 4000, 8000, 20_000].map { pool.take($0) }
    for block in blocks {
      pool.give(block.pointer, capacity: block.capacity)
      #expect(pool.cached <= 10_000)
    }
    // The last one is above the limit alone; of the others the sizes used last are kept.
    #expect(pool.cached == blocks[3].capacity)
    pool.cacheLimit = 0
    #expect(pool.cached == 0)
    let block = pool.take(2000)
    pool.give(block.pointer, capacity: block.capacity)
    #expect(pool.cached == 0)
  }

  /// Living and kept blocks together stay within one and a half times the highest total of living ones, whatever the sizes.
  @Test func cacheIsBoundedByTheHighestUse() {
    let pool = MemoryPool(cacheLimit: 1 << 30)
    var random = RandomSource(seed: 3)
    var living: [(pointer: UnsafeMutableRawPointer, capacity: Int)] = []
    var highest = 0
    for _ in 0..<5000 {
      if living.count > 20 || (random.uniform() < 0.5 && !living.isEmpty) {
        let block = living.remove(at: Int(random.uniform() * Double(living.count)))
        pool.give(block.pointer, capacity: block.capacity)
      } else {
        living.append(pool.take(2000 + Int(random.uniform() * 60_000)))
      }
      highest = max(highest, pool.inUse)
      #expect(pool.inUse + pool.cached <= highest * 9 / 8)
    }
    #expect(pool.peak == highest)
    for block in living { pool.give(block.pointer, capacity: block.capacity) }
  }

  @Test func threadsNeverShareABlock() {
    let pool = MemoryPool(cacheLimit: 1 << 24)
    let clashes = Clashes()
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for round in 0..<2000 {
        let size = 1025 + (round * 37 + thread) % 4000
        let (pointer, capacity) = pool.take(size)
        let words = pointer.bindMemory(to: Int.self, capacity: size / 8)
        for index in 0..<size / 8 { words[index] = thread }
        for index in 0..<size / 8 where words[index] != thread { clashes.add() }
        pool.give(pointer, capacity: capacity)
      }
    }
    #expect(clashes.count == 0 && pool.inUse == 0)
  }

  @Test func arraysAreCounted() {
    // Other tests run at the same time: only what this one holds itself can be promised.
    let array = NDArray.zeros([1 << 22], dtype: .float64)
    #expect(Memory.inUse >= array.byteCount && Memory.peak >= array.byteCount)
  }
}

private final class Clashes: @unchecked Sendable {
  private let lock = NSLock()
  private var total = 0
  var count: Int { lock.withLock { total } }
  func add() { lock.withLock { total += 1 } }
}
