import CKernels

/// y = x·σ(x);  x̄ = ȳ·σ(x)·(1 + x·(1 − σ(x)))
struct SiLU: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_SILU)] }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent * slope(pullback.input(0))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent * slope(pushforward.input(0))] }

  private func slope(_ x: Tensor) -> Tensor {
    let gate = sigmoid(x)
    return gate * (1 + x * (1 - gate))
  }

  static let samples = [
    Sample(SiLU(), .normal([3, 2])), Sample(SiLU(), .zeros([0])), Sample(SiLU(), .normal([1])), Sample(SiLU(), .normal([])),
  ]
  static let errorSamples = [ErrorSample(SiLU(), [2], dtype: .int32), ErrorSample(SiLU(), [2], dtype: .bool)]
}

/// x·σ(x), elementwise (also called swish).
public func silu(_ x: Tensor) -> Tensor { SiLU()(x) }
