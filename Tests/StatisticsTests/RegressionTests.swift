import Statistics
import TensorCore
import Testing

struct RegressionTests {
  let expected: Expected

  init() throws { expected = try Expected.load() }

  @Test func leastSquares() throws {
    for row in expected.leastSquares {
      let fit = try LeastSquares(predictors: table(row.x), responses: table(row.y))
      #expect(difference(fit.coefficients.doubles, row.coefficients.flatMap { $0 }) < 1e-10)
      #expect(difference(fit.intercepts, row.intercepts) < 1e-10)
      #expect(difference(fit.rSquared.compactMap { $0 }, row.rSquared) < 1e-10)
      #expect(fit.rank == row.rank)
      if let errors = row.standardErrors, let condition = row.condition {
        let (found, number) = (try #require(fit.standardErrors).doubles, try #require(fit.condition))
        #expect(difference(found, errors.flatMap { $0 }) < 1e-10)
        #expect(isClose(number, condition, 1e-10) && fit.warnings.isEmpty)
      } else {
        #expect(fit.standardErrors == nil && fit.condition == nil && fit.warnings.count == 1)
      }
      let ridge = try LeastSquares(predictors: table(row.x), responses: table(row.y), ridge: 2.5)
      #expect(difference(ridge.coefficients.doubles, row.ridge.rows.flatMap { $0 }) < 1e-10)
      #expect(difference(ridge.intercepts, row.ridgeIntercepts) < 1e-10)
    }
  }

  /// y = 3a + b: raw shares (.75, .25); with a rescaled by 10, (.2308, .7692), and the standardised ones stay.
  @Test func scaleOfAPredictor() throws {
    var random = RandomSource(seed: 1)
    let rows = (0..<50).map { _ in [random.normal(), random.normal()] }
    let y = table(rows.map { [3 * $0[0] + $0[1]] })
    func shares(_ scale: Double) throws -> (raw: [Double], standardized: [Double]) {
      let fit = try LeastSquares(predictors: table(rows.map { [$0[0] * scale, $0[1]] }), responses: y)
      func share(_ values: [Double]) -> [Double] {
        let total = values.reduce(0) { $0 + abs($1) }
        return values.map { abs($0) / total }
      }
      return (share(fit.coefficients.doubles), share(fit.standardizedCoefficients.doubles))
    }
    let (plain, scaled) = (try shares(1), try shares(10))
    #expect(difference(plain.raw, [0.75, 0.25]) < 1e-12)
    #expect(difference(scaled.raw, [0.3 / 1.3, 1 / 1.3]) < 1e-12)
    #expect(difference(plain.standardized, scaled.standardized) < 1e-12)
  }

  @Test func degenerateRegressions() throws {
    let fit = try LeastSquares(predictors: table([[1, 5], [2, 5], [4, 5]]), responses: table([[3], [3], [3]]))
    #expect(fit.rSquared == [nil] && fit.coefficients.doubles.allSatisfy { abs($0) < 1e-14 } && fit.rank == 1)
    #expect(fit.warnings.count == 2 && fit.standardizedCoefficients.doubles == [0, 0])
    let single = try LeastSquares(predictors: table([[1, 5]]), responses: table([[3]]))
    #expect(single.intercepts == [3] && single.rank == 0 && single.condition == nil && single.standardErrors == nil)
    #expect(throws: StatisticsError.self) { try LeastSquares(predictors: table([[1]]), responses: table([[1], [2]])) }
    #expect(throws: StatisticsError.self) { try LeastSquares(predictors: table([[.nan]]), responses: table([[1]])) }
  }

  @Test func logisticRegression() throws {
    for row in expected.logistic {
      let x = table(row.x)
      let fit = try LogisticRegression(features: x, labels: row.y, classCount: row.classes, inverseRegularization: row.c)
      #expect(fit.gradientNorm <= 1e-8)
      #expect(difference(fit.coefficients.doubles, row.coefficients.flatMap { $0 }) < 1e-7)
      let shift = row.intercepts.count == 1 ? 0 : row.intercepts.reduce(0, +) / Double(row.intercepts.count)
      #expect(difference(fit.intercepts, row.intercepts.map { $0 - shift }) < 1e-7)
      // From its own end there is nothing left to do.
      let again = try LogisticRegression(
        features: x, labels: row.y, classCount: row.classes, inverseRegularization: row.c, startingAt: fit)
      #expect(again.iterations <= 1)
      // The gradient of the objective in the intercepts: as many predicted of each class as there are.
      let predicted = fit.predictions(x)
      #expect(Double(zip(predicted, row.y).count { $0 == $1 }) > 0.6 * Double(row.y.count))
    }
  }

  /// Step by step what scikit-learn's default solver does, where that stops long before the optimum.
  @Test func logisticRegressionsThatStopEarly() throws {
    for row in expected.logistic {
      let x = table(row.x)
      func fit(_ solver: LogisticRegression.Solver) throws -> LogisticRegression {
        try LogisticRegression(
          features: x, labels: row.y, classCount: row.classes, inverseRegularization: row.c, solver: solver)
      }
      for wanted in row.stopped {
        let found = try fit(.limitedMemoryBFGS(tolerance: wanted.tolerance, iterations: wanted.limit))
        #expect(found.iterations == wanted.steps && found.isFinished == (wanted.steps < wanted.limit))
        #expect(difference(found.coefficients.doubles, wanted.coefficients.flatMap { $0 }) < 1e-12)
        #expect(difference(found.intercepts, wanted.intercepts) < 1e-10)
        #expect(found.gradientNorm > 1e-6)
      }
      // The optimum is the default, and no way to it changes it.
      let optimum = try fit(.newton())
      #expect(
        try fit(.newton()).coefficients.doubles
          == LogisticRegression(
            features: x, labels: row.y, classCount: row.classes, inverseRegularization: row.c
          ).coefficients.doubles)
      let tight = try fit(.limitedMemoryBFGS(tolerance: 1e-12, iterations: 1000))
      #expect(tight.isFinished && difference(tight.coefficients.doubles, optimum.coefficients.doubles) < 1e-5)
    }
    for solver in [
      .newton(tolerance: 0), .newton(tolerance: .nan), .limitedMemoryBFGS(tolerance: -1), .limitedMemoryBFGS(iterations: 0),
      .limitedMemoryBFGS(tolerance: .infinity),
    ] as [LogisticRegression.Solver] {
      #expect(throws: StatisticsError.self) {
        try LogisticRegression(features: table([[1], [2]]), labels: [0, 1], classCount: 2, solver: solver)
      }
    }
  }

  @Test func logisticRegressionsWithoutAnswer() throws {
    let x = table([[1], [2], [3], [4]])
    #expect(throws: StatisticsError.tooFew(what: "logistic regression: classes", found: 1, needed: 2)) {
      try LogisticRegression(features: x, labels: [1, 1, 1, 1], classCount: 2)
    }
    #expect(throws: StatisticsError.self) { try LogisticRegression(features: x, labels: [0, 1], classCount: 2) }
    #expect(throws: StatisticsError.self) { try LogisticRegression(features: x, labels: [0, 1, 2, 0], classCount: 2) }
    // A class that does not occur, and one that is never far from another, are no obstacle.
    let three = try LogisticRegression(features: x, labels: [0, 0, 2, 2], classCount: 3)
    #expect(three.predictions(x) == [0, 0, 2, 2])
  }

  @Test func standardization() throws {
    let row = expected.standardization
    let fit = try Standardization(table(row.x))
    #expect(difference(fit.means, row.means) < 1e-14 && difference(fit.scales, row.scales) < 1e-14)
    #expect(fit.constantVariables == [3])
    let there = fit.apply(table(row.x))
    #expect(difference(fit.undo(there).doubles, row.x.flatMap { $0 }) < 1e-14)
    // Zero is the mean: of a feature whose values are 1 and 3 it is 2.
    let small = try Standardization(table([[1], [3]]))
    #expect(small.undo(table([[0]])).doubles == [2])
  }
}
