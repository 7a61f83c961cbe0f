import Autograd

/// What a layer computes, as a value: its attributes, what it does to tensors, and what it means for the structure.
///
/// A new operation is one file and one line of ``LayerOperationCatalogue``. It must throw, and not trap, on inputs that do not fit:
/// graphs come from files.
public protocol LayerOperation: Sendable, Codable, Equatable {
  /// In tables and files; the type's name unless given.
  static var name: String { get }

  /// The attributes in a few words, for tables. Empty unless given.
  var summary: String { get }

  /// Computes the outputs, by recorded operations.
  func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor]

  /// How far the operation looks on its first input, given the shapes of its parameters by role. Everywhere, unless given.
  func reach(parameters: [String: Shape]) -> Reach

  /// Whether it only moves, copies or drops elements, or does nothing at all in evaluation. No, unless given.
  var isRearrangement: Bool { get }

  /// What each channel of the first output depends on, given the same of each input. Mixed, unless given.
  func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence

  /// Multiply-adds of one evaluation. None, unless given.
  func multiplyAdds(_ shapes: LayerShapes) -> Int
}

extension LayerOperation {
  public static var name: String { String(describing: Self.self) }
  public var name: String { Self.name }
  public var summary: String { "" }
  public func reach(parameters: [String: Shape]) -> Reach { .everything }
  public var isRearrangement: Bool { false }
  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence { arguments.mixed }
  public func multiplyAdds(_ shapes: LayerShapes) -> Int { 0 }
}

/// How a network is run.
public enum RunMode: Sendable, Equatable {
  /// Running statistics, no dropout.
  case evaluation
  /// The batch's statistics, dropout drawn from the seed.
  case training(seed: UInt64)
}

/// What an operation computes on.
public struct LayerArguments: Sendable {
  /// `nil` where an optional input is left out.
  public let inputs: [Tensor?]
  /// By role.
  public let parameters: [String: Tensor]
  public let mode: RunMode
  /// The layer, for the numbers that it draws while training.
  public let layer: String
  /// The operation's name, for messages.
  public let operation: String

  public init(
    inputs: [Tensor?], parameters: [String: Tensor] = [:], mode: RunMode = .evaluation, layer: String = "",
    operation: String
  ) {
    self.inputs = inputs
    self.parameters = parameters
    self.mode = mode
    self.layer = layer
    self.operation = operation
  }

  /// The input at `index`. Throws if it is left out.
  public func input(_ index: Int) throws(TensorError) -> Tensor {
    guard let input = optional(index) else { throw .argument(operation, "input \(index) is missing") }
    return input
  }

  /// The input at `index`, if it is there.
  public func optional(_ index: Int) -> Tensor? { inputs.indices.contains(index) ? inputs[index] : nil }

  /// The parameter in a role; if there is none, the input at `index`, for graphs that compute their weights.
  public func parameter(_ role: String, orInput index: Int? = nil) -> Tensor? {
    parameters[role] ?? index.flatMap { optional($0) }
  }

  /// The parameter in a role or the input in its place. Throws if there is neither.
  public func required(_ role: String, orInput index: Int? = nil) throws(TensorError) -> Tensor {
    guard let value = parameter(role, orInput: index) else { throw .argument(operation, "'\(role)' is missing") }
    return value
  }

  /// Throws unless all of them (those that are there) hold floating-point numbers of one precision.
  public func requireFloating(_ tensors: Tensor?...) throws(TensorError) {
    let dtypes = tensors.compactMap { $0?.dtype }
    guard let first = dtypes.first else { return }
    guard first.isFloating, dtypes.allSatisfy({ $0 == first }) else {
      let found = dtypes.map { "\($0)" }.joined(separator: ", ")
      throw .dtype(operation, "expected floating-point inputs of one precision, found \(found)")
    }
  }

  /// Throws unless the tensor has one of the given ranks.
  public func requireRank(_ tensor: Tensor, _ ranks: ClosedRange<Int>, _ expected: String) throws(TensorError) {
    guard ranks.contains(tensor.rank) else { throw .shape(operation, "expected \(expected), found \(tensor.shape)") }
  }

  /// Random numbers of this layer's own: they do not depend on what other layers draw.
  func random(seed: UInt64) -> RandomSource { RandomSource(seed: seed ^ fingerprint(of: layer)) }
}

/// FNV-1a, 64 bits: the same in every run, which `Hasher` is not.
func fingerprint(of text: String) -> UInt64 {
  text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}

/// The shapes around one evaluation of a layer.
public struct LayerShapes: Sendable {
  public let inputs: [Shape?]
  public let outputs: [Shape]
  /// By role.
  public let parameters: [String: Shape]

  public init(inputs: [Shape?], outputs: [Shape], parameters: [String: Shape]) {
    self.inputs = inputs
    self.outputs = outputs
    self.parameters = parameters
  }
}

/// How far an operation looks.
public enum Reach: Sendable, Equatable {
  /// Each position depends on that position alone.
  case pointwise
  /// A window that slides over the last two axes.
  case window(kernel: Size2D, stride: Size2D, padding: Size2D, dilation: Size2D)
  /// Every position depends on every other.
  case everything
}

/// Which channels of the network's input the channels (axis 1) of a value depend on.
public enum ChannelDependence: Sendable, Equatable {
  /// On none: a constant.
  case constant
  /// Each on one at most: entry j names the input channel that channel j depends on, `nil` for none.
  case separate([Int?])
  /// Some channel depends on more than one, or it is not known.
  case mixed
}

/// What an operation is told when it is asked which channels it keeps apart.
public struct DependenceArguments: Sendable {
  /// One for each input; `nil` where it is left out.
  public let inputs: [ChannelDependence?]
  /// Of the parameters, by role.
  public let parameters: [String: Shape]
  /// Of the inputs, where they are known.
  public let shapes: [Shape?]

  public init(inputs: [ChannelDependence?], parameters: [String: Shape], shapes: [Shape?] = []) {
    self.inputs = inputs
    self.parameters = parameters
    self.shapes = shapes
  }

  /// For an operation that mixes what it reads: constant if everything is.
  public var mixed: ChannelDependence { inputs.allSatisfy { $0 == nil || $0 == .constant } ? .constant : .mixed }

  /// For an operation that treats every channel of its first input by itself.
  public var unchanged: ChannelDependence { inputs.first.flatMap { $0 } ?? .constant }

  /// For an elementwise operation on several inputs: separate if those that are agree.
  public var combined: ChannelDependence {
    var result: [Int?]?
    for input in inputs.compactMap({ $0 }) {
      switch input {
      case .constant: continue
      case .mixed: return .mixed
      case .separate(let channels):
        guard let known = result else {
          result = channels
          continue
        }
        // One channel alone is broadcast over the others.
        guard known.count == channels.count || known.count == 1 || channels.count == 1 else { return .mixed }
        var joined: [Int?] = []
        for index in 0..<max(known.count, channels.count) {
          let (a, b) = (known[known.count == 1 ? 0 : index], channels[channels.count == 1 ? 0 : index])
          if let a, let b, a != b { return .mixed }
          joined.append(a ?? b)
        }
        result = joined
      }
    }
    return result.map { .separate($0) } ?? .constant
  }
}
