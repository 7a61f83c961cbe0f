import Autograd

/// An operator of an ONNX graph for which there is no operation of our own: shape arithmetic, rare functions, unusual attributes.
///
/// Inputs that are constants of the graph are no inputs of the layer: floating-point ones are parameters in the roles `input 0`,
/// `input 1`, … (`weight` and `bias` where there are such), integers are attributes of these names. All floating-point values of
/// a network have one precision, so a conversion from one floating-point type to another does nothing.
public struct ONNXOperator: LayerOperation {
  /// As the format calls it: `Slice`.
  public let function: String
  /// Version of the standard operators that its graph was written for.
  public let version: Int
  public let attributes: [String: Attribute]
  /// How many outputs its node names.
  public let outputCount: Int

  /// An argument that is part of the graph.
  public enum Attribute: Sendable, Codable, Equatable {
    case int(Int)
    case float(Double)
    case string(String)
    case ints([Int])
    case floats([Double])
    case strings([String])
    /// Integers or truth values that stand for an input.
    case array(dtype: String, shape: [Int], values: [Int])
  }

  public init(_ function: String, version: Int = 21, attributes: [String: Attribute] = [:], outputCount: Int = 1) {
    self.function = function
    self.version = version
    self.attributes = attributes
    self.outputCount = outputCount
  }

  /// The operators that can be computed, in alphabetical order.
  public static var supportedFunctions: [String] { ONNXFunctions.table.keys.sorted() }

  public var summary: String { function }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    guard let run = ONNXFunctions.table[function] else {
      throw .argument(name, "found the operator \(function), which is not supported")
    }
    let call = OperatorCall(operation: self, arguments: arguments)
    do { return try run(call) } catch let error as TensorError { throw error } catch {
      throw .argument(function, "\(error)")
    }
  }

  public var reach: Reach { Self.elementwise.contains(function) ? .pointwise : .everything }
  public var isRearrangement: Bool { Self.rearranging.contains(function) }

  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence {
    if Self.elementwise.contains(function) { return arguments.combined }
    if Self.poolingPositions.contains(function) { return arguments.unchanged }
    return arguments.mixed
  }

  /// Those that treat every element by itself.
  private static let elementwise: Set<String> = [
    "Abs", "Add", "Cast", "CastLike", "Ceil", "Celu", "Clip", "Div", "Dropout", "Elu", "Erf", "Exp", "Floor", "Gelu",
    "HardSigmoid",
    "HardSwish", "Identity", "LeakyRelu", "Log", "Max", "Mean", "Min", "Mish", "Mul", "Neg", "Pow", "Reciprocal", "Relu", "Round",
    "Selu", "Sigmoid", "Sign", "Softplus", "Softsign", "Sqrt", "Sub", "Sum", "Swish", "Tanh", "ThresholdedRelu",
  ]
  private static let rearranging: Set<String> = [
    "Cast", "CastLike", "Concat", "DepthToSpace", "Dropout", "Expand", "Flatten", "Gather", "Identity", "Reshape", "Slice",
    "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze",
  ]
  /// Those that combine positions of a channel, never channels.
  private static let poolingPositions: Set<String> = [
    "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "InstanceNormalization", "LpPool", "MaxPool", "Resize", "Upsample",
  ]
}
