/// The adjoint of ``PlaneGather``: y[n, c, index[n, c, p]] += g[n, c, p] in planes of `size`;  ḡ = ȳ gathered
struct PlaneScatter: Primitive {
  let size: Size2D

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let (g, index) = (inputs[0], inputs[1])
    _ = try floatingDType([g])
    guard index.dtype == .int32 else { throw .dtype(name, "expected int32 indices, found \(index.dtype)") }
    guard g.shape.rank == 4, g.shape == index.shape else {
      throw .shape(name, "values \(g.shape) and indices \(index.shape) must have one shape [N, C, …, …]")
    }
    return [Signature([g.shape[0], g.shape[1], size.height, size.width], g.dtype)]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] { [inputs[0].scatteredToPlanes(inputs[1], size: size)] }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [PlaneGather()(pullback.cotangent, pullback.input(1)), nil] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] {
    [PlaneScatter(size: size)(pushforward.tangent, pushforward.input(1))]
  }

  static let samples = [
    Sample(PlaneScatter(size: Size2D(2, 3)), .normal([1, 2, 1, 2]), .fixed(PlaneGather.indices)),
    Sample(PlaneScatter(size: Size2D(2, 2)), .zeros([0, 1, 1, 1]), .fixed(.zeros([0, 1, 1, 1], dtype: .int32))),
  ]
  static let errorSamples = [
    ErrorSample(PlaneScatter(size: Size2D(2, 3)), [Signature([1, 2, 1, 2], .float32), Signature([1, 2, 2, 2], .int32)]),
    ErrorSample(PlaneScatter(size: Size2D(2, 3)), [Signature([1, 2, 1, 2], .float32), Signature([1, 2, 1, 2], .float32)]),
  ]
}
