import CKernels

/// y = max(x, 0);  x̄ = ȳ where x > 0, else 0. The output tells where that is, and the next layer keeps it anyway.
struct ReLU: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_RELU)] }
  var saves: Saved { .outputs }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent * Tensor(pullback.output(0).value.map(CK_STEP))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent * Tensor(pushforward.output(0).value.map(CK_STEP))] }

  static let samples = [
    Sample(ReLU(), .awayFromZero([3, 2])), Sample(ReLU(), .zeros([0])),
    Sample(ReLU(), .awayFromZero([1])), Sample(ReLU(), .awayFromZero([])),
  ]
  static let errorSamples = [ErrorSample(ReLU(), [2], dtype: .int32), ErrorSample(ReLU(), [2], dtype: .bool)]
}

/// max(x, 0), elementwise; NaN stays NaN. The derivative at the kink is 0.
public func relu(_ x: Tensor) -> Tensor { ReLU()(x) }
