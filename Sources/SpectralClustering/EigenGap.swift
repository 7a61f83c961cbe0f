/// Where the spectrum leaves room for a cut: the gap after the K-th eigenvalue, on which the derivative depends.
public struct EigenGap: Sendable, Equatable {
  /// λ_K, the smallest eigenvalue that is used.
  public let last: Double
  /// λ_{K+1}, the largest that is not; `nil` if there is none.
  public let next: Double?
  /// λ_K − λ_{K+1}; `nil` if K is the number of nodes.
  public var width: Double? { next.map { last - $0 } }
  /// The number of segments with the widest gap after it, among 2 … the number of eigenvalues known.
  public let suggestedSegments: Int?

  /// - Parameters:
  ///   - eigenvalues: largest first, at least `count` of them.
  ///   - count: K.
  public init(eigenvalues: [Double], count: Int) {
    last = eigenvalues[count - 1]
    next = eigenvalues.count > count ? eigenvalues[count] : nil
    let candidates = 2..<max(2, eigenvalues.count)
    suggestedSegments = candidates.max { a, b in
      eigenvalues[a - 1] - eigenvalues[a] < eigenvalues[b - 1] - eigenvalues[b]
    }
  }
}

/// A number of segments chosen by the eigengap heuristic (von Luxburg, "A tutorial on spectral clustering", 2007, section 8.3).
public struct SegmentSuggestion: Sendable, Equatable {
  /// The K with the widest gap λ_K − λ_{K+1} in the range; of equal ones the smallest.
  public let segments: Int
  /// λ_K − λ_{K+1}.
  public let gap: Double
  /// The numbers that were considered.
  public let range: ClosedRange<Int>

  /// - Parameters:
  ///   - eigenvalues: largest first, at least one more than the end of `range`.
  ///   - range: the numbers to consider, from 1 on.
  public init(eigenvalues: [Double], range: ClosedRange<Int>) {
    var best = range.lowerBound
    func gap(_ count: Int) -> Double { eigenvalues[count - 1] - eigenvalues[count] }
    for count in range where gap(count) > gap(best) { best = count }
    (segments, self.gap, self.range) = (best, gap(best), range)
  }
}

/// How many segments a cut has.
public enum SegmentCount: Sendable, Equatable {
  /// K.
  case fixed(Int)
  /// The ``SegmentSuggestion`` among 2 … the given number, or the number of nodes less one if that is smaller.
  case automatic(upTo: Int)
}
