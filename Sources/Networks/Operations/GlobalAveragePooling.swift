import Autograd

/// Mean over all positions of each channel: [N, channels, …] to [N, channels, 1, …].
public struct GlobalAveragePooling: LayerOperation {
  public init() {}

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let x = try arguments.input(0)
    try arguments.requireFloating(x)
    guard x.rank >= 3, x.shape[2...].allSatisfy({ $0 > 0 }) else {
      throw .shape(name, "expected [N, channels, …] with positions, found \(x.shape)")
    }
    return [globalAveragePool(x)]
  }

  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence { arguments.unchanged }
}
