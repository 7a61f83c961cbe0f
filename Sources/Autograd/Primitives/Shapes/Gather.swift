/// Slices of x at integer indices along an axis;  x̄ = ȳ added up at these indices
struct Gather: Primitive {
  let axis: Int

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let shape = inputs[0].shape
    let axis = try shape.normalizedAxis(axis, operation: name)
    try checkIndices(inputs[1])
    let extents = Array(shape[..<axis]) + inputs[1].shape.extents + Array(shape[(axis + 1)...])
    return [Signature(Shape(extents), inputs[0].dtype)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let axis = try inputs[0].shape.normalizedAxis(axis, operation: name)
    let positions = try inputs[1].positions(in: inputs[0].shape[axis], operation: name)
    return [inputs[0].gathered(positions, axis: axis, indexShape: inputs[1].shape)]
  }
  var saves: Saved { .input(1) }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let shape = pullback.signature(0).shape
    let axis = try shape.normalizedAxis(axis, operation: name)
    return [ScatterAdd(axis: axis, extent: shape[axis])(pullback.cotangent, pullback.input(1)), nil]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [Gather(axis: axis)(pushforward.tangent, pushforward.input(1))] }

  private static func indices(_ values: [Int32], _ shape: Shape) -> SampleInput { .fixed(NDArray(values, shape: shape)) }

  static let samples = [
    Sample(Gather(axis: 0), .normal([3, 2]), indices([2, 0, 2, -1], [4])),
    Sample(Gather(axis: -1), .normal([2, 3]), indices([1, 1, 0, 2], [2, 2])),
    Sample(Gather(axis: 1), .normal([2, 3, 2]), indices([2], [])), Sample(Gather(axis: 0), .normal([3]), indices([], [0])),
    Sample(Gather(axis: 0), .zeros([2, 0]), .fixed(NDArray([1, 0] as [Int64], shape: [2]))),
    Sample(Gather(axis: 0), .normal([1]), indices([0, 0], [2])),
  ]
  static let errorSamples = [
    ErrorSample(Gather(axis: 1), [Signature([2], .float32), Signature([1], .int32)]),
    ErrorSample(Gather(axis: 0), [Signature([2], .float32), Signature([1], .float32)]),
  ]
}

extension Primitive {
  func checkIndices(_ indices: Signature) throws(TensorError) {
    guard indices.dtype == .int32 || indices.dtype == .int64 else {
      throw .dtype(name, "expected int32 or int64 indices, found \(indices.dtype)")
    }
  }
}

extension Tensor {
  /// The slices at `indices` along `axis`, as NumPy's `take`. Any dtype.
  ///
  /// - Parameters:
  ///   - indices: `int32` or `int64` of any shape; negative ones count from the end. Traps, naming it, for one out of range.
  ///   - axis: negative ones count from the end.
  /// - Returns: this shape with `axis` replaced by the axes of `indices`.
  public func gathering(_ indices: Tensor, along axis: Int) -> Tensor { Gather(axis: axis)(self, indices) }

  /// The slices at `indices` along `axis`.
  public func gathering(_ indices: [Int], along axis: Int) -> Tensor {
    gathering(Tensor(NDArray(indices.map { Int64($0) }, shape: [indices.count])), along: axis)
  }
}
