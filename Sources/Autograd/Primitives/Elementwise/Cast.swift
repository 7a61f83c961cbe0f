/// The elements as another dtype;  x̄ = ȳ as x's.  Differentiable between float32 and float64.
struct Cast: Primitive {
  let dtype: DType

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    guard inputs.count == 1 else { throw .argument(name, "expected one input, found \(inputs.count)") }
    return [Signature(inputs[0].shape, dtype)]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] { [inputs[0].converted(to: dtype)] }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent.converted(to: pullback.signature(0).dtype)] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent.converted(to: dtype)] }

  static let samples = [
    Sample(Cast(dtype: .float64), .normal([3, 2])), Sample(Cast(dtype: .float64), .zeros([0])),
    Sample(Cast(dtype: .int32), .normal([2])), Sample(Cast(dtype: .float64), .fixed(NDArray([1, 2] as [Int32], shape: [2]))),
  ]
  static let errorSamples = [ErrorSample(Cast(dtype: .float32), [])]
}

extension Tensor {
  /// The elements as another dtype: floats to integers towards zero, saturating; to `bool` by `≠ 0`.
  ///
  /// Differentiable between float32 and float64; a conversion to or from any other dtype is a constant.
  public func converted(to dtype: DType) -> Tensor { dtype == self.dtype ? self : Cast(dtype: dtype)(self) }
}
