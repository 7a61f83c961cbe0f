import TensorCore

/// A linear classifier fitted by maximum likelihood with an L2 penalty on its coefficients, the intercepts free.
///
/// As scikit-learn's `LogisticRegression`: it minimises the sum of the log-losses plus ‖coefficients‖² / 2C. Two classes have one
/// row of coefficients behind a sigmoid; three and more have a row each behind a softmax (which would be penalised otherwise for
/// two). Fitted by Newton's method with conjugate gradients (Nocedal & Wright 2006, algorithm 7.1) until the gradient's norm is
/// below the tolerance, so that the coefficients are those of the optimum and not of a solver; or, on request, as far as
/// scikit-learn's default solver goes.
public struct LogisticRegression: Sendable {
  /// How the optimum is looked for, and when that ends.
  public enum Solver: Sendable, Hashable {
    /// Newton's method to the optimum: until the norm of the gradient of the sum of losses is below `tolerance`.
    case newton(tolerance: Double = 1e-8)
    /// What scikit-learn 1.4 and newer call `lbfgs`, step by step: ``LimitedMemoryBFGS`` from zero on the mean of the losses, until
    /// no component of its gradient exceeds `tolerance`, a step lowers it by less than 64 times the spacing of floating-point
    /// numbers at 1, or `iterations` steps (or 15,000 evaluations) are done. The defaults are scikit-learn's.
    ///
    /// This stops before the optimum. At a tolerance of 1e-4 coefficients may be far from it; with a tolerance so small that the
    /// second rule decides they are within about 1e-5 of it, where they depend on rounding.
    case limitedMemoryBFGS(tolerance: Double = 1e-4, iterations: Int = 100)
  }

  /// [1 or classes, features] float64.
  public let coefficients: NDArray
  /// One for each row of ``coefficients``; for three and more classes their sum is 0.
  public let intercepts: [Double]
  public let classCount: Int
  /// Norm of the gradient of the objective where the fit stopped.
  public let gradientNorm: Double
  /// Steps of the solver.
  public let iterations: Int
  /// False if the solver gave up: at its limit of steps, or where it found no descent. Newton's method throws then.
  public let isFinished: Bool

  /// - Parameters:
  ///   - features: [observations, features], finite; best standardised.
  ///   - labels: from 0 to `classCount` − 1, one for each observation; at least two classes must occur.
  ///   - classCount: at least 2.
  ///   - inverseRegularization: C; `nil` for no penalty. Default: 1.
  ///   - solver: Default: Newton's method to a gradient norm of 1e-8.
  ///   - start: a fit of the same shape to begin with.
  /// - Throws: ``StatisticsError``: other shapes or labels, a single class, a tolerance or a number of steps that is not positive,
  ///   or no convergence of Newton's method (without a penalty the classes may be separable).
  public init(
    features: NDArray, labels: [Int], classCount: Int, inverseRegularization: Double? = 1,
    solver: Solver = .newton(), startingAt start: LogisticRegression? = nil
  ) throws(StatisticsError) {
    let x = try requireTable(features, "logistic regression")
    if labels.count != x.shape[0] {
      throw .invalidInput("logistic regression: found \(labels.count) labels for \(x.shape[0]) observations")
    }
    if let label = labels.first(where: { !(0..<classCount).contains($0) }) {
      throw .invalidInput("logistic regression: found the label \(label), expected from 0 to \(classCount - 1)")
    }
    if Set(labels).count < 2 { throw .tooFew(what: "logistic regression: classes", found: Set(labels).count, needed: 2) }
    if let c = inverseRegularization, !(c > 0) {
      throw .invalidInput("logistic regression: found C = \(c), expected a positive number")
    }
    try solver.check()
    let rows = classCount == 2 ? 1 : classCount
    let width = x.shape[1]
    let problem = LogisticProblem(
      features: x, labels: labels, rows: rows, penalty: inverseRegularization.map { 1 / $0 } ?? 0)
    var initial = [Double](repeating: 0, count: rows * (width + 1))
    if let start, start.coefficients.shape == [rows, width] {
      initial = start.coefficients.doubles + start.intercepts
    }
    let solution: LogisticProblem.Solution
    switch solver {
    case .newton(let tolerance): solution = try problem.minimize(from: initial, tolerance: tolerance)
    case .limitedMemoryBFGS(let tolerance, let limit):
      solution = problem.minimizeMean(from: initial, tolerance: tolerance, limit: limit)
    }
    coefficients = NDArray(Array(solution.parameters[..<(rows * width)]), shape: [rows, width])
    let free = Array(solution.parameters[(rows * width)...])
    // A common shift of all intercepts changes nothing.
    let shift = rows == 1 ? 0 : free.reduce(0, +) / Double(rows)
    intercepts = free.map { $0 - shift }
    self.classCount = classCount
    gradientNorm = solution.gradientNorm
    iterations = solution.iterations
    isFinished = solution.isFinished
  }

  /// The logarithm of the odds against the other class, or each class's logit: [observations, 1 or classes].
  public func decisions(_ features: NDArray) -> NDArray {
    let products = NDArray.matmul(features.converted(to: .float64), coefficients, transposeA: false, transposeB: true)
    let rows = intercepts.count
    return products.withUnsafeBufferPointer(as: Double.self) { values in
      NDArray(values.indices.map { values[$0] + intercepts[$0 % rows] }, shape: products.shape)
    }
  }

  /// The most probable class of each observation; of equal ones the first.
  public func predictions(_ features: NDArray) -> [Int] {
    let rows = intercepts.count
    let logits = decisions(features).doubles
    if rows == 1 { return logits.map { $0 > 0 ? 1 : 0 } }
    return (0..<logits.count / rows).map { observation in
      let own = observation * rows..<(observation + 1) * rows
      return own.reduce(own.lowerBound) { logits[$1] > logits[$0] ? $1 : $0 } - own.lowerBound
    }
  }
}
