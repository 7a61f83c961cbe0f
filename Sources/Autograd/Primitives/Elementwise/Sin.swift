import CKernels

/// y = sin x;  x̄ = ȳ·cos x
struct Sin: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_SIN)] }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent * cos(pullback.input(0))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent * cos(pushforward.input(0))] }

  static let samples = [
    Sample(Sin(), .normal([3, 2])), Sample(Sin(), .zeros([0])),
    Sample(Sin(), .normal([1])), Sample(Sin(), .normal([])),
  ]
  static let errorSamples = [ErrorSample(Sin(), [2], dtype: .int32), ErrorSample(Sin(), [2], dtype: .bool)]
}

/// Sine, elementwise, of radians.
public func sin(_ x: Tensor) -> Tensor { Sin()(x) }
