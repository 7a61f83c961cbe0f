/// y = maximum of each window, with the index of the entry that attains it;  x̄ = ȳ put there,  ẏ = ẋ taken from there
struct MaxPool2D: Primitive {
  let window: Window2D

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    let output = try window.pooledShape(inputs[0].shape, mustRead: true, operation: name)
    return [Signature(output, dtype), Signature(output, .int32)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let output = try window.pooledShape(inputs[0].shape, mustRead: true, operation: name)
    let (values, indices) = inputs[0].maxPool2D(window, output: Size2D(output[2], output[3]))
    return [values, indices]
  }
  var saves: Saved { .outputs }
  func vjp(_ pullback: Pullback) -> [Tensor?] {
    let shape = pullback.signature(0).shape
    return [PlaneScatter(size: Size2D(shape[2], shape[3]))(pullback.cotangent, pullback.output(1).detached)]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] {
    [PlaneGather()(pushforward.tangent, pushforward.output(1).detached), nil]
  }

  private static func window(
    _ kernel: (Int, Int), _ stride: (Int, Int) = (1, 1), _ padding: (Int, Int) = (0, 0), _ dilation: (Int, Int) = (1, 1),
    ceilMode: Bool = false
  ) -> Self {
    Self(
      window: Window2D(
        kernel: Size2D(kernel), stride: Size2D(stride), padding: Size2D(padding), dilation: Size2D(dilation),
        roundsUp: ceilMode))
  }
  static let samples = [
    Sample(window((2, 2), (2, 2)), .distinct([2, 2, 4, 5])),
    Sample(window((3, 2), (1, 2), (1, 1)), .distinct([1, 2, 3, 4])),
    Sample(window((2, 2), (1, 1), (0, 0), (2, 3)), .distinct([1, 1, 4, 5])),
    Sample(window((3, 2), (2, 3), (1, 1), ceilMode: true), .distinct([1, 2, 4, 6])),
    Sample(window((1, 1)), .distinct([1, 1, 1, 1])), Sample(window((2, 2)), .zeros([0, 2, 3, 3])),
    Sample(window((2, 2)), .zeros([2, 0, 3, 3])),
  ]
  static let errorSamples = [
    ErrorSample(window((2, 2)), [2, 3, 3]), ErrorSample(window((4, 2)), [1, 1, 3, 3]),
    ErrorSample(window((0, 1)), [1, 1, 3, 3]), ErrorSample(window((1, 1), (0, 1)), [1, 1, 3, 3]),
    ErrorSample(window((2, 2), (1, 1), (2, 0)), [1, 1, 3, 3]), ErrorSample(window((1, 1)), [1, 1, 3, 3], dtype: .int64),
  ]
}

extension Window2D {
  /// [N, C, H, W] → [N, C, H′, W′].
  /// - Parameter mustRead: whether a window that lies in the padding alone is an error.
  func pooledShape(_ shape: Shape, mustRead: Bool, operation: String) throws(TensorError) -> Shape {
    guard shape.rank == 4 else { throw .shape(operation, "expected [N, C, H, W], found \(shape)") }
    let input = Size2D(shape[2], shape[3])
    let output =
      mustRead
      ? try outputSizeReadingEverywhere(input, operation: operation) : try outputSize(input, operation: operation)
    return [shape[0], shape[1], output.height, output.width]
  }
}

/// Maximum over windows of the last two axes.
///
/// Of equal entries the first of the window, row by row, receives the whole derivative. NaN counts as the largest.
///
/// - Parameters:
///   - x: [N, C, H, W].
///   - kernel: (height, width) of the window.
///   - stride: steps of the window (default: the kernel, so that windows tile the input).
///   - padding: rows and columns on both sides of each axis that belong to windows but are never the maximum (default 0).
///   - dilation: distance of neighbouring entries of a window (default 1).
///   - ceilMode: whether windows may reach beyond the far edge, if they begin inside the input or its near padding (default no).
/// - Returns: [N, C, H′, W′] with H′ = ⌊(H + 2·padding − dilation·(kernel − 1) − 1)/stride⌋ + 1; rounded up in `ceilMode`.
///
/// Traps if the shapes do not fit, or if a window would lie in the padding alone.
public func maxPool2d(
  _ x: Tensor, kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1),
  ceilMode: Bool = false
) -> Tensor {
  maxPool2dWithIndices(x, kernel: kernel, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode).values
}
