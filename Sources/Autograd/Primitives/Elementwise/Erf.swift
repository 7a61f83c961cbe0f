import CKernels

/// y = erf x = 2/√π ∫₀ˣ e^{−t²} dt;  x̄ = ȳ·2/√π·e^{−x²}
struct Erf: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_ERF)] }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent * slope(pullback.input(0))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent * slope(pushforward.input(0))] }

  private func slope(_ x: Tensor) -> Tensor { exp(-square(x)) * (2 / Double.pi.squareRoot()) }

  static let samples = [
    Sample(Erf(), .normal([3, 2])), Sample(Erf(), .zeros([0])),
    Sample(Erf(), .normal([1])), Sample(Erf(), .normal([])),
  ]
  static let errorSamples = [ErrorSample(Erf(), [2], dtype: .int32), ErrorSample(Erf(), [2], dtype: .bool)]
}

/// Error function, elementwise.
public func erf(_ x: Tensor) -> Tensor { Erf()(x) }
