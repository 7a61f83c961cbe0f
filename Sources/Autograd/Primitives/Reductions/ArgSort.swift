/// The indices that sort along one axis. Not differentiable.
struct ArgSort: Primitive {
  let axis: Int
  let descending: Bool

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    _ = try floatingDType(inputs)
    _ = try inputs[0].shape.normalizedAxis(axis, operation: name)
    return [Signature(inputs[0].shape, .int64)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let axis = try inputs[0].shape.normalizedAxis(axis, operation: name)
    return [inputs[0].argumentsOfOrder(axis: axis, descending: descending)]
  }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [nil] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [nil] }

  static let samples = [
    Sample(ArgSort(axis: 1, descending: false), .normal([3, 2])), Sample(ArgSort(axis: -2, descending: true), .normal([3, 2])),
    Sample(ArgSort(axis: 1, descending: false), .zeros([2, 0])), Sample(ArgSort(axis: 0, descending: true), .normal([1])),
  ]
  static let errorSamples = [
    ErrorSample(ArgSort(axis: 1, descending: false), [3]),
    ErrorSample(ArgSort(axis: 0, descending: false), [Signature([], .float64)]),
    ErrorSample(ArgSort(axis: 0, descending: false), [2], dtype: .int32),
  ]
}

extension Tensor {
  /// The indices that sort this tensor along `axis`, as ``sorted(along:descending:)`` does. `int64`, not differentiable.
  public func argsort(along axis: Int = -1, descending: Bool = false) -> Tensor {
    ArgSort(axis: axis, descending: descending)(self)
  }
}
