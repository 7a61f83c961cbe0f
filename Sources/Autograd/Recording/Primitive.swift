/// Shape and dtype of an array, for rules that need no values.
public struct Signature: Sendable, Equatable, CustomStringConvertible {
  public let shape: Shape
  public let dtype: DType

  public init(_ shape: Shape, _ dtype: DType) {
    self.shape = shape
    self.dtype = dtype
  }

  public init(_ tensor: Tensor) { self.init(tensor.shape, tensor.dtype) }
  public init(_ array: NDArray) { self.init(array.shape, array.dtype) }

  public var description: String { "\(dtype)\(shape)" }
}

/// What backward and forward mode need to keep from the forward computation.
public struct Saved: OptionSet, Sendable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// All inputs.
  public static let inputs = Saved(rawValue: 1)
  /// All outputs.
  public static let outputs = Saved(rawValue: 2)
  public static let nothing: Saved = []

  /// One input alone: a gather keeps its indices, not what it gathers from. (All of them for the seventh and later.)
  public static func input(_ index: Int) -> Saved { index < 6 ? Saved(rawValue: 4 << UInt8(index)) : .inputs }

  func keepsInput(_ index: Int) -> Bool { contains(.inputs) || contains(.input(index)) }
}

/// A differentiable operation, as a value.
///
/// `forward` sees arrays and therefore cannot record; `vjp` and `jvp` see tensors and are differentiable again,
/// which is where second order comes from. An operation stands in one file with its samples and one line of
/// ``Catalogue``; the generic tests then check it.
public protocol Primitive: Sendable {
  /// The name in messages; the type's name unless given.
  static var name: String { get }

  /// Checks the inputs and gives the signatures of the outputs. Pure, so that it can be tested without values.
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature]

  /// Computes the outputs. Called only with inputs that ``infer(_:)`` accepts.
  ///
  /// An operation that declares its inputs `consuming` and hands them on with `removeLast()` may find itself the only one who
  /// holds one of them; elementwise kernels then write their result over it.
  func forward(_ inputs: consuming [NDArray]) throws(TensorError) -> [NDArray]

  /// Which values the derivative reads. Everything else can be freed.
  var saves: Saved { get }

  /// Cotangents of the inputs, `nil` where there is none or none is needed.
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?]

  /// Tangents of the outputs, `nil` for zero.
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?]

  /// Inputs on which the generic tests run, empty and size-one shapes among them.
  static var samples: [Sample] { get }

  /// Inputs that ``infer(_:)`` must refuse.
  static var errorSamples: [ErrorSample] { get }
}

extension Primitive {
  public static var name: String { String(describing: Self.self) }
  public var saves: Saved { .inputs }
  public var name: String { Self.name }
}

/// What both directions of differentiation can see of a recorded operation.
public struct Recorded {
  let node: Node
  /// Whether the derivative is itself being recorded, for a higher order.
  public let isRecording: Bool

  func input(_ index: Int) -> Tensor {
    let edge = node.edges[index]
    guard let value = edge.value else {
      fail(.argument(node.primitive.name, "its derivative reads input \(index), which it does not save"))
    }
    return isRecording ? Tensor(value, node: edge.node, outputIndex: edge.outputIndex) : Tensor(value)
  }

  func output(_ index: Int) -> Tensor {
    guard let outputs = node.outputs else {
      fail(.argument(node.primitive.name, "its derivative reads output \(index), which it does not save"))
    }
    return isRecording ? Tensor(outputs[index], node: node, outputIndex: index) : Tensor(outputs[index])
  }
}

/// What a primitive sees in reverse mode: the cotangents of its outputs, and the values that it saved.
public struct Pullback {
  let record: Recorded
  /// One for each output; `nil` is zero.
  public let cotangents: [Tensor?]
  /// Which inputs need a cotangent: an input's gradient must not pay for a weight's.
  public let needs: [Bool]

  /// The cotangent of the only output.
  public var cotangent: Tensor {
    guard let first = cotangents.first, let cotangent = first else {
      fail(.argument(record.node.primitive.name, "no cotangent for its first output"))
    }
    return cotangent
  }
  /// An input of the operation. Traps if ``Primitive/saves`` does not name it.
  public func input(_ index: Int) -> Tensor { record.input(index) }
  /// An output of the operation. Traps if ``Primitive/saves`` does not name it.
  public func output(_ index: Int) -> Tensor { record.output(index) }
  /// Shape and dtype of an input, known whether it was saved or not.
  public func signature(_ index: Int) -> Signature { record.node.edges[index].signature }
  /// Whether the derivative is itself being recorded, for a higher order.
  public var isRecording: Bool { record.isRecording }

  /// Each cotangent computed only if it is needed.
  public func forNeeded(_ rules: (() throws(TensorError) -> Tensor)...) throws(TensorError) -> [Tensor?] {
    var result: [Tensor?] = []
    for (index, rule) in rules.enumerated() { result.append(needs[index] ? try rule() : nil) }
    return result
  }
}

/// What a primitive sees in forward mode: the tangents of its inputs (`nil` is zero), and the values that it saved.
public struct Pushforward {
  let record: Recorded
  /// One for each input; `nil` is zero.
  public let tangents: [Tensor?]

  /// An input of the operation. Traps if ``Primitive/saves`` does not name it.
  public func input(_ index: Int) -> Tensor { record.input(index) }
  /// An output of the operation. Traps if ``Primitive/saves`` does not name it.
  public func output(_ index: Int) -> Tensor { record.output(index) }
  /// Shape and dtype of an input, known whether it was saved or not.
  public func signature(_ index: Int) -> Signature { record.node.edges[index].signature }

  /// The tangent of an operation with one input.
  public var tangent: Tensor {
    guard let first = tangents.first, let tangent = first else {
      fail(.argument(record.node.primitive.name, "no tangent for its first input"))
    }
    return tangent
  }

  /// The sum of each input's contribution; inputs without a tangent contribute nothing, and if none has one it is `nil`.
  ///
  /// - Parameter rules: one for each input, from its tangent to that of the output. They must not throw: Swift 6.3.1 crashes on
  ///   a closure with a parameter and a typed throw.
  public func sum(_ rules: ((Tensor) throws(TensorError) -> Tensor)...) throws(TensorError) -> Tensor? {
    var total: Tensor?
    for (index, rule) in rules.enumerated() {
      guard let tangent = tangents[index] else { continue }
      let term = try rule(tangent)
      total = total.map { $0 + term } ?? term
    }
    return total
  }
}
