import CKernels

/// y = a/b, broadcast;  ā = ȳ/b,  b̄ = −ȳ·y/b, summed over broadcast axes
struct Divide: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { try inferBroadcast(inputs) }
  func forward(_ inputs: consuming [NDArray]) -> [NDArray] {
    let b = inputs.removeLast()
    return [NDArray.zip(CK_DIVIDE, inputs.removeLast(), b)]
  }
  var saves: Saved { [.input(1), .outputs] }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let quotient = pullback.cotangent / pullback.input(1)
    return try pullback.forNeeded(
      { quotient.summed(to: pullback.signature(0).shape) },
      { -(quotient * pullback.output(0)).summed(to: pullback.signature(1).shape) })
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let divisor = pushforward.input(1)
    return [try pushforward.sum({ $0 / divisor }, { -(pushforward.output(0) * ($0 / divisor)) })]
  }

  static let samples = [
    Sample(Divide(), .normal([3, 2]), .awayFromZero([3, 2])), Sample(Divide(), .normal([3, 1]), .awayFromZero([2])),
    Sample(Divide(), .normal([]), .awayFromZero([2, 2])), Sample(Divide(), .normal([1]), .awayFromZero([])),
    Sample(Divide(), .zeros([0, 2]), .awayFromZero([2])),
  ]
  static let errorSamples = [
    ErrorSample(Divide(), [2], [3]), ErrorSample(Divide(), [Signature([2], .float32), Signature([2], .float64)]),
    ErrorSample(Divide(), [2], [2], dtype: .int64),
  ]
}

extension Tensor {
  /// Elementwise quotient; shapes broadcast.
  public static func / (a: Tensor, b: Tensor) -> Tensor { Divide()(a, b) }
}
