import Foundation
import Synchronization

/// How the affinity is held. The first two give the same numbers up to rounding, and each the same bits at any number of threads.
public enum AffinityRegime: String, Sendable, CaseIterable {
  /// All N² numbers are kept.
  case stored
  /// Tiles are made again from the features whenever they are used: nothing is larger than O(N·(D + K²)) numbers.
  case tiles
  /// Only affinities towards a sample of the nodes are used, in tiles: eigenvectors of the sample are extended to all nodes. It is
  /// taken only where a ``NodeSample`` is given, and its error is estimated, not bounded.
  case nystrom
}

extension AffinityRegime {
  /// - Parameters:
  ///   - nodes: N.
  ///   - precision: of the N² numbers.
  ///   - memory: what they may take.
  /// - Returns: stored or tiles.
  init(nodes: Int, precision: DType, memory: MemoryBudget) {
    self = Double(nodes) * Double(nodes) * Double(precision.byteCount) <= memory.bytes ? .stored : .tiles
  }

  /// Throws ``SpectralError/invalidInput(_:)`` if the computation does not fit in this machine's memory: to ask for more than
  /// there is would end the program without a word.
  ///
  /// - Parameters:
  ///   - nodes: N.
  ///   - channels: D.
  ///   - precision: of the affinity.
  ///   - sample: number of nodes in a sample, if the affinity is that of one.
  func checkMemory(nodes: Int, channels: Int, precision: DType, sample: Int? = nil) throws(SpectralError) {
    let (count, size, cut) = (Double(nodes), Double(precision.byteCount), Double(sample ?? nodes))
    // The features and what is made of them, and a Krylov basis with its images, which is what is largest without W.
    let needed = count * Double(channels) * (size + 24) + cut * 960 * 8 + (self == .stored ? cut * cut * size : 0)
    let available = Double(ProcessInfo.processInfo.physicalMemory)
    if needed > 0.9 * available {
      throw .invalidInput(
        "found \(nodes) nodes, which take \(MemoryBudget.text(needed)), expected at most 90 % of this machine's "
          + "\(MemoryBudget.text(available)); use fewer nodes")
    }
  }
}

/// How much memory a stored affinity may take.
public struct MemoryBudget: Sendable, Equatable, CustomStringConvertible {
  public let bytes: Double

  public init(bytes: Double) { self.bytes = bytes }

  /// A share of the memory that is free now.
  public init(shareOfFree share: Double) { bytes = share * Self.freeBytes }

  /// Half of the memory that is free now: the default.
  public static var halfOfFree: MemoryBudget { MemoryBudget(shareOfFree: 0.5) }

  /// `4GB`, `500 MB`, `2GiB`, a number of bytes, or `50%` of what is free now; `nil` for anything else.
  public init?(parsing text: String) {
    let trimmed = text.trimmingCharacters(in: .whitespaces)
    let digits = trimmed.prefix { $0.isNumber || $0 == "." }
    let unit = trimmed.dropFirst(digits.count).trimmingCharacters(in: .whitespaces).lowercased()
    guard let number = Double(digits), number.isFinite else { return nil }
    if unit == "%" {
      guard number <= 100 else { return nil }
      self.init(shareOfFree: number / 100)
      return
    }
    let units: [String: Double] = [
      "": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 0x1p10, "mib": 0x1p20, "gib": 0x1p30, "tib": 0x1p40,
    ]
    guard let size = units[unit] else { return nil }
    self.init(bytes: number * size)
  }

  public var description: String { Self.text(bytes) }

  static func text(_ bytes: Double) -> String {
    bytes >= 1e9 ? String(format: "%.1f GB", bytes / 1e9) : String(format: "%.0f MB", bytes / 1e6)
  }

  /// What the kernel could hand out without swapping; half of the machine's memory where it does not say.
  static var freeBytes: Double {
    let fallback = Double(ProcessInfo.processInfo.physicalMemory) / 2
    guard let data = FileManager.default.contents(atPath: "/proc/meminfo") else { return fallback }
    for line in String(decoding: data, as: UTF8.self).split(separator: "\n") where line.hasPrefix("MemAvailable:") {
      let words = line.split(separator: " ")
      if words.count > 1, let kilobytes = Double(words[1]) { return kilobytes * 1024 }
    }
    return fallback
  }
}

/// How far the passes over the affinity have come, for progress lines.
public struct AffinityPass: Sendable {
  /// Passes begun, from 1.
  public let number: Int
  /// Share of this one that is done, 0 … 1.
  public let share: Double
  /// What passes have led to so far, such as `5 of 8 eigenvectors`; `nil` before there is anything to count.
  public let found: String?
}

/// Counts passes over the affinity and tells a listener, on the thread that runs them.
final class AffinityProgress: Sendable {
  private let passes = Atomic<Int>(0)
  private let found = Mutex<String?>(nil)
  private let listener: (@Sendable (AffinityPass) -> Void)?

  init(_ listener: (@Sendable (AffinityPass) -> Void)?) { self.listener = listener }

  func begin() {
    passes.add(1, ordering: .relaxed)
    report(0)
  }

  func report(_ share: Double) {
    guard let listener else { return }
    listener(AffinityPass(number: passes.load(ordering: .relaxed), share: share, found: found.withLock { $0 }))
  }

  /// Says what passes have led to: `count` of something in all.
  func tell(_ done: Int, of count: Int, _ what: String) {
    if listener != nil { found.withLock { $0 = "\(done) of \(count) \(what)" } }
  }
}
