import CKernels

/// y = x/c with a constant c;  x̄ = ȳ/c.  Not a product with 1/c, which would be rounded twice: 49/49 must be 1.
struct DivideScalar: Primitive {
  let divisor: Double

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: [NDArray]) -> [NDArray] {
    [NDArray.zip(CK_DIVIDE, inputs[0], NDArray(repeating: divisor, shape: [], dtype: inputs[0].dtype))]
  }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent / divisor] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent / divisor] }

  static let samples = [
    Sample(DivideScalar(divisor: -3), .normal([3, 2])), Sample(DivideScalar(divisor: 3), .zeros([0])),
    Sample(DivideScalar(divisor: 0.7), .normal([])),
  ]
  static let errorSamples = [ErrorSample(DivideScalar(divisor: 2), [2], dtype: .int32)]
}

extension Tensor {
  /// Each element divided by `divisor`.
  public static func / (x: Tensor, divisor: Double) -> Tensor { DivideScalar(divisor: divisor)(x) }
}
