import CKernels

/// y = −1, 0 or 1;  constant between its steps, so its derivative is 0
struct Sign: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_SIGN)] }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [nil] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [nil] }

  static let samples = [
    Sample(Sign(), .awayFromZero([3, 2])), Sample(Sign(), .zeros([0])),
    Sample(Sign(), .awayFromZero([1])), Sample(Sign(), .awayFromZero([])),
  ]
  static let errorSamples = [ErrorSample(Sign(), [2], dtype: .int32), ErrorSample(Sign(), [2], dtype: .bool)]
}

/// −1, 0 or 1 by the sign, elementwise; NaN stays NaN. The derivative is 0 everywhere.
public func sign(_ x: Tensor) -> Tensor { Sign()(x) }
