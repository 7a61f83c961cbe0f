import Autograd

/// A value that depends on no input: a class token, a constant of a graph. Parameter `value`.
public struct Constant: LayerOperation {
  public init() {}

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    [try arguments.required("value")]
  }

  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence { .constant }
}
