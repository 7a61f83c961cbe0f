import Autograd

/// A value inside a network: an output of a layer, or an input of the network.
public struct ValueReference: Sendable, Hashable, Codable, ExpressibleByStringLiteral, CustomStringConvertible {
  /// The layer that computes it, or the network input that it is.
  public let source: String
  /// Which of the layer's outputs.
  public let index: Int

  public init(_ source: String, index: Int = 0) {
    self.source = source
    self.index = index
  }

  public init(stringLiteral value: String) { self.init(value) }

  /// `name`, or `name:1` for a further output.
  public var description: String { index == 0 ? source : "\(source):\(index)" }
}

/// An array that belongs to a layer: a weight, a running mean, a constant.
public struct Parameter: Sendable, Equatable {
  /// As in files: `layer1.0.conv1.weight`.
  public let name: String
  /// What the layer's operation calls it: `weight`, `bias`, `running_mean`, …
  public let role: String
  public var value: NDArray
  /// How it is drawn anew.
  public let initialization: Initialization

  public init(name: String, role: String, value: NDArray, initialization: Initialization = .fixed) {
    self.name = name
    self.role = role
    self.value = value
    self.initialization = initialization
  }
}

/// One step of a network: an operation with its parameters, and the values that it reads.
public struct Layer: Sendable {
  /// Its weight's name without `.weight`; that of its node if it has none. Unique in its network.
  public let name: String
  public let operation: any LayerOperation
  /// In the operation's order; `nil` where an optional input is left out.
  public let inputs: [ValueReference?]
  public var parameters: [Parameter]

  public init(
    name: String, operation: any LayerOperation, inputs: [ValueReference?], parameters: [Parameter] = []
  ) {
    self.name = name
    self.operation = operation
    self.inputs = inputs
    self.parameters = parameters
  }

  /// The parameter in the given role.
  public func parameter(_ role: String) -> NDArray? { parameters.first { $0.role == role }?.value }

  /// Whether it combines its inputs by a trained matrix or kernel (a convolution, a linear layer).
  public var isWeighted: Bool { (parameter("weight")?.rank ?? 0) >= 2 }

  /// The name of the layer that a weight belongs to: without `.weight` (`_weight` in PyTorch's fused projections).
  public static func name(ofWeight weight: String) -> String {
    for suffix in [".weight", "_weight"] where weight.hasSuffix(suffix) { return String(weight.dropLast(suffix.count)) }
    return weight
  }
}

/// What a network reads.
public struct NetworkInput: Sendable, Equatable, Codable {
  public let name: String
  /// [batch, channels, …]; `nil` where any extent will do. `nil` altogether if the rank is open, too.
  public let shape: [Int?]?

  public init(_ name: String, shape: [Int?]?) {
    self.name = name
    self.shape = shape
  }
}

/// What a network gives.
public struct NetworkOutput: Sendable, Equatable, Codable {
  public let name: String
  public let value: ValueReference

  public init(_ name: String, _ value: ValueReference) {
    self.name = name
    self.value = value
  }
}
