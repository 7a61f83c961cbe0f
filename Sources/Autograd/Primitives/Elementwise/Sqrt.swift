import CKernels

/// y = √x;  x̄ = ȳ/(2y)
struct Sqrt: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_SQRT)] }
  var saves: Saved { .outputs }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent / (2 * pullback.output(0))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent / (2 * pushforward.output(0))] }

  static let samples = [
    Sample(Sqrt(), .uniform(0.3, 3, [3, 2])), Sample(Sqrt(), .zeros([0])),
    Sample(Sqrt(), .uniform(0.3, 3, [1])), Sample(Sqrt(), .uniform(0.3, 3, [])),
  ]
  static let errorSamples = [ErrorSample(Sqrt(), [2], dtype: .int32), ErrorSample(Sqrt(), [2], dtype: .bool)]
}

/// Square root, elementwise: NaN below 0. Its derivative at 0 is infinite.
public func sqrt(_ x: Tensor) -> Tensor { Sqrt()(x) }
