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
