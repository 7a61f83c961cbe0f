import CKernels

/// y = xᵖ for a constant p;  x̄ = ȳ·p·xᵖ⁻¹
struct PowerScalar: Primitive {
  let exponent: Double

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: [NDArray]) -> [NDArray] {
    switch exponent {
    case 1: [inputs[0]]
    case 2: [inputs[0].map(CK_SQUARE)]
    case -1: [inputs[0].map(CK_RECIPROCAL)]
    default: [inputs[0].power(exponent)]
    }
  }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [slope(pullback.input(0)).map { pullback.cotangent * $0 }] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [slope(pushforward.input(0)).map { pushforward.tangent * $0 }] }

  /// Nothing at all for p = 0, where 0·x⁻¹ would be NaN at 0.
  private func slope(_ x: Tensor) -> Tensor? { exponent == 0 ? nil : pow(x, exponent - 1) * exponent }

  static let samples = [
    Sample(PowerScalar(exponent: 2.5), .uniform(0.3, 3, [3, 2])), Sample(PowerScalar(exponent: 3), .normal([3, 2])),
    Sample(PowerScalar(exponent: -2), .awayFromZero([3], margin: 0.5)), Sample(PowerScalar(exponent: 2), .normal([1])),
    Sample(PowerScalar(exponent: 1), .normal([2])), Sample(PowerScalar(exponent: 0), .normal([2])),
    Sample(PowerScalar(exponent: -1), .awayFromZero([])), Sample(PowerScalar(exponent: 0.5), .zeros([0])),
  ]
  static let errorSamples = [ErrorSample(PowerScalar(exponent: 2), [2], dtype: .int32)]
}

/// xᵖ, elementwise, for a constant exponent; integer exponents take negative x as well, others give NaN there.
///
/// The derivative p·xᵖ⁻¹ is right at 0 too for p ≥ 1 and for p = 0, and infinite there otherwise.
public func pow(_ x: Tensor, _ exponent: Double) -> Tensor { PowerScalar(exponent: exponent)(x) }
