import CKernels

/// y = cos x;  x̄ = −ȳ·sin x
struct Cos: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_COS)] }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [-(pullback.cotangent * sin(pullback.input(0)))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [-(pushforward.tangent * sin(pushforward.input(0)))] }

  static let samples = [
    Sample(Cos(), .normal([3, 2])), Sample(Cos(), .zeros([0])),
    Sample(Cos(), .normal([1])), Sample(Cos(), .normal([])),
  ]
  static let errorSamples = [ErrorSample(Cos(), [2], dtype: .int32), ErrorSample(Cos(), [2], dtype: .bool)]
}

/// Cosine, elementwise, of radians.
public func cos(_ x: Tensor) -> Tensor { Cos()(x) }
