import SpectralClustering
import Statistics

/// How eigenvectors become colours.
public enum ColoringRule: String, Sendable, CaseIterable {
  /// The three directions along which the nodes differ most: principal axes of the rotated, row-normalised eigenvectors.
  case spectral
  /// A t-SNE of them in three dimensions, in which groups that share a direction come apart: on a sample of nodes, the others
  /// among their neighbours.
  case tsne
}

/// A colour for every node of a cut: nodes that are close in the space of the eigenvectors have similar colours.
///
/// A node's place is its row of V·R, the eigenvectors rotated to the segments, divided by its length. V·R does not change with
/// the signs of eigenvectors, nor where they turn inside repeated eigenvalues. Eigenvectors of the eigenvalue 0 tell no nodes
/// apart and are left out. Three coordinates made of the places become red, green and blue: each is spread over its range
/// between the quantiles 0.02 and 0.98, but at most ten times as much as the widest, so that rounding remains invisible. Black
/// and the harshest colours, below 0.08 and above 0.96, are spared.
public struct EigenvectorColors: Sendable {
  /// Red, green and blue of each node from 0 to 1 (sRGB), [N, 3] float64.
  public let values: NDArray
  /// How they were made.
  public let rule: ColoringRule
  public let warnings: [String]

  /// Nodes that t-SNE visits in pairs; the others follow their neighbours.
  static let sampleSize = 1000

  /// - Parameters:
  ///   - partition: a cut with its rotation; all nodes, of several pictures too, share one map of colours.
  ///   - rule: how (default: ``ColoringRule/spectral``).
  ///   - seed: of the noise that t-SNE begins with where there are fewer than three principal components. Default: 0.
  /// - Throws: `SpectralError.notConverged` if a decomposition fails.
  public init(_ partition: KWayCut, rule: ColoringRule = .spectral, seed: UInt64 = 0) throws(SpectralError) {
    let cut = partition.cut
    // In float32 a vanishing eigenvalue is one of rounding.
    let negligible = cut.precision == .float32 ? 1e-6 : 1e-12
    var scores = partition.scoreValues
    if cut.eigenvalues.contains(where: { $0 <= negligible }) {
      let k = cut.segmentCount
      let kept = cut.eigenvectors.doubles.enumerated().map { cut.eigenvalues[$0 % k] > negligible ? $1 : 0 }
      let vectors = NDArray(kept, shape: cut.eigenvectors.shape)
      // V₊·(V₊ᵀ·V·R)
      let components = NDArray.matmul(vectors, scores, transposeA: true, transposeB: false)
      scores = .matmul(vectors, components, transposeA: false, transposeB: false)
    }
    try self.init(scores: scores, assignment: partition.assignment, rule: rule, seed: seed)
  }

  /// - Parameters:
  ///   - eigenvectors: [N, K] with orthonormal columns, N and K at least 1: those of the largest eigenvalues of a normalised
  ///     affinity, from wherever.
  ///   - rule: how (default: ``ColoringRule/spectral``).
  ///   - seed: as of a cut. Default: 0.
  /// - Throws: `SpectralError`, of another shape too.
  public init(eigenvectors: NDArray, rule: ColoringRule = .spectral, seed: UInt64 = 0) throws(SpectralError) {
    let rotated: (scores: Tensor, assignment: [Int])
    do { rotated = try kWayScores(of: Tensor(eigenvectors.converted(to: .float64))) } catch let error as SpectralError {
      throw error
    } catch { throw .notConverged("\(error)") }
    try self.init(scores: rotated.scores.value, assignment: rotated.assignment, rule: rule, seed: seed)
  }

  private init(scores: NDArray, assignment: [Int], rule: ColoringRule, seed: UInt64) throws(SpectralError) {
    let places = EigenspacePlaces(scores: scores, assignment: assignment)
    do throws(StatisticsError) {
      var warnings: [String] = []
      var coordinates: [[Double]]?
      if rule == .tsne {
        coordinates = try places.embedded(sample: Self.sampleSize, seed: seed)
        if coordinates == nil { warnings.append("the nodes have fewer than 4 different places; colours are those of 'spectral'") }
      }
      self.rule = coordinates == nil ? .spectral : rule
      if coordinates == nil { coordinates = try places.principalCoordinates() }
      values = try Self.colors(coordinates ?? [], count: places.count)
      self.warnings = warnings
    } catch { throw .notConverged(error.description) }
  }

  /// The nodes `first` … as a picture: [height, width, 3] uint8, row-major.
  public func picture(height: Int, width: Int, first: Int = 0) -> NDArray {
    let bytes = values.sliced(axis: 0, start: first, count: height * width).doubles.map { UInt8(($0 * 255).rounded()) }
    return NDArray(bytes, shape: [height, width, 3])
  }

  /// Spreads up to three coordinates over the colours; a missing one is in the middle.
  private static func colors(_ coordinates: [[Double]], count: Int) throws(StatisticsError) -> NDArray {
    var ranges: [(low: Double, high: Double)] = []
    for values in coordinates {
      let ends = try quantiles(values, [0.02, 0.98])
      // Of a few nodes apart from the rest, quantiles know nothing.
      let isFlat = ends[1] - ends[0] <= 1e-9 * ((values.max() ?? 0) - (values.min() ?? 0))
      ranges.append(isFlat ? (values.min() ?? 0, values.max() ?? 0) : (ends[0], ends[1]))
    }
    let widest = ranges.map { $0.high - $0.low }.max() ?? 0
    var result = [Double](repeating: 0.52, count: 3 * count)
    // What is no more than rounding beside rows of length 1.
    if widest > 1e-6 {
      for (axis, values) in coordinates.enumerated() {
        let (low, high) = ranges[axis]
        let width = max(high - low, widest / 10)
        for (node, value) in values.enumerated() {
          result[3 * node + axis] = 0.08 + 0.88 * min(max(0.5 + (value - (low + high) / 2) / width, 0), 1)
        }
      }
    }
    return NDArray(result, shape: [count, 3])
  }
}
