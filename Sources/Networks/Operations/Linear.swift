import Autograd

/// y = x·Wᵀ + b over the last axis, `weight` [out, in] and `bias` [out] or none.
public struct Linear: LayerOperation {
  public init() {}

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let x = try arguments.input(0)
    let weight = try arguments.required("weight", orInput: 1)
    let bias = arguments.parameter("bias", orInput: 2)
    try arguments.requireFloating(x, weight, bias)
    guard x.rank >= 1, weight.rank == 2, x.shape[x.rank - 1] == weight.shape[1] else {
      throw .shape(name, "the weight \(weight.shape) does not fit the input \(x.shape): expected [out, in] and […, in]")
    }
    if let bias, bias.shape != [weight.shape[0]] {
      throw .shape(name, "the bias \(bias.shape) does not fit the weight \(weight.shape): expected [\(weight.shape[0])]")
    }
    // As one matrix: a batch of small products would be many calls.
    let rows = x.shape.dropLast().reduce(1, *)
    var y = matmul(x.reshaped(to: [rows, weight.shape[1]]), weight, transposeB: true)
    if let bias { y = y + bias }
    return [y.reshaped(to: Shape(x.shape.dropLast() + [weight.shape[0]]))]
  }

  /// Positions stay apart where the mixed axis is that of channels: tokens.
  public func reach(parameters: [String: Shape]) -> Reach { .pointwise }

  public func multiplyAdds(_ shapes: LayerShapes) -> Int {
    let weight = shapes.parameters["weight"] ?? (shapes.inputs.count > 1 ? shapes.inputs[1] : nil) ?? []
    return (shapes.outputs.first?.elementCount ?? 0) * (weight.last ?? 0)
  }
}
