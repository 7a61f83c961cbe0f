import Autograd

/// (x − running_mean)/√(running_var + ε)·weight + bias for each channel (axis 1); with the batch's statistics while training.
public struct BatchNormalization: LayerOperation {
  public let epsilon: Double

  public init(epsilon: Double = 1e-5) { self.epsilon = epsilon }

  public var summary: String { epsilon == 1e-5 ? "" : "epsilon \(epsilon)" }
  public func reach(parameters: [String: Shape]) -> Reach { .pointwise }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let x = try arguments.input(0)
    let (scale, shift) = (arguments.parameter("weight", orInput: 1), arguments.parameter("bias", orInput: 2))
    let (mean, variance) = (
      try arguments.required("running_mean", orInput: 3), try arguments.required("running_var", orInput: 4)
    )
    try arguments.requireFloating(x, scale, shift, mean, variance)
    guard x.rank >= 2 else { throw .shape(name, "expected [N, channels, …], found \(x.shape)") }
    for parameter in [scale, shift, mean, variance] {
      if let parameter, parameter.shape != [x.shape[1]] {
        throw .shape(name, "found statistics of shape \(parameter.shape) for the input \(x.shape), expected [\(x.shape[1])]")
      }
    }
    guard case .training = arguments.mode else {
      return [batchNorm(x, scale: scale, shift: shift, mean: mean, variance: variance, epsilon: epsilon)]
    }
    guard x.count > 0 else { throw .shape(name, "an empty batch \(x.shape) has no statistics") }
    let (value, _, _): (Tensor, Tensor, Tensor) = batchNorm(x, scale: scale, shift: shift, epsilon: epsilon)
    return [value]
  }

  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence {
    arguments.inputs.dropFirst().allSatisfy { $0 == nil || $0 == .constant } ? arguments.unchanged : .mixed
  }

  public func multiplyAdds(_ shapes: LayerShapes) -> Int { shapes.outputs.first?.elementCount ?? 0 }
}
