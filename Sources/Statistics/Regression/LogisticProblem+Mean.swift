/// The objective divided by the number of observations, and the solver that stops by rules for it.
extension LogisticProblem {
  /// As scikit-learn's `lbfgs` does: see ``LogisticRegression/Solver``.
  func minimizeMean(from start: [Double], tolerance: Double, limit: Int) -> Solution {
    let count = Double(labels.count)
    var search = LimitedMemoryBFGS()
    search.gradientTolerance = tolerance
    search.reductionTolerance = 64 * Double.ulpOfOne
    search.iterationLimit = limit
    search.lineSearchLimit = 50
    let found = search.minimize(from: start) { parameters in
      let point = evaluate(parameters)
      return (point.value / count, point.gradient.map { $0 / count })
    }
    let square = found.gradient.reduce(0) { $0 + $1 * $1 }
    let isFinished = found.ending == .gradient || found.ending == .reduction
    return Solution(
      parameters: found.parameters, gradientNorm: square.squareRoot() * count, iterations: found.iterations,
      isFinished: isFinished)
  }
}

extension LogisticRegression.Solver {
  func check() throws(StatisticsError) {
    let tolerance: Double
    switch self {
    case .newton(let own): tolerance = own
    case .limitedMemoryBFGS(let own, let iterations):
      tolerance = own
      if iterations < 1 { throw .invalidInput("logistic regression: found \(iterations) steps, expected at least 1") }
    }
    if !(tolerance > 0) || tolerance.isInfinite {
      throw .invalidInput("logistic regression: found a tolerance of \(tolerance), expected a positive number")
    }
  }
}
