/// The memory that arrays take: how much is in use, the most that was, and how much is kept for reuse.
///
/// A freed array's memory is kept and given to the next one of about its size, because fresh memory is slow: the system clears
/// every page of it at the first touch, which takes longer than most elementwise operations. What is kept never makes the
/// process much larger than its living arrays once made it: before fresh memory is taken, blocks of the sizes unused for
/// longest are given back until living and kept ones together fit into the highest total of living ones, and an eighth more (at
/// most 96 MiB).
///
/// All numbers are bytes of whole blocks, which are up to a sixteenth larger than what they hold, and up to a quarter if they are
/// large (from 4 MiB) and used again. All members may be used from any thread.
public enum Memory {
  /// Bytes of living arrays.
  public static var inUse: Int { MemoryPool.shared.inUse }

  /// The highest ``inUse`` since the start of the program or the last ``resetPeak()``.
  public static var peak: Int { MemoryPool.shared.peak }

  /// Lets ``peak`` start again, from what is in use now.
  public static func resetPeak() { MemoryPool.shared.resetPeak() }

  /// Bytes of freed arrays that are kept for reuse.
  public static var cached: Int { MemoryPool.shared.cached }

  /// The most that ``cached`` may be: a quarter of the machine's memory unless set; 0 keeps nothing.
  ///
  /// Under the address sanitiser nothing is kept whatever the limit: it could not see a freed array being used otherwise.
  public static var cacheLimit: Int {
    get { MemoryPool.shared.cacheLimit }
    set { MemoryPool.shared.cacheLimit = newValue }
  }

  /// Gives kept memory back to the system until at most `bytes` of it are left, first blocks of the sizes unused for longest.
  public static func trim(to bytes: Int = 0) { MemoryPool.shared.trim(to: bytes) }
}
