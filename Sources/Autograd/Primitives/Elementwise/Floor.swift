import CKernels

/// y = ⌊x⌋;  constant between its steps, so its derivative is 0
struct Floor: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferElementwise(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] { [inputs.removeLast().map(CK_FLOOR)] }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [nil] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [nil] }

  static let samples = [
    Sample(Floor(), .uniform(0.1, 0.9, [3, 2])), Sample(Floor(), .zeros([0])),
    Sample(Floor(), .uniform(0.1, 0.9, [1])), Sample(Floor(), .uniform(0.1, 0.9, [])),
  ]
  static let errorSamples = [ErrorSample(Floor(), [2], dtype: .int32), ErrorSample(Floor(), [2], dtype: .bool)]
}

/// The largest integer that is not larger, elementwise. The derivative is 0 everywhere.
public func floor(_ x: Tensor) -> Tensor { Floor()(x) }
