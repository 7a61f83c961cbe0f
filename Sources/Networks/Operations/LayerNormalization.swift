import Autograd

/// (x − mean)/√(variance + ε)·weight + bias, with the statistics of the last axes.
public struct LayerNormalization: LayerOperation {
  public let epsilon: Double
  /// How many of the last axes are normalised together.
  public let axisCount: Int

  public init(epsilon: Double = 1e-5, axisCount: Int = 1) {
    self.epsilon = epsilon
    self.axisCount = axisCount
  }

  public var summary: String { "epsilon \(epsilon)" + (axisCount == 1 ? "" : ", last \(axisCount) axes") }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let x = try arguments.input(0)
    let (scale, shift) = (arguments.parameter("weight", orInput: 1), arguments.parameter("bias", orInput: 2))
    try arguments.requireFloating(x, scale, shift)
    guard axisCount >= 1, axisCount <= x.rank else {
      throw .shape(name, "cannot normalise the last \(axisCount) axes of \(x.shape)")
    }
    let normalized = Shape(Array(x.shape.suffix(axisCount)))
    guard normalized.elementCount > 0 else { throw .shape(name, "there is nothing to take a mean of in \(x.shape)") }
    for parameter in [scale, shift] {
      if let parameter, parameter.shape != normalized {
        throw .shape(name, "found a parameter of shape \(parameter.shape) for the input \(x.shape), expected \(normalized)")
      }
    }
    return [layerNorm(x, overLast: axisCount, scale: scale, shift: shift, epsilon: epsilon)]
  }

  /// Positions stay apart where the normalised axis is that of channels: tokens.
  public func reach(parameters: [String: Shape]) -> Reach { axisCount == 1 ? .pointwise : .everything }
  public func multiplyAdds(_ shapes: LayerShapes) -> Int { shapes.outputs.first?.elementCount ?? 0 }
}
