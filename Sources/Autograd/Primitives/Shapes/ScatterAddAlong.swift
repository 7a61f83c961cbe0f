/// Each element of x added at its index along an axis of `extent` elements;  x̄ = ȳ at these indices. The adjoint of ``TakeAlong``.
struct ScatterAddAlong: Primitive {
  let axis: Int
  let extent: Int

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType([inputs[0]])
    try checkIndices(inputs[1])
    var shape = inputs[0].shape
    let axis = try shape.normalizedAxis(axis, operation: name)
    guard inputs[1].shape == shape, extent >= 0 else {
      throw .shape(name, "indices \(inputs[1].shape) are not one for each element of \(shape)")
    }
    shape[axis] = extent
    return [Signature(shape, dtype)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let axis = try inputs[0].shape.normalizedAxis(axis, operation: name)
    let positions = try inputs[1].positions(in: extent, operation: name)
    return [inputs[0].scatterAddedAlong(positions, axis: axis, extent: extent)]
  }
  var saves: Saved { .input(1) }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [TakeAlong(axis: axis)(pullback.cotangent, pullback.input(1)), nil] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] {
    [ScatterAddAlong(axis: axis, extent: extent)(pushforward.tangent, pushforward.input(1))]
  }

  private static func indices(_ values: [Int64], _ shape: Shape) -> SampleInput { .fixed(NDArray(values, shape: shape)) }

  static let samples = [
    Sample(ScatterAddAlong(axis: 1, extent: 3), .normal([2, 2]), indices([2, 2, 0, -2], [2, 2])),
    Sample(ScatterAddAlong(axis: 0, extent: 2), .normal([2, 3]), indices([1, 0, 1, 1, 0, 0], [2, 3])),
    Sample(ScatterAddAlong(axis: 0, extent: 2), .zeros([0, 3]), indices([], [0, 3])),
    Sample(ScatterAddAlong(axis: -1, extent: 1), .normal([1]), indices([0], [1])),
  ]
  static let errorSamples = [
    ErrorSample(ScatterAddAlong(axis: 0, extent: 2), [Signature([3], .float32), Signature([2], .int64)]),
    ErrorSample(ScatterAddAlong(axis: 1, extent: 2), [Signature([2], .float32), Signature([2], .int64)]),
    ErrorSample(ScatterAddAlong(axis: 0, extent: 2), [2], [2]),
  ]
}
