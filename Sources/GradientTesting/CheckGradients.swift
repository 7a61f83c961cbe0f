import Autograd

/// Compares the derivatives of `function` with finite differences.
///
/// Checks, with random tangents v and cotangents u drawn from `seed`:
/// - reverse mode: every entry of Jᵀu against central differences of ⟨u, f⟩;
/// - forward mode: Jv against central differences along v;
/// - the adjoint identity ⟨u, Jv⟩ = ⟨Jᵀu, v⟩, which needs no step;
/// - with `order: 2`, all of the above once more for x ↦ Jᵀu.
///
/// `function` may branch and loop on values as it likes: what is differentiated is the path that it takes at `inputs`. Where it
/// is not smooth (a kink or a jump, seen in one-sided differences that disagree at every step) there is no derivative to compare
/// with. That is no mistake of the derivative, and no confirmation of it either: it is reported as a ``NonSmoothPoint``.
///
/// - Parameters:
///   - function: what is checked; of any number of tensors, to any number.
///   - inputs: where to check. Floating-point ones are converted to `precision` and differentiated; others stay as they are.
///   - order: 1, or 2 for second derivatives, too.
///   - precision: float64 (default), or float32 for functions that take nothing else.
///   - tolerance: largest allowed difference, relative to the largest entry of the derivative (and to 1). 10⁻⁶ unless given, in
///     float32 2·10⁻³; tenfold for the second order.
///   - step: of the differences, relative to an entry's magnitude (and to 1). Unless given, ε^(1/(3 + 2·refinements)), which
///     balances rounding and truncation. It is made smaller where a smaller one resolves a disagreement.
///   - refinements: how often central differences are Richardson-extrapolated: each cancels two more orders of the step (default 1).
///   - allowsNonSmoothPoints: whether points without a derivative are only listed in the report, instead of thrown.
///   - seed: of the random tangents and cotangents.
/// - Returns: how much was checked, how well it agreed, and the non-smooth points.
/// - Throws: ``GradientMismatch`` for the first check that fails, naming its worst entry; ``NonSmoothPoint`` for the first one
///   found, unless they are allowed; otherwise what `function` throws.
@discardableResult
public func checkGradients(
  of function: ([Tensor]) throws -> [Tensor], at inputs: [Tensor], order: Int = 1, precision: DType = .float64,
  tolerance: Double? = nil, step: Double? = nil, refinements: Int = 1, allowsNonSmoothPoints: Bool = false, seed: UInt64 = 0
) throws -> GradientReport {
  if !precision.isFloating {
    throw TensorError.dtype("checkGradients", "precision is float32 or float64, found \(precision)")
  }
  let differences = Differences(precision, step: step, refinements: max(0, refinements))
  var check = GradientCheck(
    differences: differences, tolerance: tolerance ?? (precision == .float32 ? 2e-3 : 1e-6), prefix: "",
    allowsNonSmoothPoints: allowsNonSmoothPoints, random: RandomSource(seed: seed))
  let inputs = inputs.map { $0.dtype.isFloating ? Tensor($0.value.converted(to: precision)) : $0 }
  try check.run(function, inputs, order)
  return check.report
}

/// The same for a function of one tensor with one value.
@discardableResult
public func checkGradients(
  of function: (Tensor) throws -> Tensor, at input: Tensor, order: Int = 1, precision: DType = .float64,
  tolerance: Double? = nil, step: Double? = nil, refinements: Int = 1, allowsNonSmoothPoints: Bool = false, seed: UInt64 = 0
) throws -> GradientReport {
  try checkGradients(
    of: { [try function($0[0])] }, at: [input], order: order, precision: precision, tolerance: tolerance, step: step,
    refinements: refinements, allowsNonSmoothPoints: allowsNonSmoothPoints, seed: seed)
}

/// One run of ``checkGradients(of:at:order:precision:tolerance:step:refinements:allowsNonSmoothPoints:seed:)``.
private struct GradientCheck {
  let differences: Differences
  var tolerance: Double
  var prefix: String
  let allowsNonSmoothPoints: Bool
  var random: RandomSource
  var report = GradientReport()

