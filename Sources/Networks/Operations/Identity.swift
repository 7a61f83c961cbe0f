import Autograd

/// What it is given.
public struct Identity: LayerOperation {
  public init() {}
  public func reach(parameters: [String: Shape]) -> Reach { .pointwise }
  public var isRearrangement: Bool { true }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] { [try arguments.input(0)] }

  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence { arguments.unchanged }
}
