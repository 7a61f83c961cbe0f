/// yₖ = x₀ + … + xₖ along one axis;  x̄ₖ = ȳₖ + ȳₖ₊₁ + …: the sum from the other end
struct CumulativeSum: Primitive {
  let axis: Int
  var reversed = false

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    _ = try inputs[0].shape.normalizedAxis(axis, operation: name)
    return try inferElementwise(inputs)
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    [inputs[0].cumulativeSum(axis: try inputs[0].shape.normalizedAxis(axis, operation: name), reversed: reversed)]
  }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [CumulativeSum(axis: axis, reversed: !reversed)(pullback.cotangent)] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [self(pushforward.tangent)] }

  static let samples = [
    Sample(CumulativeSum(axis: 0), .normal([3, 2])), Sample(CumulativeSum(axis: -1, reversed: true), .normal([3, 4])),
    Sample(CumulativeSum(axis: 1), .normal([2, 3, 2])), Sample(CumulativeSum(axis: 0), .normal([1])),
    Sample(CumulativeSum(axis: 1), .zeros([2, 0])), Sample(CumulativeSum(axis: 0), .zeros([2, 0])),
  ]
  static let errorSamples = [
    ErrorSample(CumulativeSum(axis: 1), [3]), ErrorSample(CumulativeSum(axis: 0), [Signature([], .float64)]),
    ErrorSample(CumulativeSum(axis: 0), [3], dtype: .int32),
  ]
}

extension Tensor {
  /// The sum of each element and all before it along one axis. Accumulates in double.
  ///
  /// - Parameters:
  ///   - axis: negative ones count from the end.
  ///   - reversed: each element and all after it instead (default: no).
  public func cumulativeSum(along axis: Int, reversed: Bool = false) -> Tensor {
    CumulativeSum(axis: axis, reversed: reversed)(self)
  }
}
