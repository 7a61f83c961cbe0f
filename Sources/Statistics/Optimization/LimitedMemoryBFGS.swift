/// Minimises a smooth function of many variables by the limited-memory BFGS method.
///
/// The steps are those of L-BFGS-B without bounds (Byrd, Lu, Nocedal & Zhu, "A limited memory algorithm for bound constrained
/// optimization", SIAM Journal on Scientific Computing 16, 1995), which SciPy's `minimize(method="L-BFGS-B")` takes: the inverse
/// Hessian from the last ``memory`` steps (two-loop recursion of Nocedal 1980, which is its compact form in another order of
/// operations), scaled by sᵀy / yᵀy of the last one; a first step of length 1 at most; the line search of Moré & Thuente (1994).
/// It agrees with SciPy step by step, to rounding. Over many steps that rounding grows: where the function is badly conditioned,
/// the place at which a loose rule stops is reproducible to that rule, and no further.
public struct LimitedMemoryBFGS: Sendable {
  /// How many steps the Hessian is made of. Default: 10.
  public var memory = 10
  /// Stops where no component of the gradient is larger. Default: 1e-5.
  public var gradientTolerance = 1e-5
  /// Stops after a step that lowers f by no more than this times max(|f| before, |f| after, 1). Default: 1e7 times the spacing of
  /// floating-point numbers at 1.
  public var reductionTolerance = 1e7 * Double.ulpOfOne
  /// Default: 15,000 steps.
  public var iterationLimit = 15_000
  /// Stops after the step in which so many evaluations were exceeded. Default: 15,000.
  public var evaluationLimit = 15_000
  /// Evaluations in one line search. Default: 20.
  public var lineSearchLimit = 20

  public init() {}

  /// Why the search ended.
  public enum Ending: Sendable {
    /// The gradient is within its tolerance.
    case gradient
    /// The last step lowered the function by no more than its tolerance.
    case reduction
    case iterationLimit
    case evaluationLimit
    /// Not even the steepest descent finds a lower value.
    case noDescent
  }

  /// Where the search ended.
  public struct Minimum: Sendable {
    public let parameters: [Double]
    /// Of the function at ``parameters``.
    public let value: Double
    /// Of the function at ``parameters``.
    public let gradient: [Double]
    /// Steps taken.
    public let iterations: Int
    /// How often the function was asked for, the start included.
    public let evaluations: Int
    public let ending: Ending
  }

  /// - Parameters:
  ///   - start: where to begin.
  ///   - objective: the function and its gradient, of as many components as `start` has. Where they are not finite is no place to
  ///     go to.
  /// - Returns: the last place, also where the search ended without success: see `ending`.
  public func minimize(
    from start: [Double], _ objective: ([Double]) -> (value: Double, gradient: [Double])
  ) -> Minimum {
    var history = History(capacity: memory)
    var place = start
    var (value, gradient) = objective(start)
    var (iterations, evaluations) = (0, 1)
    func ended(_ ending: Ending) -> Minimum {
      Minimum(
        parameters: place, value: value, gradient: gradient, iterations: iterations, evaluations: evaluations, ending: ending)
    }
    if isFlat(gradient) { return ended(.gradient) }

    while true {
      let direction = history.descent(gradient)
      guard
        let step = search(
          from: place, value, gradient, along: direction, isFirst: iterations == 0, &evaluations, objective)
      else {
        if history.isEmpty { return ended(.noDescent) }
        // What was learnt of the curvature misleads: begin again.
        history.forget()
        continue
      }
      let before = (value: value, gradient: gradient)
      (place, value, gradient) = (step.parameters, step.place.value, step.gradient)
      iterations += 1
      if iterations >= iterationLimit { return ended(.iterationLimit) }
      if evaluations > evaluationLimit { return ended(.evaluationLimit) }
      if isFlat(gradient) { return ended(.gradient) }
      if before.value - value <= reductionTolerance * max(abs(before.value), abs(value), 1) { return ended(.reduction) }
      history.learn(step, direction, gradientBefore: before.gradient)
    }
  }

  /// Where a line search ended.
  struct Step {
    let place: LineSearch.Place
    /// φ′(0).
    let slopeBefore: Double
    let parameters: [Double]
    let gradient: [Double]
  }

  /// nil where `direction` does not descend, or no step was found within the limit.
  private func search(
    from start: [Double], _ value: Double, _ gradient: [Double], along direction: [Double], isFirst: Bool,
    _ evaluations: inout Int, _ objective: ([Double]) -> (value: Double, gradient: [Double])
  ) -> Step? {
    let slope = dot(gradient, direction)
    if !(slope < 0) { return nil }
    var length = isFirst ? min(1 / dot(direction, direction).squareRoot(), LineSearch.longest) : 1
    var search = LineSearch(value: value, slope: slope, step: length)
    for _ in 0..<lineSearchLimit where length.isFinite {
      let parameters = zip(start, direction).map { $0 + length * $1 }
      let there = objective(parameters)
      evaluations += 1
      let place = LineSearch.Place(step: length, value: there.value, slope: dot(there.gradient, direction))
      switch search.advance(place) {
      case .take: return Step(place: place, slopeBefore: slope, parameters: parameters, gradient: there.gradient)
      case .evaluate(let next): length = next
      }
    }
    return nil
  }

  private func isFlat(_ gradient: [Double]) -> Bool { gradient.allSatisfy { abs($0) <= gradientTolerance } }
}

/// The last steps and what the gradient did along them, the oldest first.
private struct History {
  private struct Pair {
    let step: [Double]
    let change: [Double]
    /// 1 / stepᵀchange.
    let inverse: Double
  }

  let capacity: Int
  private var pairs: [Pair] = []
  /// sᵀy / yᵀy of the last pair.
  private var scale = 1.0

  init(capacity: Int) { self.capacity = capacity }

  var isEmpty: Bool { pairs.isEmpty }

  mutating func forget() { (pairs, scale) = ([], 1) }

  /// −H·gradient.
  func descent(_ gradient: [Double]) -> [Double] {
    var direction = gradient.map { -$0 }
    var weights: [Double] = []
    for pair in pairs.reversed() {
      let weight = pair.inverse * dot(pair.step, direction)
      for index in direction.indices { direction[index] -= weight * pair.change[index] }
      weights.append(weight)
    }
    for index in direction.indices { direction[index] *= scale }
    for pair in pairs {
      let weight = weights.removeLast() - pair.inverse * dot(pair.change, direction)
      for index in direction.indices { direction[index] += weight * pair.step[index] }
    }
    return direction
  }

  /// Skips a pair whose curvature is lost in rounding, so that the Hessian stays positive.
  mutating func learn(_ step: LimitedMemoryBFGS.Step, _ direction: [Double], gradientBefore: [Double]) {
    let length = step.place.step
    let curvature = (step.place.slope - step.slopeBefore) * length
    if curvature <= Double.ulpOfOne * -step.slopeBefore * length { return }
    let change = zip(step.gradient, gradientBefore).map { $0 - $1 }
    scale = curvature / dot(change, change)
    pairs.append(Pair(step: direction.map { $0 * length }, change: change, inverse: 1 / curvature))
    if pairs.count > capacity { pairs.removeFirst() }
  }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for index in a.indices { sum += a[index] * b[index] }
  return sum
}
