@testable import Statistics
import Foundation
import TensorCore
import Testing

struct EmbeddingTests {
  let expected: Expected

  init() throws { expected = try Expected.load() }

  @Test func pca() throws {
    let row = expected.pca
    let fit = try PCA(table(row.x), count: 3)
    #expect(difference(fit.components.doubles, row.components.flatMap { $0 }) < 1e-12)
    #expect(difference(fit.scores.doubles, row.scores.flatMap { $0 }) < 1e-12)
    #expect(difference(fit.variances, row.variances) < 1e-12 && difference(fit.shares, row.shares) < 1e-12)
    let constant = try PCA(table([[1, 2], [1, 2], [1, 2]]))
    #expect(constant.variances == [0, 0] && constant.shares == [0, 0])
    #expect(throws: StatisticsError.self) { try PCA(table([[1, 2]])) }
    #expect(throws: StatisticsError.self) { try PCA(table([[1, 2], [3, 4]]), count: 3) }
  }

  @Test func tsneAffinities() {
    let row = expected.tsne
    var distances: [Double] = []
    for a in row.x { for b in row.x { distances.append(zip(a, b).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }) } }
    #expect(difference(TSNE.affinities(distances, row.perplexity), row.affinities.flatMap { $0 }) < 1e-8)
  }

  /// Two groups stay apart, as well as scikit-learn keeps them, and the threads do not matter.
  @Test func tsne() throws {
    let row = expected.tsne
    let fit = try TSNE(table(row.x), configuration: .init(perplexity: row.perplexity))
    #expect(fit.divergence <= row.divergence, "\(fit.divergence), scikit-learn at most \(row.divergence)")
    let y = fit.points.doubles
    func distance(_ i: Int, _ j: Int) -> Double { hypot(y[2 * i] - y[2 * j], y[2 * i + 1] - y[2 * j + 1]) }
    for i in 0..<40 {
      let nearest = (0..<40).filter { $0 != i }.min { distance(i, $0) < distance(i, $1) }
      let place = try #require(nearest)
      #expect((place < 20) == (i < 20))
    }
    Parallel.threadCount = 1
    defer { Parallel.threadCount = 2 }
    #expect(try TSNE(table(row.x), configuration: .init(perplexity: row.perplexity)).points == fit.points)
  }

  /// The gradient of the divergence against central differences, extrapolated once, in every number of dimensions; as many
  /// points as fill whole vectors of numbers, and not.
  @Test(arguments: [1, 2, 3], [7, 16])
  func tsneGradient(_ dimensions: Int, _ count: Int) {
    var random = RandomSource(seed: UInt64(count + dimensions))
    let features = random.normals(4 * count)
    let distances = (0..<count * count).map { pair in
      (0..<4).reduce(0.0) { sum, axis in
        let difference = features[pair / count * 4 + axis] - features[pair % count * 4 + axis]
        return sum + difference * difference
      }
    }
    let affinities = TSNE.affinities(distances, 3)
    let points = random.normals(dimensions * count)
    var descent = TSNEDescent(affinities: affinities, points: points, dimensions: dimensions)
    let gradient = descent.gradient(exaggeration: 1)
    for place in points.indices {
      func slope(_ step: Double) -> Double {
        let ends = [step, -step].map { move in
          var moved = points
          moved[place] += move
          return TSNEDescent(affinities: affinities, points: moved, dimensions: dimensions).divergence
        }
        return (ends[0] - ends[1]) / (2 * step)
      }
      let expected = (4 * slope(5e-4) - slope(1e-3)) / 3
      #expect(abs(gradient[place] - expected) < 1e-9)
    }
  }

  /// From where the affinities are no longer exaggerated.
  @Test(arguments: [2, 3])
  func tsneDescends(_ dimensions: Int) throws {
    let row = expected.tsne
    var last = Double.infinity
    for iterations in [250, 300, 400, 1000] {
      let fit = try TSNE(
        table(row.x), configuration: .init(perplexity: row.perplexity, iterations: iterations, dimensions: dimensions))
      #expect(fit.divergence < last && fit.points.shape == [40, dimensions])
      last = fit.divergence
    }
    #expect(throws: StatisticsError.self) { try TSNE(table(row.x), configuration: .init(dimensions: dimensions + 3)) }
  }

  @Test func degenerateEmbeddings() throws {
    let equal = try TSNE(table([[1], [1], [1], [1], [1]]), configuration: .init(iterations: 300, seed: 5))
    #expect(equal.points.doubles.allSatisfy(\.isFinite) && equal.warnings.count == 1)
    #expect(throws: StatisticsError.self) { try TSNE(table([[1], [2], [3]])) }
  }
}
