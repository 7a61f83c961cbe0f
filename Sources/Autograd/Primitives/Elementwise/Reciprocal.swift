import CKernels

/// y = 1/x;  x̄ = −ȳ·y²
struct Reciprocal: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_RECIPROCAL)] }
  var saves: Saved { .outputs }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [-(pullback.cotangent * square(pullback.output(0)))] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [-(pushforward.tangent * square(pushforward.output(0)))] }

  static let samples = [
    Sample(Reciprocal(), .awayFromZero([3, 2])), Sample(Reciprocal(), .zeros([0])),
    Sample(Reciprocal(), .awayFromZero([1])), Sample(Reciprocal(), .awayFromZero([])),
  ]
  static let errorSamples = [ErrorSample(Reciprocal(), [2], dtype: .int32), ErrorSample(Reciprocal(), [2], dtype: .bool)]
}

extension Tensor {
  /// `numerator` divided by each element.
  public static func / (numerator: Double, x: Tensor) -> Tensor {
    numerator == 1 ? Reciprocal()(x) : Tensor(repeating: numerator, shape: [], dtype: x.dtype) / x
  }
}
