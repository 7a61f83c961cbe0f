// Activations as PyTorch defines them, at their kinks too. A selection, not a maximum, decides the branch: the derivative at a
// kink is then that of one side, where a maximum would share it.

/// x where it is positive, slope·x elsewhere (at 0 too).
///
/// - Parameters:
///   - x: float32 or float64.
///   - slope: of the negative side (default 0.01).
public func leakyRelu(_ x: Tensor, slope: Double = 0.01) -> Tensor { select(where: x .> 0, x, else: x * slope) }

/// ``leakyRelu(_:slope:)`` with slopes that are learnt.
///
/// - Parameters:
///   - x: [N, C, …]; any shape for a single slope.
///   - slope: [C], one for each channel (axis 1), or a single number ([] or [1]).
/// - Returns: the shape of x. Traps if the slopes do not fit.
public func prelu(_ x: Tensor, slope: Tensor) -> Tensor {
  if slope.count == 1 && slope.rank <= 1 { return select(where: x .> 0, x, else: x * slope.reshaped(to: [])) }
  if x.rank < 2 || slope.shape != [x.shape[1]] {
    fail(.shape("prelu", "slopes \(slope.shape) are neither one nor one for each channel of \(x.shape)"))
  }
  return select(where: x .> 0, x, else: x * slope.reshaped(to: Shape(slope.shape + x.shape.dropFirst(2).map { _ in 1 })))
}

/// x where it is positive, alpha·(eˣ − 1) elsewhere.
///
/// - Parameters:
///   - x: float32 or float64.
///   - alpha: what −∞ goes to, negated (default 1).
public func elu(_ x: Tensor, alpha: Double = 1) -> Tensor {
  let isPositive = x .> 0
  // The branch not taken must stay finite: 0·∞ would be the derivative's NaN.
  return select(where: isPositive, x, else: expm1(select(where: isPositive, 0, else: x)) * alpha)
}

/// 0 up to −3, 1 from 3 on and x/6 + ½ between, elementwise. The derivative is 0 at ±3.
public func hardSigmoid(_ x: Tensor) -> Tensor {
  select(where: abs(x.detached) .< 3, x / 6 + 0.5, else: (x.detached / 6 + 0.5).clamped(to: 0...1))
}

/// x·``hardSigmoid(_:)``, elementwise. The derivative is 0 at −3 and 1 at 3.
public func hardSwish(_ x: Tensor) -> Tensor { x * hardSigmoid(x) }
