/// x̄ from a cotangent g of x ⋆ w: the transposed convolution.  ḡ = x̄̄ ⋆ w,  w̄ = weightGradient(x̄̄, g)
struct Convolution2DInputGradient: Primitive {
  /// Of x: the output's size does not determine it when the stride does not reach the far edge.
  let size: Size2D
  var geometry = ConvolutionGeometry()

  private func shape(_ g: Shape, _ w: Shape) throws(TensorError) -> Convolution2DShape {
    guard g.rank == 4, w.rank == 4 else {
      throw .shape(name, "expected [N, Cout, H′, W′] and [Cout, Cin/groups, kh, kw], found \(g) and \(w)")
    }
    let input: Shape = [g[0], w[1] * geometry.groups, size.height, size.width]
    let shape = try geometry.shape(input, w, operation: name)
    guard shape.outputShape == g else {
      throw .shape(name, "cotangent \(g) does not fit input \(input) and weight \(w), which give \(shape.outputShape)")
    }
    return shape
  }

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    return [Signature(try shape(inputs[0].shape, inputs[1].shape).inputShape, dtype)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    [NDArray.convolution2DInputGradient(inputs[0], inputs[1], try shape(inputs[0].shape, inputs[1].shape))]
  }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let y = pullback.cotangent
    return try pullback.forNeeded(
      { geometry.convolution(y, pullback.input(1)) },
      { geometry.weightGradient(y, pullback.input(0), kernel: pullback.signature(1).shape) })
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let shape: Shape = [0, 0, size.height, size.width]
    return [
      try pushforward.sum(
        { geometry.inputGradient($0, pushforward.input(1), size: shape) },
        { geometry.inputGradient(pushforward.input(0), $0, size: shape) })
    ]
  }

  static let samples = [
    Sample(Self(size: Size2D(4, 3)), .normal([2, 3, 2, 2]), .normal([3, 2, 3, 2])),
    Sample(Self(size: Size2D(5, 4), geometry: .strided), .normal([2, 2, 2, 3]), .normal([2, 1, 2, 3])),
    Sample(Self(size: Size2D(5, 5), geometry: .dilated), .normal([1, 1, 5, 1]), .normal([1, 2, 3, 2])),
    Sample(Self(size: Size2D(3, 3), geometry: .depthwise), .normal([1, 3, 4, 2]), .normal([3, 1, 2, 2])),
    Sample(Self(size: Size2D(2, 2)), .normal([2, 2, 2, 2]), .normal([2, 3, 1, 1])),
    Sample(Self(size: Size2D(1, 1)), .normal([1, 1, 1, 1]), .normal([1, 1, 1, 1])),
    Sample(Self(size: Size2D(3, 3)), .zeros([0, 1, 2, 2]), .normal([1, 2, 2, 2])),
    Sample(Self(size: Size2D(3, 3)), .zeros([1, 0, 2, 2]), .zeros([0, 2, 2, 2])),
  ]
  static let errorSamples = [
    ErrorSample(Self(size: Size2D(4, 4)), [2, 3, 2], [3, 2, 3, 3]),
    ErrorSample(Self(size: Size2D(4, 4)), [2, 3, 3, 2], [3, 2, 3, 3]),
    ErrorSample(Self(size: Size2D(4, 4)), [2, 2, 2, 2], [3, 2, 3, 3]),
    ErrorSample(Self(size: Size2D(2, 4)), [2, 3, 1, 2], [3, 2, 3, 3]),
  ]
}
