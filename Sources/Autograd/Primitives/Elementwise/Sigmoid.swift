import CKernels

/// y = 1/(1 + e⁻ˣ);  x̄ = ȳ·y·(1 − y)
struct Sigmoid: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_SIGMOID)] }
  var saves: Saved { .outputs }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent * (pullback.output(0) * (1 - pullback.output(0)))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] {
    [pushforward.tangent * (pushforward.output(0) * (1 - pushforward.output(0)))]
  }

  static let samples = [
    Sample(Sigmoid(), .normal([3, 2])), Sample(Sigmoid(), .zeros([0])),
    Sample(Sigmoid(), .normal([1])), Sample(Sigmoid(), .normal([])),
  ]
  static let errorSamples = [ErrorSample(Sigmoid(), [2], dtype: .int32), ErrorSample(Sigmoid(), [2], dtype: .bool)]
}

/// Logistic function 1/(1 + e⁻ˣ), elementwise.
public func sigmoid(_ x: Tensor) -> Tensor { Sigmoid()(x) }
