import Autograd

/// Mean over windows of the last two axes.
public struct AveragePooling: LayerOperation {
  public let kernel: Size2D
  public let stride: Size2D
  public let padding: Size2D
  /// Whether the padding's zeros count as entries of the mean.
  public let countIncludePad: Bool

  public init(
    kernel: Size2D, stride: Size2D? = nil, padding: Size2D = Size2D(0, 0), countIncludePad: Bool = true
  ) {
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.padding = padding
    self.countIncludePad = countIncludePad
  }

  public var summary: String { windowSummary(kernel, stride, padding) }
  public func reach(parameters: [String: Shape]) -> Reach {
    .window(kernel: kernel, stride: stride, padding: padding, dilation: Size2D(1, 1))
  }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let x = try arguments.input(0)
    try arguments.requireFloating(x)
    try arguments.requireRank(x, 4...4, "[N, channels, H, W]")
    let window = Window2D(kernel: kernel, stride: stride, padding: padding, dilation: Size2D(1, 1))
    let size = Size2D(x.shape[2], x.shape[3])
    _ =
      countIncludePad
      ? try window.outputSize(size, operation: name) : try window.outputSizeReadingEverywhere(size, operation: name)
    return [
      averagePool2d(
        x, kernel: kernel.pair, stride: stride.pair, padding: padding.pair, countIncludePad: countIncludePad)
    ]
  }

  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence { arguments.unchanged }
}
