import Autograd

/// Maximum over windows of the last two axes.
public struct MaxPooling: LayerOperation {
  public let kernel: Size2D
  public let stride: Size2D
  public let padding: Size2D
  public let dilation: Size2D
  /// Whether windows may reach beyond the far edge.
  public let ceilMode: Bool

  public init(
    kernel: Size2D, stride: Size2D? = nil, padding: Size2D = Size2D(0, 0), dilation: Size2D = Size2D(1, 1),
    ceilMode: Bool = false
  ) {
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.padding = padding
    self.dilation = dilation
    self.ceilMode = ceilMode
  }

  public var summary: String { windowSummary(kernel, stride, padding) }
  public func reach(parameters: [String: Shape]) -> Reach {
    .window(kernel: kernel, stride: stride, padding: padding, dilation: dilation)
  }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let x = try arguments.input(0)
    try arguments.requireFloating(x)
    try arguments.requireRank(x, 4...4, "[N, channels, H, W]")
    let window = Window2D(kernel: kernel, stride: stride, padding: padding, dilation: dilation)
    _ = try window.outputSizeReadingEverywhere(Size2D(x.shape[2], x.shape[3]), operation: name)
    return [
      maxPool2d(
        x, kernel: kernel.pair, stride: stride.pair, padding: padding.pair, dilation: dilation.pair, ceilMode: ceilMode)
    ]
  }

  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence { arguments.unchanged }
}

/// "3×3, stride 2×2, padding 1×1", without what is the default.
func windowSummary(_ kernel: Size2D, _ stride: Size2D, _ padding: Size2D) -> String {
  "\(kernel)" + (stride == kernel ? "" : ", stride \(stride)") + (padding == Size2D(0, 0) ? "" : ", padding \(padding)")
}
