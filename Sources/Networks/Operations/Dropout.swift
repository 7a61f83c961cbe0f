import Autograd

/// Nothing in evaluation. While training sets elements (whole channels, if asked) to 0 at random.
public struct Dropout: LayerOperation {
  public let probability: Double
  /// Whether a channel is dropped whole, as in PyTorch's `Dropout2d`.
  public let channelwise: Bool

  public init(_ probability: Double, channelwise: Bool = false) {
    self.probability = probability
    self.channelwise = channelwise
  }

  public var summary: String { "\(probability)" + (channelwise ? ", channels" : "") }
  public func reach(parameters: [String: Shape]) -> Reach { .pointwise }
  public var isRearrangement: Bool { true }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let x = try arguments.input(0)
    guard case .training(let seed) = arguments.mode else { return [x] }
    try arguments.requireFloating(x)
    guard 0...1 ~= probability else { throw .argument(name, "found a probability of \(probability), expected 0 to 1") }
    var random = arguments.random(seed: seed)
    guard channelwise, x.rank > 2 else {
      return [dropout(x, probability: probability, isTraining: true, using: &random)]
    }
    let ones = Tensor(
      repeating: 1, shape: Shape(x.shape.enumerated().map { $0.offset < 2 ? $0.element : 1 }), dtype: x.dtype)
    return [x * dropout(ones, probability: probability, isTraining: true, using: &random)]
  }

  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence { arguments.unchanged }
}
