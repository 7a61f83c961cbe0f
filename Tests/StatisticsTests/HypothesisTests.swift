import Foundation
import Statistics
import TensorCore
import Testing

struct HypothesisTests {
  let expected: Expected

  init() throws { expected = try Expected.load() }

  @Test func twoSamples() throws {
    for row in expected.twoSamples {
      let tolerance = 1e-11
      let welch = try TTest.welch(row.a, row.b)
      #expect(isClose(welch.statistic, row.welchT, tolerance) && isClose(welch.pValue, row.welchP, tolerance), "\(row.name)")
      #expect(isClose(welch.degreesOfFreedom, row.welchDf, tolerance))
      #expect(
        isClose(welch.interval().lower, row.welchLow, tolerance) && isClose(welch.interval().upper, row.welchHigh, tolerance))
      let student = try TTest.student(row.a, row.b)
      #expect(isClose(student.statistic, row.studentT, tolerance) && isClose(student.pValue, row.studentP, tolerance))
      let ranks = try MannWhitney(row.a, row.b)
      #expect(ranks.statistic == row.u && isClose(ranks.pValue, row.uP, 1e-11), "\(row.name): \(ranks)")
      #expect(isClose(try hedgesG(row.a, row.b), row.hedgesG, tolerance))
    }
  }

  /// {1…5} against {6…10}, by hand.
  @Test func textbookCase() throws {
    let (a, b) = ([1.0, 2, 3, 4, 5], [6.0, 7, 8, 9, 10])
    let welch = try TTest.welch(a, b)
    #expect(abs(welch.statistic + 5) < 1e-14 && abs(welch.degreesOfFreedom - 8) < 1e-13)
    #expect(abs(welch.pValue - 0.00105283) < 5e-9)
    let ranks = try MannWhitney(a, b)
    #expect(ranks.statistic == 0 && ranks.method == .exact && ranks.rankBiserial == -1)
    #expect(isClose(ranks.pValue, 2.0 / 252, 1e-14))
    #expect(isClose(try PermutationTest(a, b).pValue, 2.0 / 252, 1e-14))
  }

  @Test func shapiroWilk() throws {
    for row in expected.shapiro {
      let test = try ShapiroWilk(row.x)
      #expect(isClose(test.statistic, row.w, 1e-9), "\(row.x.count) values: W \(test.statistic), \(row.w)")
      // SciPy takes normal quantiles and tails from AS 111 and AS 66, which have nine digits.
      #expect(isClose(test.pValue, row.p, 1e-6), "\(row.x.count) values: p \(test.pValue), \(row.p)")
    }
  }

  @Test func permutations() throws {
    for row in expected.permutationExact {
      let test = try PermutationTest(row.a, row.b)
      #expect(test.isExact && isClose(test.pValue, row.p, 1e-12), "\(test)")
    }
    let paired = try PermutationTest(paired: expected.permutationPaired.d)
    #expect(paired.isExact && paired.relabellings == 128 && isClose(paired.pValue, expected.permutationPaired.p, 1e-12))

    // Drawn, it is near the exact one, never 0, and the same for the same seed.
    let (a, b) = (expected.permutationExact[1].a, expected.permutationExact[1].b)
    let drawn = try PermutationTest(a + a, b + b, draws: 4000, seed: 3)
    let exact = try PermutationTest(a + a, b + b, draws: 100_000)
    #expect(!drawn.isExact && exact.isExact && abs(drawn.pValue - exact.pValue) < 0.03)
    #expect(try PermutationTest(a + a, b + b, draws: 4000, seed: 3) == drawn)
    let far = try PermutationTest((0..<20).map(Double.init), (100..<120).map(Double.init), draws: 99)
    #expect(far.pValue == 0.02)
    #expect(try PermutationTest(paired: (0..<40).map { Double($0) + 1 }, draws: 99).pValue == 0.02)
  }

  @Test func discoveries() {
    let q = benjaminiHochberg(expected.benjaminiHochberg.p)
    #expect(difference(q, expected.benjaminiHochberg.q) < 1e-14)
    #expect(benjaminiHochberg([]) == [])
  }

  @Test func divergences() throws {
    let row = expected.divergence
    #expect(isClose(try kullbackLeibler(row.p, row.q), row.kl, 1e-12))
    #expect(isClose(try jensenShannon(row.p, row.q), row.js, 1e-12))
    #expect(try kullbackLeibler([1, 1], [1, 0]) == .infinity)
    #expect(isClose(try jensenShannon([1, 0], [0, 1]), log(2), 1e-15))
    let bins = try commonHistograms([0, 1, 2, 4], [4, 4], bins: 4)
    #expect(bins.first == [1, 1, 1, 1] && bins.second == [0, 0, 0, 2] && bins.edges == [0, 1, 2, 3, 4])
    #expect(try commonHistograms([3, 3], [3], bins: 2).first == [2, 0])
  }

  /// What has no answer says so, and what has one at the edge gives it.
  @Test func degenerateSamples() throws {
    #expect(throws: StatisticsError.constant("Shapiro–Wilk")) { try ShapiroWilk([2, 2, 2, 2]) }
    #expect(throws: StatisticsError.tooFew(what: "Shapiro–Wilk", found: 2, needed: 3)) { try ShapiroWilk([1, 2]) }
    #expect(throws: StatisticsError.constant("Welch's t-test")) { try TTest.welch([1, 1], [2, 2, 2]) }
    #expect(throws: StatisticsError.tooFew(what: "Welch's t-test", found: 1, needed: 2)) { try TTest.welch([1], [2, 3]) }
    #expect(throws: StatisticsError.constant("Hedges' g")) { try hedgesG([1, 1], [1, 1]) }
    #expect(throws: StatisticsError.self) { try MannWhitney([], [1]) }
    #expect(throws: StatisticsError.self) { try MannWhitney([.nan], [1]) }
    #expect(throws: StatisticsError.self) { try kullbackLeibler([0, 0], [1, 0]) }
    let equal = try MannWhitney([3, 3, 3], [3, 3])
    #expect(equal.pValue == 1 && equal.rankBiserial == 0 && equal.method == .asymptotic)
    #expect(try MannWhitney([1], [2]).pValue == 1)
    #expect(try PermutationTest([1], [1]).pValue == 1)
    #expect(try Moments([0.1, 0.1, 0.1]).variance == 0)
    // A sample that is exactly as spread as normal scores has W at most 1.
    #expect(try ShapiroWilk((1..<100).map { StandardNormal.quantile(Double($0) / 100) }).statistic <= 1)
  }
}
