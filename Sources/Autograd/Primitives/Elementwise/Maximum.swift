import CKernels

/// y = max(a, b), broadcast;  ȳ goes to the larger operand, half to each where they are equal
struct Maximum: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferBroadcast(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] {
    let b = inputs.removeLast()
    return [NDArray.zip(CK_MAXIMUM, inputs.removeLast(), b)]
  }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let (a, b) = (pullback.input(0).value, pullback.input(1).value)
    return try pullback.forNeeded(
      { (pullback.cotangent * Tensor(NDArray.zip(CK_SHARE, a, b))).summed(to: pullback.signature(0).shape) },
      { (pullback.cotangent * Tensor(NDArray.zip(CK_SHARE, b, a))).summed(to: pullback.signature(1).shape) })
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let (a, b) = (pushforward.input(0).value, pushforward.input(1).value)
    return [
      try pushforward.sum(
        { $0 * Tensor(NDArray.zip(CK_SHARE, a, b)) }, { $0 * Tensor(NDArray.zip(CK_SHARE, b, a)) })
    ]
  }

  static let samples = [
    Sample(Maximum(), .normal([3, 2]), .uniform(-1, 1, [3, 2])), Sample(Maximum(), .normal([3, 1]), .uniform(-1, 1, [2])),
    Sample(Maximum(), .normal([]), .uniform(-1, 1, [2, 2])), Sample(Maximum(), .normal([1]), .uniform(-1, 1, [])),
    Sample(Maximum(), .zeros([0, 2]), .uniform(-1, 1, [2])),
  ]
  static let errorSamples = [
    ErrorSample(Maximum(), [2], [3]), ErrorSample(Maximum(), [Signature([2], .float32), Signature([2], .float64)]),
    ErrorSample(Maximum(), [2], [2], dtype: .int64),
  ]
}

/// The larger of both, elementwise; shapes broadcast. NaN in either gives NaN.
/// Where both are equal, each gets half of the cotangent.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { Maximum()(a, b) }

/// The larger of each element and `bound`; where they are equal, the derivative is ½.
public func maximum(_ x: Tensor, _ bound: Double) -> Tensor { Maximum()(x, Tensor(repeating: bound, shape: [], dtype: x.dtype)) }
