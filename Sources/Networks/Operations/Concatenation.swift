import Autograd

/// Values side by side along an axis.
public struct Concatenation: LayerOperation {
  public let axis: Int

  public init(axis: Int = 1) { self.axis = axis }

  public var summary: String { "axis \(axis)" }
  public func reach(parameters: [String: Shape]) -> Reach { axis == 1 ? .pointwise : .everything }
  public var isRearrangement: Bool { true }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let first = try arguments.input(0)
    let place = try first.shape.normalizedAxis(axis, operation: name)
    var tensors: [Tensor] = []
    for index in arguments.inputs.indices {
      let tensor = try arguments.input(index)
      let fits =
        tensor.rank == first.rank
        && tensor.shape.indices.allSatisfy {
          $0 == place || tensor.shape[$0] == first.shape[$0]
        }
      guard fits, tensor.dtype == first.dtype else {
        throw .shape(
          name, "\(tensor.dtype)\(tensor.shape) does not fit beside \(first.dtype)\(first.shape) along axis \(axis)")
      }
      tensors.append(tensor)
    }
    return [concatenated(tensors, along: place)]
  }

  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence {
    if axis != 1 { return arguments.combined }
    var channels: [Int?] = []
    for input in arguments.inputs {
      guard case .separate(let more) = input else { return arguments.mixed }
      channels += more
    }
    return .separate(channels)
  }
}
