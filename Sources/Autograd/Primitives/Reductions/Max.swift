import CKernels

/// y = max x along axes;  x̄ = ȳ at the largest element, in equal shares where several are
struct Max: Primitive {
  /// Ascending, non-negative; `nil` is all.
  let axes: [Int]?
  let keepingAxes: Bool

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    try inferReduction(inputs, axes, keepingAxes: keepingAxes, ofNothing: "has no largest element")
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    [inputs[0].reduced(CK_MAX, try inputs[0].shape.normalizedAxes(axes, operation: name), keepingAxes: keepingAxes)]
  }
  var saves: Saved { [.inputs, .outputs] }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let axes = try pullback.signature(0).shape.normalizedAxes(axes, operation: name)
    let kept = pullback.signature(0).shape.reducing(axes, keepingAxes: true)
    let shares = tieShares(pullback.input(0).value, pullback.output(0).value.reshaped(to: kept), axes)
    return [pullback.cotangent.reshaped(to: kept) * shares]
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let axes = try pushforward.signature(0).shape.normalizedAxes(axes, operation: name)
    let kept = pushforward.signature(0).shape.reducing(axes, keepingAxes: true)
    let shares = tieShares(pushforward.input(0).value, pushforward.output(0).value.reshaped(to: kept), axes)
    return [(pushforward.tangent * shares).sum(along: axes, keepingAxes: keepingAxes)]
  }

  static let samples = [
    Sample(Max(axes: nil, keepingAxes: false), .distinct([3, 2])),
    Sample(Max(axes: [1], keepingAxes: true), .distinct([3, 2, 2])),
    Sample(Max(axes: [0, 2], keepingAxes: false), .distinct([3, 2, 2])),
    Sample(Max(axes: [-1], keepingAxes: false), .distinct([2, 1])),
    Sample(Max(axes: [1], keepingAxes: false), .zeros([0, 3])),
    Sample(Max(axes: [], keepingAxes: false), .distinct([2])), Sample(Max(axes: nil, keepingAxes: false), .distinct([])),
  ]
  static let errorSamples = [
    ErrorSample(Max(axes: [2], keepingAxes: false), [3, 2]), ErrorSample(Max(axes: [0, 0], keepingAxes: false), [3, 2]),
    ErrorSample(Max(axes: nil, keepingAxes: false), [2], dtype: .int32),
    ErrorSample(Max(axes: [0], keepingAxes: false), [0, 2]),
  ]
}

/// 1/m where x is one of m elements equal to the reduction's result, else 0: the derivative of an order statistic.
func tieShares(_ x: NDArray, _ result: NDArray, _ axes: [Int]) -> Tensor {
  let isTied = NDArray.compare(CK_EQUAL, x, result).converted(to: x.dtype)
  return Tensor(NDArray.zip(CK_DIVIDE, isTied, isTied.reduced(CK_SUM, axes, keepingAxes: true)))
}

extension Tensor {
  /// The largest element along `axes` (all of them unless given; negative ones count from the end). NaN if any is NaN.
  ///
  /// Elements that tie share the cotangent equally. Traps where there is no element to choose from.
  public func max(along axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    Max(axes: axes, keepingAxes: keepingAxes)(self)
  }
}
