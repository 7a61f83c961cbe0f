import CKernels

/// y = Σ x along axes;  x̄ = ȳ repeated along them
struct Sum: Primitive {
  /// Ascending, non-negative; `nil` is all.
  let axes: [Int]?
  let keepingAxes: Bool

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    try inferReduction(inputs, axes, keepingAxes: keepingAxes)
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    [inputs[0].reduced(CK_SUM, try inputs[0].shape.normalizedAxes(axes, operation: name), keepingAxes: keepingAxes)]
  }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let shape = pullback.signature(0).shape
    let axes = try shape.normalizedAxes(axes, operation: name)
    return [pullback.cotangent.reshaped(to: shape.reducing(axes, keepingAxes: true)).broadcast(to: shape)]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [Sum(axes: axes, keepingAxes: keepingAxes)(pushforward.tangent)] }

  static let samples = [
    Sample(Sum(axes: nil, keepingAxes: false), .normal([3, 2])), Sample(Sum(axes: [1], keepingAxes: true), .normal([3, 2, 2])),
    Sample(Sum(axes: [0, 2], keepingAxes: false), .normal([3, 2, 2])),
    Sample(Sum(axes: [-1], keepingAxes: false), .normal([2, 1])),
    Sample(Sum(axes: [0], keepingAxes: false), .zeros([0, 3])), Sample(Sum(axes: [], keepingAxes: false), .normal([2])),
  ]
  static let errorSamples = [
    ErrorSample(Sum(axes: [2], keepingAxes: false), [3, 2]), ErrorSample(Sum(axes: [0, 0], keepingAxes: false), [3, 2]),
  ]
}

extension Tensor {
  /// Sum along `axes` (all of them unless given; negative ones count from the end). Accumulates in double.
  public func sum(along axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    Sum(axes: axes, keepingAxes: keepingAxes)(self)
  }
}
