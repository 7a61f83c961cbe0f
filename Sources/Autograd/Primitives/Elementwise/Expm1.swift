import CKernels

/// y = eˣ − 1;  x̄ = ȳ·eˣ.  The derivative is not taken as y + 1: that cancels for very negative x.
struct Expm1: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_EXPM1)] }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent * exp(pullback.input(0))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent * exp(pushforward.input(0))] }

  static let samples = [
    Sample(Expm1(), .normal([3, 2])), Sample(Expm1(), .zeros([0])),
    Sample(Expm1(), .normal([1])), Sample(Expm1(), .normal([])),
  ]
  static let errorSamples = [ErrorSample(Expm1(), [2], dtype: .int32), ErrorSample(Expm1(), [2], dtype: .bool)]
}

/// eˣ − 1, elementwise, accurate for small x.
public func expm1(_ x: Tensor) -> Tensor { Expm1()(x) }
