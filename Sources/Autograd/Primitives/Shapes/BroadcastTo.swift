/// x repeated to a larger shape by NumPy's rule;  x̄ = ȳ summed over the repeated axes
struct BroadcastTo: Primitive {
  let shape: Shape

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    guard try Shape.broadcast(inputs[0].shape, shape, operation: name) == shape else {
      throw .shape(name, "\(inputs[0].shape) cannot be repeated to \(shape)")
    }
    return [Signature(shape, inputs[0].dtype)]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] { [inputs[0].broadcast(to: shape)] }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent.summed(to: pullback.signature(0).shape)] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent.broadcast(to: shape)] }

  static let samples = [
    Sample(BroadcastTo(shape: [3, 2]), .normal([2])), Sample(BroadcastTo(shape: [2, 3, 2]), .normal([2, 1, 2])),
    Sample(BroadcastTo(shape: [0, 2]), .normal([1, 2])), Sample(BroadcastTo(shape: [2]), .normal([])),
  ]
  static let errorSamples = [ErrorSample(BroadcastTo(shape: [3]), [2]), ErrorSample(BroadcastTo(shape: [1]), [2])]
}

extension Tensor {
  /// This tensor repeated to `shape` by NumPy's broadcasting rule.
  public func broadcast(to shape: Shape) -> Tensor {
    shape == self.shape ? self : BroadcastTo(shape: shape)(self)
  }
}
