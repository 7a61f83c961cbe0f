import Statistics
import Testing

struct DistributionTests {
  let expected: Expected

  init() throws { expected = try Expected.load() }

  @Test func normal() {
    for row in expected.normal { #expect(isClose(StandardNormal.upperTail(row.z), row.upper, 1e-13), "z \(row.z)") }
    for row in expected.normalQuantile {
      #expect(abs(StandardNormal.quantile(row.p) - row.z) <= 1e-14 * max(1, abs(row.z)), "p \(row.p)")
    }
    #expect(StandardNormal.quantile(0) == -.infinity)
    #expect(StandardNormal.quantile(1) == .infinity)
  }

  @Test func studentT() {
    for row in expected.studentT {
      let distribution = StudentT(degreesOfFreedom: row.df)
      #expect(isClose(distribution.twoSided(row.t), row.p, 1e-12), "t \(row.t), \(row.df) degrees of freedom")
      #expect(isClose(distribution.cumulative(-row.t), row.p / 2, 1e-12))
    }
    for row in expected.studentTQuantile {
      #expect(isClose(StudentT(degreesOfFreedom: row.df).quantile(row.p), row.t, 1e-11), "p \(row.p), \(row.df)")
    }
    #expect(StudentT(degreesOfFreedom: 3).quantile(0.5) == 0)
    #expect(StudentT(degreesOfFreedom: 3).twoSided(.infinity) == 0)
  }

  @Test func incompleteBeta() {
    for row in expected.beta {
      #expect(isClose(regularizedIncompleteBeta(row.x, a: row.a, b: row.b), row.p, 2e-12), "I_\(row.x)(\(row.a), \(row.b))")
    }
  }
}