  mutating func run(_ function: ([Tensor]) throws -> [Tensor], _ inputs: [Tensor], _ order: Int) throws {
    let active = inputs.indices.filter { inputs[$0].dtype.isFloating }
    /// The function of its differentiable inputs and outputs alone.
    func f(_ free: [Tensor]) throws -> [Tensor] {
      var all = inputs
      for (index, tensor) in zip(active, free) { all[index] = tensor }
      return try function(all).filter(\.dtype.isFloating)
    }
    let x = active.map { inputs[$0] }
    let values = try f(x)
    // Along v every entry moves by a step relative to its magnitude, as it does alone.
    let (u, v) = (normals(like: values), zip(normals(like: x), x).map { $0 * maximum(abs($1), 1) })
    let pulled = try vjp(at: x, cotangents: u) { try f($0) }.cotangents
    let pushed = try jvp(at: x, tangents: v) { try f($0) }.tangents

    let (middle, size, differences) = (dot(u, values), magnitude(u, values), differences)
    for input in x.indices {
      try compare("vector–Jacobian product, input \(active[input])", pulled[input]) { entry, expected, bound in
        let around = max(1, abs(x[input].doubles[entry]))
        return [
          try differences.slope(around, middle, size, expected, bound) { t in
            var moved = x
            moved[input] = x[input].adding(t, at: entry)
            return dot(u, try f(moved))
          }
        ]
      }
    }
    let flattened = pushed.flatMap(\.doubles)
    try compare("Jacobian–vector product", Tensor(NDArray(flattened, shape: [flattened.count]))) { _, _, bound in
      try differences.slopes(1, values.flatMap(\.doubles), flattened, bound) { t in
        try f(zip(x, v).map { $0 + $1 * t }).flatMap(\.doubles)
      }
    }
    try checkAdjoint(dot(u, pushed), dot(pulled, v), max(1, magnitude(u, pushed), magnitude(pulled, v)))
    if order > 1 {
      prefix += "second order: "
      tolerance *= 10
      try run({ try vjp(at: $0, cotangents: u) { try f($0) }.cotangents }, x, order - 1)
    }
  }

  /// `slopes` gives those from one entry on: all of them, or one at a time.
  private mutating func compare(
    _ name: String, _ analytic: Tensor,
    _ slopes: (_ entry: Int, _ expected: Double, _ bound: Double) throws -> [Slope]
  ) throws {
    let entries = analytic.doubles
    // Infinite entries fail on their own; they must not widen the bound of the others.
    let bound = tolerance * max(1, entries.map(abs).filter(\.isFinite).max() ?? 0)
    var (found, worst): ([Slope], (index: Int, difference: Double)?) = ([], nil)
    while found.count < entries.count { found += try slopes(found.count, entries[found.count], bound) }
    for (index, (entry, slope)) in zip(entries, found).enumerated() {
      let place = analytic.shape.coordinates(of: index)
      if !slope.isSmooth {
        let point = NonSmoothPoint(
          check: prefix + name, entry: place, derivative: entry, left: slope.left, right: slope.right, step: slope.step)
        if !allowsNonSmoothPoints { throw point }
        report.nonSmoothPoints.append(point)
        continue
      }
      // NaN compares false with everything and must not pass for that.
      let difference = abs(entry - slope.value).isNaN ? .infinity : abs(entry - slope.value)
      if difference > worst?.difference ?? -1 { worst = (index, difference) }
      report.checkedEntries += 1
      report.largestDifference = max(report.largestDifference, difference * tolerance / bound)
    }
    if let worst, worst.difference > bound {
      let slope = found[worst.index]
      throw GradientMismatch(
        check: prefix + name, entry: analytic.shape.coordinates(of: worst.index), analytic: entries[worst.index],
        reference: slope.value, step: slope.step, tolerance: bound)
    }
  }

  /// Both sides are sums of as many rounded terms as there are entries; `scale` is that of the sums.
  private func checkAdjoint(_ left: Double, _ right: Double, _ scale: Double) throws {
    let bound = (differences.epsilon < 1e-10 ? 1e-10 : 1e-4) * scale
    if !(abs(left - right) <= bound) {
      throw GradientMismatch(
        check: prefix + "adjoint identity ⟨u, Jv⟩ = ⟨Jᵀu, v⟩", entry: nil, analytic: right, reference: left, step: nil,
        tolerance: bound)
    }
  }

  private mutating func normals(like tensors: [Tensor]) -> [Tensor] {
    tensors.map { Tensor(NDArray(random.normals($0.count), shape: $0.shape).converted(to: $0.dtype)) }
  }
}

private func dot(_ a: [Tensor], _ b: [Tensor]) -> Double {
  zip(a, b).reduce(0) { $0 + zip($1.0.doubles, $1.1.doubles).reduce(0) { $0 + $1.0 * $1.1 } }
}

private func magnitude(_ a: [Tensor], _ b: [Tensor]) -> Double {
  zip(a, b).reduce(0) { $0 + zip($1.0.doubles, $1.1.doubles).reduce(0) { $0 + abs($1.0 * $1.1) } }
}

extension Tensor {
  fileprivate func adding(_ t: Double, at entry: Int) -> Tensor {
    var values = doubles
    values[entry] += t
    return Tensor(NDArray(values, shape: shape).converted(to: dtype))
  }
}

extension Shape {
  /// The multi-index of a flat, row-major one.
  fileprivate func coordinates(of flat: Int) -> [Int] { zip(strides, extents).map { flat / $0 % Swift.max(1, $1) } }
}
