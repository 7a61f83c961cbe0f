import CKernels

/// y = √Σx² along axes;  x̄ = ȳ·x/y, and 0 where y = 0
struct EuclideanNorm: Primitive {
  /// Ascending, non-negative; `nil` is all.
  let axes: [Int]?
  let keepingAxes: Bool

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    try inferReduction(inputs, axes, keepingAxes: keepingAxes)
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let x = inputs[0]
    let axes = try x.shape.normalizedAxes(axes, operation: name)
    // Divided by the largest entry first, so that no square overflows or vanishes.
    let largest = x.map(CK_ABS).reduced(CK_MAX, axes, keepingAxes: true)
    let one = NDArray(repeating: 1, shape: [], dtype: x.dtype)
    let positive = NDArray.select(
      NDArray.compare(CK_GREATER, largest, .zeros([], dtype: x.dtype)), largest, one)
    let isFinite = NDArray.compare(CK_LESS, positive, NDArray(repeating: .infinity, shape: [], dtype: x.dtype))
    let scale = NDArray.select(isFinite, positive, one)
    let sum = NDArray.zip(CK_DIVIDE, x, scale).map(CK_SQUARE).reduced(CK_SUM, axes, keepingAxes: true)
    let norm = NDArray.zip(CK_MULTIPLY, sum.map(CK_SQRT), scale)
    return [norm.reshaped(to: x.shape.reducing(axes, keepingAxes: keepingAxes))]
  }
  var saves: Saved { [.inputs, .outputs] }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let axes = try pullback.signature(0).shape.normalizedAxes(axes, operation: name)
    let kept = pullback.signature(0).shape.reducing(axes, keepingAxes: true)
    return [pullback.cotangent.reshaped(to: kept) * direction(pullback.input(0), pullback.output(0).reshaped(to: kept))]
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let axes = try pushforward.signature(0).shape.normalizedAxes(axes, operation: name)
    let kept = pushforward.signature(0).shape.reducing(axes, keepingAxes: true)
    let direction = direction(pushforward.input(0), pushforward.output(0).reshaped(to: kept))
    return [(pushforward.tangent * direction).sum(along: axes, keepingAxes: keepingAxes)]
  }

  /// x/y, and 0 at the zero vector.
  private func direction(_ x: Tensor, _ y: Tensor) -> Tensor { x / select(where: y .== 0, 1, else: y) }

  static let samples = [
    Sample(EuclideanNorm(axes: nil, keepingAxes: false), .awayFromZero([3, 2])),
    Sample(EuclideanNorm(axes: [1], keepingAxes: true), .awayFromZero([3, 2, 2])),
    Sample(EuclideanNorm(axes: [0, 2], keepingAxes: false), .awayFromZero([3, 2, 2])),
    Sample(EuclideanNorm(axes: [-1], keepingAxes: false), .awayFromZero([2, 1])),
    Sample(EuclideanNorm(axes: [1], keepingAxes: false), .zeros([0, 3])),
    Sample(EuclideanNorm(axes: [], keepingAxes: false), .awayFromZero([2])),
    Sample(EuclideanNorm(axes: nil, keepingAxes: false), .awayFromZero([])),
  ]
  static let errorSamples = [
    ErrorSample(EuclideanNorm(axes: [2], keepingAxes: false), [3, 2]),
    ErrorSample(EuclideanNorm(axes: [0, 0], keepingAxes: false), [3, 2]),
    ErrorSample(EuclideanNorm(axes: nil, keepingAxes: false), [2], dtype: .int32),
  ]
}
