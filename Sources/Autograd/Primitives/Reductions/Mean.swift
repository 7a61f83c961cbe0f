import CKernels

/// y = (Σ x)/n along axes;  x̄ = ȳ/n repeated along them
struct Mean: Primitive {
  /// Ascending, non-negative; `nil` is all.
  let axes: [Int]?
  let keepingAxes: Bool

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    try inferReduction(inputs, axes, keepingAxes: keepingAxes, ofNothing: "has no mean")
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let axes = try inputs[0].shape.normalizedAxes(axes, operation: name)
    let sum = inputs[0].reduced(CK_SUM, axes, keepingAxes: keepingAxes)
    let count = axes.map { inputs[0].shape[$0] }.reduce(1, *)
    return [NDArray.zip(CK_DIVIDE, sum, NDArray(repeating: Double(count), shape: [], dtype: sum.dtype))]
  }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let shape = pullback.signature(0).shape
    let axes = try shape.normalizedAxes(axes, operation: name)
    let share = pullback.cotangent / Double(axes.map { shape[$0] }.reduce(1, *))
    return [share.reshaped(to: shape.reducing(axes, keepingAxes: true)).broadcast(to: shape)]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [Mean(axes: axes, keepingAxes: keepingAxes)(pushforward.tangent)] }

  static let samples = [
    Sample(Mean(axes: nil, keepingAxes: false), .normal([3, 2])),
    Sample(Mean(axes: [1], keepingAxes: true), .normal([3, 2, 2])),
    Sample(Mean(axes: [0, 2], keepingAxes: false), .normal([3, 2, 2])),
    Sample(Mean(axes: [-1], keepingAxes: false), .normal([2, 1])),
    Sample(Mean(axes: [1], keepingAxes: false), .zeros([0, 3])),
    Sample(Mean(axes: [], keepingAxes: false), .normal([2])), Sample(Mean(axes: nil, keepingAxes: false), .normal([])),
  ]
  static let errorSamples = [
    ErrorSample(Mean(axes: [2], keepingAxes: false), [3, 2]), ErrorSample(Mean(axes: [0, 0], keepingAxes: false), [3, 2]),
    ErrorSample(Mean(axes: nil, keepingAxes: false), [2], dtype: .int32),
    ErrorSample(Mean(axes: [0], keepingAxes: false), [0, 2]),
  ]
}

extension Tensor {
  /// Mean along `axes` (all of them unless given; negative ones count from the end). Accumulates in double.
  ///
  /// Traps where there is nothing to average.
  public func mean(along axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    Mean(axes: axes, keepingAxes: keepingAxes)(self)
  }
}
