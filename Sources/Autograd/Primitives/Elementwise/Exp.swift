import CKernels

/// y = eˣ;  x̄ = ȳ·y,  ẏ = ẋ·y
struct Exp: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_EXP)] }
  var saves: Saved { .outputs }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent * pullback.output(0)] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent * pushforward.output(0)] }

  static let samples = [
    Sample(Exp(), .normal([3, 2])), Sample(Exp(), .zeros([0])), Sample(Exp(), .normal([1])), Sample(Exp(), .normal([])),
  ]
  static let errorSamples = [ErrorSample(Exp(), [2], dtype: .int32)]
}

/// eˣ, elementwise.
public func exp(_ x: Tensor) -> Tensor { Exp()(x) }
