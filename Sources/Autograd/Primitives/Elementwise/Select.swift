/// y = c ? a : b, broadcast;  ā = c ? ȳ : 0,  b̄ = c ? 0 : ȳ, summed over broadcast axes
struct Select: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    guard inputs[0].dtype == .bool else { throw .dtype(name, "expected a bool condition, found \(inputs[0].dtype)") }
    let dtype = try floatingDType(Array(inputs.dropFirst()))
    let values = try Shape.broadcast(inputs[1].shape, inputs[2].shape, operation: name)
    return [Signature(try Shape.broadcast(inputs[0].shape, values, operation: name), dtype)]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] { [NDArray.select(inputs[0], inputs[1], inputs[2])] }
  var saves: Saved { .input(0) }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let condition = pullback.input(0)
    return try pullback.forNeeded(
      { condition },  // Never needed: a bool tensor is not recorded.
      { select(where: condition, pullback.cotangent, else: 0).summed(to: pullback.signature(1).shape) },
      { select(where: condition, 0, else: pullback.cotangent).summed(to: pullback.signature(2).shape) })
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let condition = pushforward.input(0)
    let values = try Shape.broadcast(pushforward.signature(1).shape, pushforward.signature(2).shape, operation: name)
    let shape = try Shape.broadcast(pushforward.signature(0).shape, values, operation: name)
    return [
      try pushforward.sum(
        { $0 },
        { select(where: condition, $0.broadcast(to: shape), else: 0) },
        { select(where: condition, 0, else: $0.broadcast(to: shape)) })
    ]
  }

  private static func mask(_ values: [Bool], _ shape: Shape) -> SampleInput { .fixed(NDArray(values, shape: shape)) }

  static let samples = [
    Sample(Select(), mask([true, false, false, true], [2, 2]), .normal([2, 2]), .normal([2, 2])),
    Sample(Select(), mask([true, false], [2, 1]), .normal([3]), .normal([])),
    Sample(Select(), mask([false], []), .normal([2, 1]), .normal([2])),
    Sample(Select(), mask([], [0, 1]), .normal([2]), .normal([1, 2])),
  ]
  static let errorSamples = [
    ErrorSample(Select(), [2], [2], [2]),
    ErrorSample(Select(), [Signature([2], .bool), Signature([2], .float32), Signature([2], .float64)]),
    ErrorSample(Select(), [Signature([3], .bool), Signature([2], .float32), Signature([2], .float32)]),
  ]
}

/// Elements of `a` where `condition` (a `bool` tensor) holds, of `b` elsewhere; shapes broadcast.
///
/// The branch not taken gets a zero cotangent.
public func select(where condition: Tensor, _ a: Tensor, else b: Tensor) -> Tensor { Select()(condition, a, b) }

/// Elements of `a` where `condition` holds, the constant `b` elsewhere.
public func select(where condition: Tensor, _ a: Tensor, else b: Double) -> Tensor {
  Select()(condition, a, Tensor(repeating: b, shape: [], dtype: a.dtype))
}

/// The constant `a` where `condition` holds, elements of `b` elsewhere.
public func select(where condition: Tensor, _ a: Double, else b: Tensor) -> Tensor {
  Select()(condition, Tensor(repeating: a, shape: [], dtype: b.dtype), b)
}
