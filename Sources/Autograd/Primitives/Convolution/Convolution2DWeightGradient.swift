/// w̄ from a cotangent g of x ⋆ w.  x̄ = inputGradient(g, w̄̄),  ḡ = x ⋆ w̄̄
struct Convolution2DWeightGradient: Primitive {
  /// Of w: the output's size does not determine it when the stride does not reach the far edge.
  let kernel: Size2D
  var geometry = ConvolutionGeometry()

  private func shape(_ x: Shape, _ g: Shape) throws(TensorError) -> Convolution2DShape {
    guard x.rank == 4, g.rank == 4 else {
      throw .shape(name, "expected [N, Cin, H, W] and [N, Cout, H′, W′], found \(x) and \(g)")
    }
    guard geometry.groups >= 1, x[1] % geometry.groups == 0 else {
      throw .shape(name, "input \(x) and cotangent \(g): \(x[1]) channels cannot be split into \(geometry.groups) groups")
    }
    let shape = try geometry.shape(x, [g[1], x[1] / geometry.groups, kernel.height, kernel.width], operation: name)
    guard shape.outputShape == g else {
      throw .shape(name, "cotangent \(g) does not fit input \(x) and kernel \(kernel), which give \(shape.outputShape)")
    }
    return shape
  }

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    return [Signature(try shape(inputs[0].shape, inputs[1].shape).weightShape, dtype)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    [NDArray.convolution2DWeightGradient(inputs[0], inputs[1], try shape(inputs[0].shape, inputs[1].shape))]
  }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let y = pullback.cotangent
    return try pullback.forNeeded(
      { geometry.inputGradient(pullback.input(1), y, size: pullback.signature(0).shape) },
      { geometry.convolution(pullback.input(0), y) })
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let shape: Shape = [0, 0, kernel.height, kernel.width]
    return [
      try pushforward.sum(
        { geometry.weightGradient($0, pushforward.input(1), kernel: shape) },
        { geometry.weightGradient(pushforward.input(0), $0, kernel: shape) })
    ]
  }

  static let samples = [
    Sample(Self(kernel: Size2D(3, 2)), .normal([2, 2, 4, 3]), .normal([2, 3, 2, 2])),
    Sample(Self(kernel: Size2D(2, 3), geometry: .strided), .normal([2, 1, 5, 4]), .normal([2, 2, 2, 3])),
    Sample(Self(kernel: Size2D(3, 2), geometry: .dilated), .normal([1, 2, 5, 5]), .normal([1, 1, 5, 1])),
    Sample(Self(kernel: Size2D(2, 2), geometry: .depthwise), .normal([1, 3, 3, 3]), .normal([1, 3, 4, 2])),
    Sample(Self(kernel: Size2D(1, 1)), .normal([2, 3, 2, 2]), .normal([2, 2, 2, 2])),
    Sample(Self(kernel: Size2D(1, 1)), .normal([1, 1, 1, 1]), .normal([1, 1, 1, 1])),
    Sample(Self(kernel: Size2D(2, 2)), .zeros([0, 2, 3, 3]), .zeros([0, 1, 2, 2])),
  ]
  static let errorSamples = [
    ErrorSample(Self(kernel: Size2D(3, 3)), [2, 4, 4], [2, 3, 2, 2]),
    ErrorSample(Self(kernel: Size2D(3, 3)), [2, 1, 4, 4], [2, 3, 3, 2]),
    ErrorSample(Self(kernel: Size2D(3, 3)), [2, 1, 4, 4], [1, 3, 2, 2]),
    ErrorSample(Self(kernel: Size2D(1, 1), geometry: .twoGroups), [2, 3, 4, 4], [2, 4, 4, 4]),
  ]
}
