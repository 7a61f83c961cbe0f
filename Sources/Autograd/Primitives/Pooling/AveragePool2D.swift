/// y = mean of each window;  x̄ = ȳ spread evenly over its window
struct AveragePool2D: Primitive {
  let window: Window2D
  let countIncludePad: Bool

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    return [Signature(try window.pooledShape(inputs[0].shape, mustRead: !countIncludePad, operation: name), dtype)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let output = try window.pooledShape(inputs[0].shape, mustRead: !countIncludePad, operation: name)
    return [inputs[0].averagePool2D(window, output: Size2D(output[2], output[3]), countIncludePad: countIncludePad)]
  }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] {
    let shape = pullback.signature(0).shape
    let size = Size2D(shape[2], shape[3])
    return [AveragePool2DAdjoint(size: size, window: window, countIncludePad: countIncludePad)(pullback.cotangent)]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [self(pushforward.tangent)] }

  static func pool(
    _ kernel: (Int, Int), _ stride: (Int, Int) = (1, 1), _ padding: (Int, Int) = (0, 0), countIncludePad: Bool = true,
    ceilMode: Bool = false
  ) -> Self {
    let window = Window2D(
      kernel: Size2D(kernel), stride: Size2D(stride), padding: Size2D(padding), dilation: Size2D(1, 1), roundsUp: ceilMode)
    return Self(window: window, countIncludePad: countIncludePad)
  }
  static let samples = [
    Sample(pool((2, 2), (2, 2)), .normal([2, 2, 4, 5])), Sample(pool((3, 2), (1, 2), (1, 1)), .normal([1, 2, 3, 4])),
    Sample(pool((3, 2), (1, 2), (1, 1), countIncludePad: false), .normal([1, 2, 3, 4])),
    Sample(pool((3, 2), (2, 3), (1, 1), ceilMode: true), .normal([1, 2, 4, 6])),
    Sample(pool((3, 2), (2, 3), (1, 0), countIncludePad: false, ceilMode: true), .normal([1, 1, 4, 6])),
    Sample(pool((1, 1)), .normal([1, 1, 1, 1])), Sample(pool((2, 2)), .zeros([0, 2, 3, 3])),
  ]
  static let errorSamples = [
    ErrorSample(pool((2, 2)), [2, 3, 3]), ErrorSample(pool((4, 2)), [1, 1, 3, 3]),
    ErrorSample(pool((1, 1), (1, 0)), [1, 1, 3, 3]),
    ErrorSample(pool((2, 2), (1, 1), (2, 0), countIncludePad: false), [1, 1, 3, 3]),
  ]
}

/// Mean over windows of the last two axes.
///
/// - Parameters:
///   - x: [N, C, H, W].
///   - kernel: (height, width) of the window.
///   - stride: steps of the window (default: the kernel, so that windows tile the input).
///   - padding: rows and columns of zeros added on both sides of each axis (default 0).
///   - countIncludePad: whether the padding's zeros count as entries of the mean (default yes).
///   - ceilMode: whether windows may reach beyond the far padding, if they begin inside the input or its near padding (default
///     no). What lies beyond the padding never counts as an entry.
/// - Returns: [N, C, H′, W′] with H′ = ⌊(H + 2·padding − kernel)/stride⌋ + 1; rounded up in `ceilMode`.
///
/// Traps if the shapes do not fit, or if a mean would be taken over no entries.
public func averagePool2d(
  _ x: Tensor, kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0), countIncludePad: Bool = true,
  ceilMode: Bool = false
) -> Tensor {
  AveragePool2D.pool(kernel, stride ?? kernel, padding, countIncludePad: countIncludePad, ceilMode: ceilMode)(x)
}
