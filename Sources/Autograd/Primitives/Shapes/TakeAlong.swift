/// y[…, k, …] = x[…, i[…, k, …], …] for one index per element;  x̄ = ȳ added up at these indices
struct TakeAlong: Primitive {
  let axis: Int

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    try checkAlong(inputs, try inputs[0].shape.normalizedAxis(axis, operation: name))
    return [Signature(inputs[1].shape, inputs[0].dtype)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let axis = try inputs[0].shape.normalizedAxis(axis, operation: name)
    let positions = try inputs[1].positions(in: inputs[0].shape[axis], operation: name)
    return [inputs[0].takenAlong(positions, axis: axis, shape: inputs[1].shape)]
  }
  var saves: Saved { .input(1) }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let shape = pullback.signature(0).shape
    let extent = shape[try shape.normalizedAxis(axis, operation: name)]
    return [ScatterAddAlong(axis: axis, extent: extent)(pullback.cotangent, pullback.input(1)), nil]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [TakeAlong(axis: axis)(pushforward.tangent, pushforward.input(1))] }

  private static func indices(_ values: [Int64], _ shape: Shape) -> SampleInput { .fixed(NDArray(values, shape: shape)) }

  static let samples = [
    Sample(TakeAlong(axis: 1), .normal([2, 3]), indices([2, 0, 1, 1], [2, 2])),
    Sample(TakeAlong(axis: 0), .normal([2, 3]), indices([1, 0, -1], [1, 3])),
    Sample(TakeAlong(axis: -1), .normal([2, 3]), indices([], [2, 0])),
    Sample(TakeAlong(axis: 0), .normal([1]), indices([0], [1])),
    Sample(TakeAlong(axis: 0), .zeros([2, 0]), indices([], [3, 0])),
  ]
  static let errorSamples = [
    ErrorSample(TakeAlong(axis: 0), [Signature([2, 3], .float32), Signature([2], .int64)]),
    ErrorSample(TakeAlong(axis: 0), [Signature([2, 3], .float32), Signature([2, 2], .int64)]),
    ErrorSample(TakeAlong(axis: 0), [Signature([2], .float32), Signature([2], .float32)]),
  ]
}

extension Primitive {
  /// Values and indices that agree in every extent but that of `axis`.
  func checkAlong(_ inputs: [Signature], _ axis: Int) throws(TensorError) {
    try checkIndices(inputs[1])
    var expected = inputs[0].shape
    if inputs[1].shape.rank == expected.rank { expected[axis] = inputs[1].shape[axis] }
    guard inputs[1].shape == expected else {
      throw .shape(name, "indices \(inputs[1].shape) differ from \(inputs[0].shape) elsewhere than in axis \(axis)")
    }
  }
}

extension Tensor {
  /// The element at each of `indices` along `axis`, as NumPy's `take_along_axis`. Any dtype.
  ///
  /// - Parameters:
  ///   - indices: `int32` or `int64`, of this shape except along `axis`; negative ones count from the end.
  ///     Traps, naming it, for one out of range.
  ///   - axis: negative ones count from the end.
  public func taking(_ indices: Tensor, along axis: Int) -> Tensor { TakeAlong(axis: axis)(self, indices) }
}
