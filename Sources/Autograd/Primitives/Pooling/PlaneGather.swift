/// y[n, c, p] = x[n, c, index[n, c, p]], an index counting the entries of its plane;  x̄ = ȳ scattered to the same places
struct PlaneGather: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let (x, index) = (inputs[0], inputs[1])
    _ = try floatingDType([x])
    guard index.dtype == .int32 else { throw .dtype(name, "expected int32 indices, found \(index.dtype)") }
    guard x.shape.rank == 4, index.shape.rank == 4, x.shape[..<2].elementsEqual(index.shape[..<2]) else {
      throw .shape(name, "planes \(x.shape) and indices \(index.shape) must be [N, C, …, …] with the same N and C")
    }
    return [Signature(index.shape, x.dtype)]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] { [inputs[0].gatheredFromPlanes(inputs[1])] }
  func vjp(_ pullback: Pullback) -> [Tensor?] {
    let shape = pullback.signature(0).shape
    return [PlaneScatter(size: Size2D(shape[2], shape[3]))(pullback.cotangent, pullback.input(1)), nil]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [PlaneGather()(pushforward.tangent, pushforward.input(1))] }

  /// Repeated places among them.
  static let indices = NDArray([0, 5, 5, 2] as [Int32], shape: [1, 2, 1, 2])
  static let samples = [
    Sample(PlaneGather(), .normal([1, 2, 2, 3]), .fixed(indices)),
    Sample(PlaneGather(), .zeros([0, 1, 2, 2]), .fixed(.zeros([0, 1, 1, 1], dtype: .int32))),
  ]
  static let errorSamples = [
    ErrorSample(PlaneGather(), [Signature([1, 2, 2, 3], .float32), Signature([1, 3, 1, 2], .int32)]),
    ErrorSample(PlaneGather(), [Signature([1, 2, 2, 3], .float32), Signature([1, 2, 1, 2], .int64)]),
  ]
}
