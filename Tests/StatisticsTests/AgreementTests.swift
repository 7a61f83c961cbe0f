import Statistics
import TensorCore
import Testing

struct AgreementTests {
  let expected: Expected

  init() throws { expected = try Expected.load() }

  @Test func correlations() throws {
    for row in expected.agreement {
      let (pearson, spearman) = (try Correlation.pearson(row.a, row.b), try Correlation.spearman(row.a, row.b))
      let kendall = try Correlation.kendall(row.a, row.b)
      let pValues = [try #require(pearson.pValue), try #require(spearman.pValue), try #require(kendall.pValue)]
      #expect(isClose(pearson.coefficient, row.pearson, 1e-12) && isClose(pValues[0], row.pearsonP, 1e-10))
      #expect(isClose(spearman.coefficient, row.spearman, 1e-12) && isClose(pValues[1], row.spearmanP, 1e-9))
      #expect(isClose(kendall.coefficient, row.kendall, 1e-12), "\(row.a.count) values: \(kendall), \(row.kendall)")
      #expect(isClose(pValues[2], row.kendallP, 1e-10), "\(row.a.count) values: \(kendall), \(row.kendallP)")
    }
  }

  /// The case that Quantus asserts: one number from all three, and two distances.
  @Test func threePoints() throws {
    let (a, b) = ([-1.0, 1, 1], [0.0, 0, 2])
    #expect(abs(try Correlation.pearson(a, b).coefficient - 0.5) < 1e-15)
    #expect(abs(try Correlation.spearman(a, b).coefficient - 0.5) < 1e-15)
    #expect(abs(try Correlation.kendall(a, b).coefficient - 0.5) < 1e-15)
    #expect(try manhattanDistance(a, b) == 3)
    #expect(abs(try euclideanDistance(a, b) - 3.0.squareRoot()) < 1e-15)
    #expect(throws: StatisticsError.self) { try manhattanDistance([1], [1, 2]) }
    #expect(throws: StatisticsError.self) { try euclideanDistance([.nan], [1]) }
  }

  /// Knight's algorithm against all pairs.
  @Test func kendallByPairs() throws {
    var random = RandomSource(seed: 2)
    let a = (0..<70).map { _ in (random.uniform() * 12).rounded() }
    let b = (0..<70).map { _ in (random.uniform() * 9).rounded() }
    var (score, untiedA, untiedB) = (0.0, 0.0, 0.0)
    for i in a.indices {
      for j in 0..<i {
        let (x, y) = ((a[i] - a[j]), (b[i] - b[j]))
        score += (x * y > 0 ? 1 : 0) - (x * y < 0 ? 1 : 0)
        untiedA += x != 0 ? 1 : 0
        untiedB += y != 0 ? 1 : 0
      }
    }
    #expect(isClose(try Correlation.kendall(a, b).coefficient, score / (untiedA * untiedB).squareRoot(), 1e-13))
  }

  @Test func edges() throws {
    #expect(throws: StatisticsError.constant("Spearman correlation")) { try Correlation.spearman([1, 2], [3, 3]) }
    #expect(throws: StatisticsError.constant("Kendall correlation")) { try Correlation.kendall([1, 1], [3, 4]) }
    #expect(throws: StatisticsError.self) { try Correlation.pearson([1, 2], [3]) }
    #expect(try Correlation.pearson([1, 2], [5, 3]) == Correlation.pearson([1, 2], [4, 2]))
    #expect(try Correlation.pearson([1, 2], [5, 3]).pValue == nil)
    #expect(try Correlation.pearson([1, 2, 3], [2, 4, 6]).pValue == 0)
    #expect(try topOverlap([3, 1, 2, 0], [1, 0, 3, 2], k: 2) == 0.5)
    #expect(throws: StatisticsError.self) { try topOverlap([0, 1], [1, 0], k: 3) }
    #expect(descendingOrder([1, 3, 3, 2]) == [1, 2, 3, 0])
    #expect(try Ranks([10, 20, 10, 5]).values == [2.5, 4, 2.5, 1])
  }

  @Test func quantile() throws {
    let row = expected.quantiles
    #expect(try quantiles(row.x, row.shares) == row.values)
    #expect(try quantiles([4], [0, 0.3, 1]) == [4, 4, 4])
    #expect(throws: StatisticsError.self) { try quantiles([], [0.5]) }
    #expect(throws: StatisticsError.self) { try quantiles([1], [1.5]) }
  }

  @Test func bootstrap() throws {
    var random = RandomSource(seed: 4)
    let count = 200
    var values: [Double] = []
    for _ in 0..<count { values += [random.normal(), 3 + 2 * random.normal(), 7] }
    let table = NDArray(values, shape: [count, 3])
    let means = try Bootstrap(meansOf: table, draws: 2000, seed: 1)
    // The same draws, one at a time.
    let fixed = values
    let general = try Bootstrap(count: count, draws: 2000, seed: 1) { indices in
      (0..<3).map { column in indices.reduce(0.0) { $0 + fixed[$1 * 3 + column] } / Double(count) }
    }
    #expect(difference(means.replicates.doubles, general.replicates.doubles) < 1e-12)
    #expect(difference(means.observed, general.observed) < 1e-12)
    // σ/√n, and about two of them to each side.
    let (errors, intervals) = (means.standardErrors, means.intervals())
    #expect(abs(errors[0] * Double(count).squareRoot() - 1) < 0.15 && abs(errors[1] * Double(count).squareRoot() - 2) < 0.3)
    #expect(errors[2] < 1e-12 && abs(intervals[2].lower - 7) < 1e-12)
    for column in 0..<2 {
      #expect(abs((intervals[column].upper - intervals[column].lower) / errors[column] - 3.92) < 0.4)
    }
    let ranks = means.rankIntervals()
    #expect(ranks.map(\.lower) == [3, 2, 1] && ranks.map(\.upper) == [3, 2, 1])
    #expect(throws: StatisticsError.self) { try Bootstrap(count: 0) { _ in [1] } }
  }
}
