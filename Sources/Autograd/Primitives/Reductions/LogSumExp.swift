/// y = ln Σ eˣ along axes;  x̄ = ȳ·e^{x − y}
struct LogSumExp: Primitive {
  /// Ascending, non-negative; `nil` is all.
  let axes: [Int]?
  let keepingAxes: Bool

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    try inferReduction(inputs, axes, keepingAxes: keepingAxes)
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    [inputs[0].logSumExp(try inputs[0].shape.normalizedAxes(axes, operation: name), keepingAxes: keepingAxes)]
  }
  var saves: Saved { [.inputs, .outputs] }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let axes = try pullback.signature(0).shape.normalizedAxes(axes, operation: name)
    let kept = pullback.signature(0).shape.reducing(axes, keepingAxes: true)
    return [pullback.cotangent.reshaped(to: kept) * weights(pullback.input(0), pullback.output(0).reshaped(to: kept))]
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let axes = try pushforward.signature(0).shape.normalizedAxes(axes, operation: name)
    let kept = pushforward.signature(0).shape.reducing(axes, keepingAxes: true)
    let weights = weights(pushforward.input(0), pushforward.output(0).reshaped(to: kept))
    return [(pushforward.tangent * weights).sum(along: axes, keepingAxes: keepingAxes)]
  }

  /// e^{x − y}, and 0 where y = −∞: nothing that is summed there has any weight, but −∞ − (−∞) is NaN.
  private func weights(_ x: Tensor, _ y: Tensor) -> Tensor { exp(x - select(where: y .== -.infinity, 0, else: y)) }

  static let samples = [
    Sample(LogSumExp(axes: nil, keepingAxes: false), .normal([3, 2])),
    Sample(LogSumExp(axes: [1], keepingAxes: true), .normal([3, 2, 2])),
    Sample(LogSumExp(axes: [0, 2], keepingAxes: false), .normal([3, 2, 2])),
    Sample(LogSumExp(axes: [-1], keepingAxes: false), .normal([2, 1])),
    Sample(LogSumExp(axes: [1], keepingAxes: false), .zeros([0, 3])),
    Sample(LogSumExp(axes: [], keepingAxes: false), .normal([2])), Sample(LogSumExp(axes: nil, keepingAxes: false), .normal([])),
  ]
  static let errorSamples = [
    ErrorSample(LogSumExp(axes: [2], keepingAxes: false), [3, 2]),
    ErrorSample(LogSumExp(axes: [0, 0], keepingAxes: false), [3, 2]),
    ErrorSample(LogSumExp(axes: nil, keepingAxes: false), [2], dtype: .int32),
  ]
}

extension Tensor {
  /// ln Σ eˣ along `axes` (all of them unless given; negative ones count from the end), without overflow.
  ///
  /// −∞ (with derivative 0) where nothing, or nothing but −∞, is summed.
  public func logSumExp(along axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    LogSumExp(axes: axes, keepingAxes: keepingAxes)(self)
  }
}
