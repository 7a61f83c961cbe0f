import Foundation
import TensorCore

/// t-SNE: points in a plane whose neighbours are the neighbours of the observations (van der Maaten & Hinton 2008).
///
/// Exact: all pairs are visited, n² work an iteration. It begins with the first two principal components, as scikit-learn does,
/// or where they do not exist with seeded noise, and the same input and seed give the same bits at any number of threads.
/// Distances between groups and their sizes in the plane mean nothing.
public struct TSNE: Sendable {
  /// [observations, 2] float64.
  public let points: NDArray
  /// The Kullback–Leibler divergence of the affinities in the plane from those of the observations, in nats.
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

    public init(perplexity: Double = 30, iterations: Int = 1000, seed: UInt64 = 0) {
      self.perplexity = perplexity
      self.iterations = iterations
      self.seed = seed
    }
  }

  /// - Parameters:
  ///   - table: [observations, variables], finite, of at least four observations.
  ///   - configuration: perplexity, iterations and seed.
  /// - Throws: ``StatisticsError`` for anything else, or a perplexity below 1.
  public init(_ table: NDArray, configuration: Configuration = Configuration()) throws(StatisticsError) {
    let table = try requireTable(table, "t-SNE")
    let n = table.shape[0]
    if n < 4 { throw .tooFew(what: "t-SNE", found: n, needed: 4) }
    if !(configuration.perplexity >= 1) {
      throw .invalidInput("t-SNE: found a perplexity of \(configuration.perplexity), expected at least 1")
    }
    perplexity = min(configuration.perplexity, max(1, Double(n - 1) / 3))
    warnings =
      perplexity < configuration.perplexity
      ? ["t-SNE: a perplexity of \(configuration.perplexity) is too large for \(n) observations; \(perplexity) was used"] : []
    let affinities = Self.affinities(Self.squaredDistances(table), perplexity)
    var descent = Descent(affinities: affinities, points: try Self.start(table, seed: configuration.seed))
    for iteration in 0..<max(0, configuration.iterations) {
      let isEarly = iteration < 250
      descent.step(exaggeration: isEarly ? 12 : 1, momentum: isEarly ? 0.5 : 0.8)
    }
    divergence = descent.divergence
    points = NDArray(descent.points, shape: [n, 2])
  }

  /// The first two components scaled so that the first has a standard deviation of 1e-4.
  private static func start(_ table: NDArray, seed: UInt64) throws(StatisticsError) -> [Double] {
    let n = table.shape[0]
    if table.shape[1] >= 2 {
      let pca = try PCA(table, count: 2)
      let deviation = (pca.variances[0] * Double(n - 1) / Double(n)).squareRoot()
      if deviation > 0 { return pca.scores.doubles.map { $0 / deviation * 1e-4 } }
    }
    var random = RandomSource(seed: seed)
    return random.normals(2 * n).map { $0 * 1e-4 }
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

/// Gradient descent with momentum and a gain for each coordinate, as in van der Maaten's own program and scikit-learn.
private struct Descent {
  let affinities: [Double]
  var points: [Double]
  private var velocity: [Double]
  private var gains: [Double]
  private let rate: Double
  private var count: Int { points.count / 2 }

  init(affinities: [Double], points: [Double]) {
    self.affinities = affinities
    self.points = points
    velocity = [Double](repeating: 0, count: points.count)
    gains = [Double](repeating: 1, count: points.count)
    // Belkina et al. 2019.
    rate = max(Double(points.count / 2) / 12 / 4, 50)
  }

  /// Sums of 1 / (1 + d²) over the others, for each point.
  private func kernelSums() -> [Double] {
    let n = count
    var sums = [Double](repeating: 0, count: n)
    points.withUnsafeBufferPointer { y in
      sums.withUnsafeMutableBufferPointer { sums in
        let target = UncheckedSendable(sums)
        Parallel.forEachChunk(of: n, size: 32) { rows in
          for i in rows {
            var sum = 0.0
            for j in 0..<n where j != i { sum += kernel(y, i, j) }
            target.value[i] = sum
          }
        }
      }
    }
    return sums
  }

  var divergence: Double {
    let total = kernelSums().reduce(0, +)
    let n = count
    var sum = 0.0
    points.withUnsafeBufferPointer { y in
      for i in 0..<n {
        for j in 0..<n where j != i {
          let p = affinities[i * n + j]
          if p > 0 { sum += p * log(p * total / kernel(y, i, j)) }
        }
      }
    }
    return max(0, sum)
  }

  mutating func step(exaggeration: Double, momentum: Double) {
    let n = count
    let total = kernelSums().reduce(0, +)
    var gradient = [Double](repeating: 0, count: 2 * n)
    points.withUnsafeBufferPointer { y in
      affinities.withUnsafeBufferPointer { p in
        gradient.withUnsafeMutableBufferPointer { gradient in
          let target = UncheckedSendable(gradient)
          Parallel.forEachChunk(of: n, size: 32) { rows in
            for i in rows {
              var (a, b) = (0.0, 0.0)
              for j in 0..<n where j != i {
                let weight = kernel(y, i, j)
                let force = (exaggeration * p[i * n + j] - weight / total) * weight
                a += force * (y[2 * i] - y[2 * j])
                b += force * (y[2 * i + 1] - y[2 * j + 1])
              }
              target.value[2 * i] = 4 * a
              target.value[2 * i + 1] = 4 * b
            }
          }
        }
      }
    }
    for place in points.indices {
      let isSteady = velocity[place] * gradient[place] < 0
      gains[place] = max(0.01, isSteady ? gains[place] + 0.2 : gains[place] * 0.8)
      velocity[place] = momentum * velocity[place] - rate * gains[place] * gradient[place]
      points[place] += velocity[place]
    }
  }
}

@inline(__always) private func kernel(_ y: UnsafeBufferPointer<Double>, _ i: Int, _ j: Int) -> Double {
  let (a, b) = (y[2 * i] - y[2 * j], y[2 * i + 1] - y[2 * j + 1])
  return 1 / (1 + a * a + b * b)
}
