import CKernels

/// y = ln(1 + x);  x̄ = ȳ/(1 + x)
struct Log1p: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_LOG1P)] }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent / (1 + pullback.input(0))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent / (1 + pushforward.input(0))] }

  static let samples = [
    Sample(Log1p(), .uniform(-0.6, 3, [3, 2])), Sample(Log1p(), .zeros([0])),
    Sample(Log1p(), .uniform(-0.6, 3, [1])), Sample(Log1p(), .uniform(-0.6, 3, [])),
  ]
  static let errorSamples = [ErrorSample(Log1p(), [2], dtype: .int32), ErrorSample(Log1p(), [2], dtype: .bool)]
}

/// ln(1 + x), elementwise, accurate for small x.
public func log1p(_ x: Tensor) -> Tensor { Log1p()(x) }
