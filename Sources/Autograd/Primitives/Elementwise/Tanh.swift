import CKernels

/// y = tanh x;  x̄ = ȳ·(1 − y²)
struct Tanh: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_TANH)] }
  var saves: Saved { .outputs }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent * (1 - square(pullback.output(0)))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent * (1 - square(pushforward.output(0)))] }

  static let samples = [
    Sample(Tanh(), .normal([3, 2])), Sample(Tanh(), .zeros([0])),
    Sample(Tanh(), .normal([1])), Sample(Tanh(), .normal([])),
  ]
  static let errorSamples = [ErrorSample(Tanh(), [2], dtype: .int32), ErrorSample(Tanh(), [2], dtype: .bool)]
}

/// Hyperbolic tangent, elementwise.
public func tanh(_ x: Tensor) -> Tensor { Tanh()(x) }
