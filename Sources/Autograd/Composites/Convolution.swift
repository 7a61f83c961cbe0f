/// One-dimensional convolution (cross-correlation: the kernel is not flipped).
///
/// - Parameters:
///   - x: [N, Cin, L].
///   - w: [Cout, Cin/groups, k].
///   - bias: [Cout] (default: none).
///   - stride: step of the kernel (default 1).
///   - padding: zeros added at both ends (default 0).
///   - dilation: distance of neighbouring taps (default 1).
///   - groups: output channels of a group see only the input channels of that group (default 1).
/// - Returns: [N, Cout, L′] with L′ = ⌊(L + 2·padding − dilation·(k − 1) − 1)/stride⌋ + 1. Traps if shapes do not fit.
public func conv1d(
  _ x: Tensor, _ w: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1
) -> Tensor {
  if x.rank != 3 || w.rank != 3 {
    fail(.shape("conv1d", "expected [N, Cin, L] and [Cout, Cin/groups, k], found \(x.shape) and \(w.shape)"))
  }
  return conv2d(
    x.expanded(at: 2), w.expanded(at: 2), bias: bias, stride: (1, stride), padding: (0, padding), dilation: (1, dilation),
    groups: groups
  ).squeezed(2)
}

/// Transposed two-dimensional convolution: the adjoint of ``conv2d(_:_:bias:stride:padding:dilation:groups:)`` in its input.
///
/// - Parameters:
///   - x: [N, Cin, H, W].
///   - w: [Cin, Cout/groups, kh, kw]: the weight of the convolution from Cout to Cin channels whose adjoint this is.
///   - bias: [Cout] (default: none).
///   - stride: distance of neighbouring inputs in the output (default 1).
///   - padding: rows and columns cut off on both sides of each axis (default 0).
///   - outputPadding: rows and columns added at the far end of each axis, less than the stride (default 0): convolutions with a
///     stride give several sizes of input the same size of output, and this says which of them is meant.
///   - dilation: distance of neighbouring taps (default 1).
///   - groups: (default 1).
/// - Returns: [N, Cout, H′, W′] with H′ = (H − 1)·stride − 2·padding + dilation·(kh − 1) + outputPadding + 1.
///   Traps if the shapes do not fit.
public func convTranspose2d(
  _ x: Tensor, _ w: Tensor, bias: Tensor? = nil, stride: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0),
  outputPadding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1), groups: Int = 1
) -> Tensor {
  if x.rank != 4 || w.rank != 4 {
    fail(.shape("convTranspose2d", "expected [N, Cin, H, W] and [Cin, Cout/groups, kh, kw], found \(x.shape) and \(w.shape)"))
  }
  if !(0..<max(1, stride.0) ~= outputPadding.0 && 0..<max(1, stride.1) ~= outputPadding.1) {
    fail(
      .argument("convTranspose2d", "the output padding \(outputPadding) must lie between 0 and the stride \(stride), excluded"))
  }
  func extent(_ input: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int, _ added: Int) -> Int {
    (input - 1) * stride - 2 * padding + dilation * (kernel - 1) + added + 1
  }
  let size = Size2D(
    extent(x.shape[2], w.shape[2], stride.0, padding.0, dilation.0, outputPadding.0),
    extent(x.shape[3], w.shape[3], stride.1, padding.1, dilation.1, outputPadding.1))
  let geometry = ConvolutionGeometry(
    stride: Size2D(stride), padding: Size2D(padding), dilation: Size2D(dilation), groups: groups)
  let y = Convolution2DInputGradient(size: size, geometry: geometry)(x, w)
  guard let bias else { return y }
  if bias.shape != [y.shape[1]] {
    fail(.shape("convTranspose2d", "bias \(bias.shape) does not fit the weight \(w.shape): expected [\(y.shape[1])]"))
  }
  return y + bias.reshaped(to: [y.shape[1], 1, 1])
}
