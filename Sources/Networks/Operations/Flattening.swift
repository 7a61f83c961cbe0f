import Autograd

/// [d₀, …, dₖ₋₁, dₖ, …] to [d₀, …, dₖ₋₁, dₖ·…]: all axes from one on become one.
public struct Flattening: LayerOperation {
  /// The first axis that is flattened.
  public let axis: Int

  public init(from axis: Int = 1) { self.axis = axis }

  public var summary: String { "from axis \(axis)" }
  public var isRearrangement: Bool { true }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let x = try arguments.input(0)
    guard axis >= 0, axis <= x.rank else { throw .shape(name, "axis \(axis) is not an axis of \(x.shape)") }
    return [x.reshaped(to: Shape(x.shape.prefix(axis) + [x.shape.dropFirst(axis).reduce(1, *)]))]
  }

  /// The positions of a channel come to stand behind each other; where shapes are not known, it is taken for pooled to one.
  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence {
    guard axis == 1, case .separate(let channels) = arguments.inputs.first else { return arguments.mixed }
    let positions = arguments.shapes.first.flatMap { $0 }?.dropFirst(2).reduce(1, *) ?? 1
    return .separate(channels.flatMap { Array(repeating: $0, count: positions) })
  }
}
