import CKernels

/// r = (v + ε)^(−1/2);  v̄ = −r̄·r³/2.  What an evaluated batch normalisation multiplies by.
struct ReciprocalDeviation: Primitive {
  let epsilon: Double

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: [NDArray]) -> [NDArray] {
    // Not power(−1/2): root and reciprocal are each rounded correctly.
    [inputs[0].affine(scale: 1, shift: epsilon).map(CK_SQRT).map(CK_RECIPROCAL)]
  }
  var saves: Saved { .outputs }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [slope(pullback.output(0)) * pullback.cotangent] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [slope(pushforward.output(0)) * pushforward.tangent] }

  private func slope(_ r: Tensor) -> Tensor { r * r * r * -0.5 }

  static let samples = [
    Sample(ReciprocalDeviation(epsilon: 1e-5), .uniform(0.5, 2, [3, 2])),
    Sample(ReciprocalDeviation(epsilon: 1), .zeros([2])), Sample(ReciprocalDeviation(epsilon: 1), .zeros([0])),
  ]
  static let errorSamples = [ErrorSample(ReciprocalDeviation(epsilon: 1), [2], dtype: .int64)]
}
