import Autograd

/// Means over windows that divide the last two axes into a given number of parts, as evenly as they go.
public struct AdaptiveAveragePooling: LayerOperation {
  public let size: Size2D

  public init(_ size: Size2D) { self.size = size }

  public var summary: String { "to \(size)" }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let x = try arguments.input(0)
    try arguments.requireFloating(x)
    try arguments.requireRank(x, 4...4, "[N, channels, H, W]")
    guard x.shape[2] > 0, x.shape[3] > 0, size.height > 0, size.width > 0 else {
      throw .shape(name, "cannot pool \(x.shape) to \(size)")
    }
    if Size2D(x.shape[2], x.shape[3]) == size { return [x] }
    return [adaptiveAveragePool2d(x, size: size.pair)]
  }

  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence { arguments.unchanged }
}
