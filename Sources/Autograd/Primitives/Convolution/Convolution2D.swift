/// y = x ⋆ w (cross-correlation, as in deep learning).  With its adjoints it forms one trilinear map ⟨g, x ⋆ w⟩, so the three
/// are each other's derivatives: x̄ = inputGradient(ȳ, w), w̄ = weightGradient(x, ȳ).
struct Convolution2D: Primitive {
  var geometry = ConvolutionGeometry()

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    return [Signature(try geometry.shape(inputs[0].shape, inputs[1].shape, operation: name).outputShape, dtype)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let shape = try geometry.shape(inputs[0].shape, inputs[1].shape, operation: name)
    return [NDArray.convolution2D(inputs[0], inputs[1], shape)]
  }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let y = pullback.cotangent
    return try pullback.forNeeded(
      { geometry.inputGradient(y, pullback.input(1), size: pullback.signature(0).shape) },
      { geometry.weightGradient(pullback.input(0), y, kernel: pullback.signature(1).shape) })
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    [
      try pushforward.sum(
        { geometry.convolution($0, pushforward.input(1)) },
        { geometry.convolution(pushforward.input(0), $0) })
    ]
  }

  static let samples = [
    Sample(Convolution2D(), .normal([2, 2, 4, 3]), .normal([3, 2, 3, 2])),
    Sample(Convolution2D(geometry: .strided), .normal([2, 1, 5, 4]), .normal([2, 1, 2, 3])),
    Sample(Convolution2D(geometry: .dilated), .normal([1, 2, 5, 5]), .normal([1, 2, 3, 2])),
    Sample(Convolution2D(geometry: .depthwise), .normal([1, 3, 3, 3]), .normal([3, 1, 2, 2])),
    Sample(Convolution2D(geometry: .twoGroups), .normal([2, 4, 3, 3]), .normal([6, 2, 2, 2])),
    Sample(Convolution2D(), .normal([2, 3, 2, 2]), .normal([2, 3, 1, 1])),
    Sample(Convolution2D(), .normal([1, 1, 1, 1]), .normal([1, 1, 1, 1])),
    Sample(Convolution2D(), .zeros([0, 2, 3, 3]), .normal([1, 2, 2, 2])),
    Sample(Convolution2D(), .zeros([1, 0, 3, 3]), .zeros([2, 0, 2, 2])),
  ]
  static let errorSamples = [
    ErrorSample(Convolution2D(), [2, 4, 4], [3, 2, 3, 3]), ErrorSample(Convolution2D(), [1, 2, 4, 4], [3, 1, 3, 3]),
    ErrorSample(Convolution2D(), [1, 2, 2, 4], [3, 2, 3, 3]), ErrorSample(Convolution2D(), [1, 2, 4, 4], [3, 2, 0, 3]),
    ErrorSample(Convolution2D(geometry: .twoGroups), [1, 2, 4, 4], [3, 1, 1, 1]),
    ErrorSample(Convolution2D(geometry: ConvolutionGeometry(stride: Size2D(0, 1))), [1, 2, 4, 4], [3, 2, 1, 1]),
    ErrorSample(Convolution2D(geometry: ConvolutionGeometry(padding: Size2D(0, -1))), [1, 2, 4, 4], [3, 2, 1, 1]),
    ErrorSample(Convolution2D(geometry: ConvolutionGeometry(dilation: Size2D(0, 1))), [1, 2, 4, 4], [3, 2, 1, 1]),
    ErrorSample(Convolution2D(geometry: ConvolutionGeometry(groups: 0)), [1, 2, 4, 4], [3, 2, 1, 1]),
    ErrorSample(Convolution2D(), [Signature([1, 1, 2, 2], .float32), Signature([1, 1, 1, 1], .float64)]),
  ]
}

/// Two-dimensional convolution (cross-correlation: the kernel is not flipped).
///
/// - Parameters:
///   - x: [N, Cin, H, W].
///   - w: [Cout, Cin/groups, kh, kw]; `groups` = Cin gives a depthwise convolution.
///   - bias: [Cout], added to every position of its channel (default: none).
///   - stride: (vertical, horizontal) steps of the kernel (default 1).
///   - padding: rows and columns of zeros added on both sides of each axis (default 0).
///   - dilation: distance of neighbouring taps (default 1).
///   - groups: output channels of a group see only the input channels of that group (default 1).
/// - Returns: [N, Cout, H′, W′] with H′ = ⌊(H + 2·padding − dilation·(kh − 1) − 1)/stride⌋ + 1.
///
/// Traps if the shapes do not fit, or if the kernel is larger than the padded input.
/// The result is the same, bit for bit, at any number of threads.
public func conv2d(
  _ x: Tensor, _ w: Tensor, bias: Tensor? = nil, stride: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0),
  dilation: (Int, Int) = (1, 1), groups: Int = 1
) -> Tensor {
  let geometry = ConvolutionGeometry(
    stride: Size2D(stride), padding: Size2D(padding), dilation: Size2D(dilation), groups: groups)
  let y = Convolution2D(geometry: geometry)(x, w)
  guard let bias else { return y }
  guard bias.shape == [y.shape[1]] else {
    fail(.shape(Convolution2D.name, "bias \(bias.shape) does not fit the weight \(w.shape): expected [\(y.shape[1])]"))
  }
  return y + bias.reshaped(to: [y.shape[1], 1, 1])
}
