import Autograd

/// Compares the derivatives of `function` with finite differences, in float64.
///
/// Checks, with random tangents v and cotangents u drawn from `seed`:
/// - reverse mode: every entry of Jᵀu against central differences of ⟨u, f⟩ (Richardson-extrapolated, so the error is O(h⁴));
/// - forward mode: Jv against central differences along v;
/// - the adjoint identity ⟨u, Jv⟩ = ⟨Jᵀu, v⟩, which needs no step;
/// - with `order: 2`, all of the above once more for x ↦ Jᵀu.
///
/// - Parameters:
///   - function: what is checked; of any number of tensors, to any number.
///   - inputs: where to check. Floating-point ones are converted to float64 and differentiated; others stay as they are.
///   - order: 1, or 2 for second derivatives, too.
///   - tolerance: largest allowed difference, relative to the largest entry of either side (and to 1).
///   - step: of the central differences, relative to an entry's magnitude (and to 1).
///   - seed: of the random tangents and cotangents.
/// - Throws: ``GradientMismatch`` for the first check that fails, naming its worst entry; otherwise what `function` throws.
public func checkGradients(
  of function: ([Tensor]) throws -> [Tensor], at inputs: [Tensor], order: Int = 1, tolerance: Double = 1e-6,
  step: Double = 1e-3, seed: UInt64 = 0
) throws {
  var random = RandomSource(seed: seed)
  let inputs = inputs.map { $0.dtype.isFloating ? Tensor($0.value.converted(to: .float64)) : $0 }
  try check(function, inputs, order, "", tolerance, step, &random)
}

private func check(
  _ function: ([Tensor]) throws -> [Tensor], _ inputs: [Tensor], _ order: Int, _ prefix: String, _ tolerance: Double,
  _ step: Double, _ random: inout RandomSource
) throws {
  let active = inputs.indices.filter { inputs[$0].dtype.isFloating }
  /// The function of its differentiable inputs and outputs alone.
  func f(_ free: [Tensor]) throws -> [Tensor] {
    var all = inputs
    for (index, tensor) in zip(active, free) { all[index] = tensor }
    return try function(all).filter(\.dtype.isFloating)
  }
  let x = active.map { inputs[$0] }
  let values = try f(x)
  let u = values.map { Tensor(NDArray(random.normals($0.count), shape: $0.shape)) }
  let v = x.map { Tensor(NDArray(random.normals($0.count), shape: $0.shape)) }

  let pulled = try vjp(at: x, cotangents: u) { try f($0) }.cotangents
  let pushed = try jvp(at: x, tangents: v) { try f($0) }.tangents

  for input in x.indices {
    let numeric = try (0..<x[input].count).map { entry in
      let h = step * max(1, abs(x[input].doubles[entry]))
      return try richardson(h) { t in
        var moved = x
        moved[input] = x[input].adding(t, at: entry)
        return [dot(u, try f(moved))]
      }[0]
    }
    try compare(
      prefix + "vector–Jacobian product, input \(active[input])", pulled[input], numeric, tolerance, step)
  }
  let numericTangents = try richardson(step) { t in
    try f(zip(x, v).map { $0 + $1 * t }).flatMap(\.doubles)
  }
  let flattened = pushed.flatMap(\.doubles)
  try compare(
    prefix + "Jacobian–vector product", Tensor(NDArray(flattened, shape: [flattened.count])), numericTangents, tolerance, step)

  let (left, right) = (dot(u, pushed), dot(pulled, v))
  // Both sides are sums of as many rounded terms as there are entries.
  let scale = max(1, magnitude(u, pushed), magnitude(pulled, v))
  if !(abs(left - right) <= 1e-10 * scale) {
    throw GradientMismatch(
      check: prefix + "adjoint identity ⟨u, Jv⟩ = ⟨Jᵀu, v⟩", entry: nil, analytic: right, reference: left, step: nil,
      tolerance: 1e-10 * scale)
  }
  if order > 1 {
    try check(
      { try vjp(at: $0, cotangents: u) { try f($0) }.cotangents }, x, order - 1, prefix + "second order: ", tolerance * 10,
      step, &random)
  }
}

/// (4·D(h/2) − D(h))/3 for central differences D: cancels the h² term.
private func richardson(_ h: Double, _ function: (Double) throws -> [Double]) throws -> [Double] {
  func central(_ h: Double) throws -> [Double] {
    zip(try function(h), try function(-h)).map { ($0 - $1) / (2 * h) }
  }
  return zip(try central(h), try central(h / 2)).map { (4 * $1 - $0) / 3 }
}

private func compare(
  _ name: String, _ analytic: Tensor, _ numeric: [Double], _ tolerance: Double, _ step: Double
) throws {
  let entries = analytic.doubles
  let scale = max(1, entries.map(abs).max() ?? 0, numeric.map(abs).max() ?? 0)
  var worst: (index: Int, difference: Double)?
  for (index, (a, n)) in zip(entries, numeric).enumerated() {
    // NaN compares false with everything and must not pass for that.
    let difference = abs(a - n).isNaN ? .infinity : abs(a - n)
    if difference > worst?.difference ?? -1 { worst = (index, difference) }
  }
  if let worst, worst.difference > tolerance * scale {
    throw GradientMismatch(
      check: name, entry: analytic.shape.coordinates(of: worst.index), analytic: entries[worst.index],
      reference: numeric[worst.index], step: step, tolerance: tolerance * scale)
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
    return Tensor(NDArray(values, shape: shape))
  }
}

extension Shape {
  /// The multi-index of a flat, row-major one.
  fileprivate func coordinates(of flat: Int) -> [Int] { zip(strides, extents).map { flat / $0 % Swift.max(1, $1) } }
}
