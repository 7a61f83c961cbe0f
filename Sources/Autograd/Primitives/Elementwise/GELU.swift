import CKernels

/// y = x·Φ(x) with the normal distribution Φ;  x̄ = ȳ·(Φ(x) + x·φ(x))
struct GELU: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_GELU)] }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent * slope(pullback.input(0))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent * slope(pushforward.input(0))] }

  private func slope(_ x: Tensor) -> Tensor {
    let distribution = 0.5 * (1 + erf(x * 0.5.squareRoot()))
    let density = exp(-0.5 * square(x)) * (0.5 / Double.pi).squareRoot()
    return distribution + x * density
  }

  static let samples = [
    Sample(GELU(), .normal([3, 2])), Sample(GELU(), .zeros([0])),
    Sample(GELU(), .normal([1])), Sample(GELU(), .normal([])),
  ]
  static let errorSamples = [ErrorSample(GELU(), [2], dtype: .int32), ErrorSample(GELU(), [2], dtype: .bool)]
}

/// Gaussian error linear unit x·Φ(x), elementwise: exact, not the tanh approximation.
public func gelu(_ x: Tensor) -> Tensor { GELU()(x) }
