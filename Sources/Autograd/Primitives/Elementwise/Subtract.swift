import CKernels

/// y = a − b, broadcast;  ā = ȳ,  b̄ = −ȳ, summed over broadcast axes
struct Subtract: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferBroadcast(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] {
    let b = inputs.removeLast()
    return [NDArray.zip(CK_SUBTRACT, inputs.removeLast(), b)]
  }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    try pullback.forNeeded(
      { pullback.cotangent.summed(to: pullback.signature(0).shape) },
      { -pullback.cotangent.summed(to: pullback.signature(1).shape) })
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let shape = try Shape.broadcast(pushforward.signature(0).shape, pushforward.signature(1).shape, operation: name)
    return [try pushforward.sum({ $0.broadcast(to: shape) }, { (-$0).broadcast(to: shape) })]
  }

  static let samples = [
    Sample(Subtract(), .normal([3, 2]), .normal([3, 2])), Sample(Subtract(), .normal([3, 1]), .normal([2])),
    Sample(Subtract(), .normal([]), .normal([2, 2])), Sample(Subtract(), .normal([1]), .normal([])),
    Sample(Subtract(), .zeros([0, 2]), .normal([2])),
  ]
  static let errorSamples = [
    ErrorSample(Subtract(), [2], [3]), ErrorSample(Subtract(), [Signature([2], .float32), Signature([2], .float64)]),
    ErrorSample(Subtract(), [2], [2], dtype: .int64),
  ]
}

extension Tensor {
  /// Elementwise difference; shapes broadcast.
  public static func - (a: Tensor, b: Tensor) -> Tensor { Subtract()(a, b) }
}
