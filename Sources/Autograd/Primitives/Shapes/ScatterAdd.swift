/// Slices of x added up at integer indices along an axis of `extent` elements;  x̄ = ȳ at these indices. The adjoint of ``Gather``.
struct ScatterAdd: Primitive {
  /// Axis of the result, not negative.
  let axis: Int
  let extent: Int

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType([inputs[0]])
    try checkIndices(inputs[1])
    let (shape, end) = (inputs[0].shape, axis + inputs[1].shape.rank)
    guard axis >= 0, extent >= 0, end <= shape.rank, Shape(Array(shape[axis..<end])) == inputs[1].shape else {
      throw .shape(name, "\(shape) has no axes \(inputs[1].shape) of the indices at axis \(axis)")
    }
    return [Signature(Shape(Array(shape[..<axis]) + [extent] + Array(shape[end...])), dtype)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let positions = try inputs[1].positions(in: extent, operation: name)
    return [inputs[0].scatterAdded(positions, axis: axis, indexAxes: inputs[1].rank, extent: extent)]
  }
  var saves: Saved { .input(1) }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [Gather(axis: axis)(pullback.cotangent, pullback.input(1)), nil] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] {
    [ScatterAdd(axis: axis, extent: extent)(pushforward.tangent, pushforward.input(1))]
  }

  private static func indices(_ values: [Int64], _ shape: Shape) -> SampleInput { .fixed(NDArray(values, shape: shape)) }

  static let samples = [
    Sample(ScatterAdd(axis: 0, extent: 3), .normal([4, 2]), indices([2, 0, 2, -1], [4])),
    Sample(ScatterAdd(axis: 1, extent: 3), .normal([2, 2, 2]), indices([1, 1, 0, 2], [2, 2])),
    Sample(ScatterAdd(axis: 1, extent: 2), .normal([3]), indices([1], [])),
    Sample(ScatterAdd(axis: 0, extent: 2), .zeros([0, 2]), indices([], [0])),
    Sample(ScatterAdd(axis: 0, extent: 1), .normal([1]), indices([0], [1])),
  ]
  static let errorSamples = [
    ErrorSample(ScatterAdd(axis: 0, extent: 3), [Signature([2], .float32), Signature([3], .int64)]),
    ErrorSample(ScatterAdd(axis: 0, extent: 3), [Signature([2], .float32), Signature([2], .float32)]),
    ErrorSample(ScatterAdd(axis: 2, extent: 3), [Signature([2], .float32), Signature([1], .int64)]),
    ErrorSample(ScatterAdd(axis: 0, extent: 3), [Signature([2], .int32), Signature([2], .int64)]),
  ]
}

extension Tensor {
  /// The slices of this tensor added up at `indices` along axis `axis` of the result, which has `count` elements there.
  ///
  /// Slice k goes to `indices[k]`; places without one are 0. The adjoint of ``gathering(_:along:)-(Tensor,_)``, and the same
  /// bits at any number of threads. Traps, naming it, for an index out of range; negative ones count from the end.
  public func scatterAdded(at indices: Tensor, along axis: Int, count: Int) -> Tensor {
    let resultRank = rank - indices.rank + 1
    return ScatterAdd(axis: axis < 0 ? axis + resultRank : axis, extent: count)(self, indices)
  }
}
