import CKernels

/// y = a·b elementwise, broadcast;  ā = ȳ·b,  b̄ = ȳ·a, summed over broadcast axes
struct Multiply: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferBroadcast(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] {
    let b = inputs.removeLast()
    return [NDArray.zip(CK_MULTIPLY, inputs.removeLast(), b)]
  }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    try pullback.forNeeded(
      { (pullback.cotangent * pullback.input(1)).summed(to: pullback.signature(0).shape) },
      { (pullback.cotangent * pullback.input(0)).summed(to: pullback.signature(1).shape) })
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    [try pushforward.sum({ $0 * pushforward.input(1) }, { pushforward.input(0) * $0 })]
  }

  static let samples = [
    Sample(Multiply(), .normal([3, 2]), .normal([3, 2])), Sample(Multiply(), .normal([3, 1]), .normal([2])),
    Sample(Multiply(), .normal([]), .normal([2, 2])), Sample(Multiply(), .zeros([0, 2]), .normal([2])),
  ]
  static let errorSamples = [
    ErrorSample(Multiply(), [2], [3]), ErrorSample(Multiply(), [Signature([2], .float32), Signature([2], .float64)]),
  ]
}

extension Tensor {
  /// Elementwise product; shapes broadcast.
  public static func * (a: Tensor, b: Tensor) -> Tensor { Multiply()(a, b) }
}
