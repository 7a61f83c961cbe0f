import Foundation
import TensorCore

/// t-SNE: points in a plane, or in space, whose neighbours are the neighbours of the observations (van der Maaten & Hinton
/// 2008).
///
/// Exact: all pairs are visited, n² work an iteration. It begins with the first principal components, as scikit-learn does, or
/// where they do not exist with seeded noise, and the same input and seed give the same bits at any number of threads.
/// Distances between groups and their sizes among the points mean nothing.
public struct TSNE: Sendable {
  /// [observations, dimensions] float64.
  public let points: NDArray
  /// The Kullback–Leibler divergence of the affinities of the points from those of the observations, in nats.
  public let divergence: Double
  /// The perplexity that was used.
  public let perplexity: Double
  public let warnings: [String]

  public struct Configuration: Sendable {
    /// The effective number of neighbours. Default: 30; lowered to a third of the observations, with a warning.
    public var perplexity = 30.0
    /// Default: 1000, the first 250 of them with affinities times 12.
    public var iterations = 1000
    /// Of the initial noise, where there is any.
    public var seed: UInt64 = 0
    /// 1, 2 (default) or 3 coordinates of a point.
    public var dimensions = 2

    public init(perplexity: Double = 30, iterations: Int = 1000, seed: UInt64 = 0, dimensions: Int = 2) {
      self.perplexity = perplexity
      self.iterations = iterations
      self.seed = seed
      self.dimensions = dimensions
    }
  }

  /// - Parameters:
  ///   - table: [observations, variables], finite, of at least four observations.
  ///   - configuration: perplexity, iterations, seed and dimensions.
  /// - Throws: ``StatisticsError`` for anything else, a perplexity below 1, or dimensions other than 1, 2 and 3.
  public init(_ table: NDArray, configuration: Configuration = Configuration()) throws(StatisticsError) {
    let table = try requireTable(table, "t-SNE")
    let n = table.shape[0]
    if n < 4 { throw .tooFew(what: "t-SNE", found: n, needed: 4) }
    if !(configuration.perplexity >= 1) {
      throw .invalidInput("t-SNE: found a perplexity of \(configuration.perplexity), expected at least 1")
    }
    let dimensions = configuration.dimensions
    if !(1...3).contains(dimensions) { throw .invalidInput("t-SNE: found \(dimensions) dimensions, expected 1, 2 or 3") }
    perplexity = min(configuration.perplexity, max(1, Double(n - 1) / 3))
    warnings =
      perplexity < configuration.perplexity
      ? ["t-SNE: a perplexity of \(configuration.perplexity) is too large for \(n) observations; \(perplexity) was used"] : []
    let affinities = Self.affinities(Self.squaredDistances(table), perplexity)
    var descent = TSNEDescent(
      affinities: affinities, points: try Self.start(table, dimensions, seed: configuration.seed), dimensions: dimensions)
    for iteration in 0..<max(0, configuration.iterations) {
      let isEarly = iteration < 250
      descent.step(exaggeration: isEarly ? 12 : 1, momentum: isEarly ? 0.5 : 0.8)
    }
    divergence = descent.divergence
    points = NDArray(descent.points, shape: [n, dimensions])
  }

  /// The first components, scaled so that the first has a standard deviation of 1e-4; noise of that size in coordinates for
  /// which there is none, and in all of a constant table.
  private static func start(_ table: NDArray, _ dimensions: Int, seed: UInt64) throws(StatisticsError) -> [Double] {
    let n = table.shape[0]
    var random = RandomSource(seed: seed)
    var result = random.normals(dimensions * n).map { $0 * 1e-4 }
    let known = min(dimensions, table.shape[1])
    if known == 0 { return result }
    let pca = try PCA(table, count: known)
    let deviation = (pca.variances[0] * Double(n - 1) / Double(n)).squareRoot()
    if !(deviation > 0) { return result }
    for (place, score) in pca.scores.doubles.enumerated() {
      result[place / known * dimensions + place % known] = score / deviation * 1e-4
    }
    return result
  }

  private static func squaredDistances(_ table: NDArray) -> [Double] {
    let (n, p) = (table.shape[0], table.shape[1])
    var result = [Double](repeating: 0, count: n * n)
    table.withUnsafeBufferPointer(as: Double.self) { x in
      result.withUnsafeMutableBufferPointer { result in
        let target = UncheckedSendable(result)
        Parallel.forEach(n) { i in
          for j in 0..<n {
            var sum = 0.0
            for k in 0..<p { sum += (x[i * p + k] - x[j * p + k]) * (x[i * p + k] - x[j * p + k]) }
            target.value[i * n + j] = sum
          }
        }
      }
    }
    return result
  }

  /// p_ij = (p_{j|i} + p_{i|j}) / 2n, each row's Gaussian as wide as the perplexity asks.
  static func affinities(_ distances: [Double], _ perplexity: Double) -> [Double] {
    let n = Int(Double(distances.count).squareRoot().rounded())
    var conditional = [Double](repeating: 0, count: n * n)
    distances.withUnsafeBufferPointer { distances in
      conditional.withUnsafeMutableBufferPointer { conditional in
        let target = UncheckedSendable(conditional)
        Parallel.forEach(n) { i in
          let row = UnsafeMutableBufferPointer(rebasing: target.value[i * n..<(i + 1) * n])
          fit(UnsafeBufferPointer(rebasing: distances[i * n..<(i + 1) * n]), own: i, log(perplexity), row)
        }
      }
    }
    var result = [Double](repeating: 0, count: n * n)
    for i in 0..<n { for j in 0..<n { result[i * n + j] = (conditional[i * n + j] + conditional[j * n + i]) / Double(2 * n) } }
    return result
  }

  /// One row's precision by bisection on its entropy.
  private static func fit(
    _ distances: UnsafeBufferPointer<Double>, own: Int, _ entropy: Double, _ row: UnsafeMutableBufferPointer<Double>
  ) {
    var nearest = Double.infinity
    for j in distances.indices where j != own { nearest = min(nearest, distances[j]) }
    var (low, high, precision) = (0.0, Double.infinity, 1.0)
    for _ in 0..<200 {
      var (sum, weighted) = (0.0, 0.0)
      for j in distances.indices {
        let distance = distances[j] - nearest
        row[j] = j == own ? 0 : exp(-distance * precision)
        sum += row[j]
        weighted += row[j] * (j == own ? 0 : distance)
      }
      for j in distances.indices { row[j] /= sum }
      let found = log(sum) + precision * weighted / sum
      if abs(found - entropy) < 1e-12 { return }
      if found > entropy { low = precision } else { high = precision }
      precision = high.isFinite ? (low + high) / 2 : precision * 2
      // Equal distances have one entropy, whatever the width.
      if precision > 1e300 || precision < 1e-300 { return }
    }
  }
}
