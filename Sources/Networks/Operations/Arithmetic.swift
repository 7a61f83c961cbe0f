import Autograd

/// The sum, difference, product or quotient of two values, elementwise with broadcasting. Addition takes any number of them.
public struct Arithmetic: LayerOperation {
  public enum Function: String, Sendable, Codable { case add, subtract, multiply, divide }

  public let function: Function

  public init(_ function: Function) { self.function = function }

  public var summary: String { function.rawValue }
  public func reach(parameters: [String: Shape]) -> Reach { .pointwise }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    var result = try arguments.input(0)
    guard arguments.inputs.count == 2 || function == .add else {
      throw .argument(name, "found \(arguments.inputs.count) inputs, expected 2")
    }
    for index in arguments.inputs.indices.dropFirst() {
      let other = try arguments.input(index)
      try arguments.requireFloating(result, other)
      _ = try Shape.broadcast(result.shape, other.shape, operation: name)
      switch function {
      case .add: result = result + other
      case .subtract: result = result - other
      case .multiply: result = result * other
      case .divide: result = result / other
      }
    }
    return [result]
  }

  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence { arguments.combined }
}
