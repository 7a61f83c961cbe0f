import CKernels

/// y = aᵇ, broadcast;  ā = ȳ·b·aᵇ⁻¹,  b̄ = ȳ·y·ln a, summed over broadcast axes
struct Power: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferBroadcast(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] {
    let b = inputs.removeLast()
    return [NDArray.zip(CK_POWER, inputs.removeLast(), b)]
  }
  var saves: Saved { [.inputs, .outputs] }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let (a, b) = (pullback.input(0), pullback.input(1))
    return try pullback.forNeeded(
      { (pullback.cotangent * baseSlope(a, b)).summed(to: pullback.signature(0).shape) },
      { (pullback.cotangent * pullback.output(0) * safeLog(a)).summed(to: pullback.signature(1).shape) })
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let (a, b) = (pushforward.input(0), pushforward.input(1))
    return [try pushforward.sum({ $0 * baseSlope(a, b) }, { pushforward.output(0) * safeLog(a) * $0 })]
  }

  /// b·aᵇ⁻¹, and 0 at a = b = 0, where x⁰ is constant but the formula gives 0·∞.
  private func baseSlope(_ a: Tensor, _ b: Tensor) -> Tensor {
    let isOrigin = (abs(a.detached) + abs(b.detached)) .== 0
    return b * pow(a, select(where: isOrigin, 1, else: b - 1))
  }

  /// ln a, and 0 at a = 0, where aᵇ·ln a tends to 0 for b > 0 but the formula gives 0·∞.
  private func safeLog(_ a: Tensor) -> Tensor { log(select(where: a .== 0, 1, else: a)) }

  static let samples = [
    Sample(Power(), .uniform(0.3, 3, [3, 2]), .normal([3, 2])), Sample(Power(), .uniform(0.3, 3, [3, 1]), .normal([2])),
    Sample(Power(), .uniform(0.3, 3, []), .normal([2, 2])), Sample(Power(), .uniform(0.3, 3, [1]), .normal([])),
    Sample(Power(), .zeros([0, 2]), .normal([2])),
  ]
  static let errorSamples = [
    ErrorSample(Power(), [2], [3]), ErrorSample(Power(), [Signature([2], .float32), Signature([2], .float64)]),
    ErrorSample(Power(), [2], [2], dtype: .int64),
  ]
}

/// aᵇ, elementwise; shapes broadcast. NaN for a negative base unless the exponent is an integer.
///
/// The derivative by the exponent is 0 at base 0, and NaN for negative bases.
public func pow(_ base: Tensor, _ exponent: Tensor) -> Tensor { Power()(base, exponent) }
