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

  @Test func degenerateEmbeddings() throws {
    let equal = try TSNE(table([[1], [1], [1], [1], [1]]), configuration: .init(iterations: 300, seed: 5))
    #expect(equal.points.doubles.allSatisfy(\.isFinite) && equal.warnings.count == 1)
    #expect(throws: StatisticsError.self) { try TSNE(table([[1], [2], [3]])) }
  }
}
