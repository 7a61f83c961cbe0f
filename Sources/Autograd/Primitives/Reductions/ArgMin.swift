/// Index of the smallest element along one axis. Not differentiable.
struct ArgMin: Primitive {
  let axis: Int
  let keepingAxes: Bool

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let result = try inferReduction(inputs, [axis], keepingAxes: keepingAxes, ofNothing: "has no smallest element")
    return [Signature(result[0].shape, .int64)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let axis = try inputs[0].shape.normalizedAxis(axis, operation: name)
    return [inputs[0].argument(ofMaximum: false, axis: axis, keepingAxes: keepingAxes)]
  }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [nil] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [nil] }

  static let samples = [
    Sample(ArgMin(axis: 1, keepingAxes: false), .normal([3, 2])), Sample(ArgMin(axis: -2, keepingAxes: true), .normal([3, 2])),
    Sample(ArgMin(axis: 1, keepingAxes: false), .zeros([0, 2])), Sample(ArgMin(axis: 0, keepingAxes: false), .normal([1])),
  ]
  static let errorSamples = [
    ErrorSample(ArgMin(axis: 1, keepingAxes: false), [3]), ErrorSample(ArgMin(axis: 0, keepingAxes: false), [0, 2]),
    ErrorSample(ArgMin(axis: 0, keepingAxes: false), [2], dtype: .int32),
  ]
}

extension Tensor {
  /// Index of the smallest element along `axis`, the first of several; NaN counts as smallest. `int64`, not differentiable.
  public func argmin(along axis: Int, keepingAxes: Bool = false) -> Tensor {
    ArgMin(axis: axis, keepingAxes: keepingAxes)(self)
  }
}
