import CKernels

/// y = |x|;  x̄ = ȳ·sign x
struct Abs: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_ABS)] }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent * Tensor(pullback.input(0).value.map(CK_SIGN))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent * Tensor(pushforward.input(0).value.map(CK_SIGN))] }

  static let samples = [
    Sample(Abs(), .awayFromZero([3, 2])), Sample(Abs(), .zeros([0])),
    Sample(Abs(), .awayFromZero([1])), Sample(Abs(), .awayFromZero([])),
  ]
  static let errorSamples = [ErrorSample(Abs(), [2], dtype: .int32), ErrorSample(Abs(), [2], dtype: .bool)]
}

/// Absolute value, elementwise. The derivative at 0 is 0.
public func abs(_ x: Tensor) -> Tensor { Abs()(x) }
