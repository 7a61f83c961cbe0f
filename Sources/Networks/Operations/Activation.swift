import Autograd

/// A function of each element.
public struct Activation: LayerOperation {
  public enum Function: String, Sendable, Codable, CaseIterable {
    case relu, gelu, tanh, sigmoid, silu, softplus, hardSigmoid, hardSwish
    /// min(max(x, 0), 6).
    case relu6
    /// The tanh approximation of GELU (Hendrycks & Gimpel 2016, section 2).
    case geluTanh
  }

  public let function: Function

  public init(_ function: Function) { self.function = function }

  public var summary: String { function.rawValue }
  public func reach(parameters: [String: Shape]) -> Reach { .pointwise }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let x = try arguments.input(0)
    try arguments.requireFloating(x)
    return [Self.apply(function, to: x)]
  }

  private static func apply(_ function: Function, to x: Tensor) -> Tensor {
    switch function {
    case .relu: relu(x)
    case .gelu: gelu(x)
    case .tanh: Autograd.tanh(x)
    case .sigmoid: Autograd.sigmoid(x)
    case .silu: Autograd.silu(x)
    case .softplus: Autograd.softplus(x)
    case .hardSigmoid: Autograd.hardSigmoid(x)
    case .hardSwish: Autograd.hardSwish(x)
    case .relu6: x.clamped(to: 0...6)
    case .geluTanh: 0.5 * x * (1 + Autograd.tanh(0.797_884_560_802_865_4 * (x + 0.044715 * x * square(x))))
    }
  }

  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence { arguments.unchanged }
}
