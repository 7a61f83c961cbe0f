import CKernels

/// y = ln x;  x̄ = ȳ/x,  ẏ = ẋ/x
struct Log: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_LOG)] }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent / pullback.input(0)] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent / pushforward.input(0)] }

  static let samples = [
    Sample(Log(), .uniform(0.3, 3, [3, 2])), Sample(Log(), .zeros([0])),
    Sample(Log(), .uniform(0.3, 3, [1])), Sample(Log(), .uniform(0.3, 3, [])),
  ]
  static let errorSamples = [ErrorSample(Log(), [2], dtype: .int32), ErrorSample(Log(), [2], dtype: .bool)]
}

/// Natural logarithm, elementwise: −∞ at 0, NaN below.
public func log(_ x: Tensor) -> Tensor { Log()(x) }
