import Autograd

/// x times the parameter `weight`, broadcast: the layer scale of transformers.
public struct Scale: LayerOperation {
  public init() {}
  public func reach(parameters: [String: Shape]) -> Reach { .pointwise }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let (x, scale) = (try arguments.input(0), try arguments.required("weight", orInput: 1))
    try arguments.requireFloating(x, scale)
    _ = try Shape.broadcast(x.shape, scale.shape, operation: name)
    return [x * scale]
  }

  public func multiplyAdds(_ shapes: LayerShapes) -> Int { shapes.outputs.first?.elementCount ?? 0 }
}
