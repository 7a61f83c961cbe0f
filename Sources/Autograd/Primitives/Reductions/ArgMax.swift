/// Index of the largest element along one axis. Not differentiable.
struct ArgMax: Primitive {
  let axis: Int
  let keepingAxes: Bool

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let result = try inferReduction(inputs, [axis], keepingAxes: keepingAxes, ofNothing: "has no largest element")
    return [Signature(result[0].shape, .int64)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let axis = try inputs[0].shape.normalizedAxis(axis, operation: name)
    return [inputs[0].argument(ofMaximum: true, axis: axis, keepingAxes: keepingAxes)]
  }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [nil] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [nil] }

  static let samples = [
    Sample(ArgMax(axis: 1, keepingAxes: false), .normal([3, 2])), Sample(ArgMax(axis: -2, keepingAxes: true), .normal([3, 2])),
    Sample(ArgMax(axis: 1, keepingAxes: false), .zeros([0, 2])), Sample(ArgMax(axis: 0, keepingAxes: false), .normal([1])),
  ]
  static let errorSamples = [
    ErrorSample(ArgMax(axis: 1, keepingAxes: false), [3]), ErrorSample(ArgMax(axis: 0, keepingAxes: false), [0, 2]),
    ErrorSample(ArgMax(axis: 0, keepingAxes: false), [2], dtype: .int32),
  ]
}

extension Tensor {
  /// Index of the largest element along `axis`, the first of several; NaN counts as largest. `int64`, not differentiable.
  public func argmax(along axis: Int, keepingAxes: Bool = false) -> Tensor {
    ArgMax(axis: axis, keepingAxes: keepingAxes)(self)
  }
}
