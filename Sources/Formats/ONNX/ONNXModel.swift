import TensorCore

/// An ONNX file as plain values: a graph of operators with names, and the arrays that it starts from. Nothing here computes.
///
/// Source: https://onnx.ai/onnx/repo-docs/IR.html.
public struct ONNXModel: Sendable {
  /// The file.
  public let path: String
  /// The program that wrote it, as it calls itself; empty if it does not say.
  public let producer: String
  /// Version of each set of operators that the graph may use, by domain; the standard one is `""`.
  public let operatorSets: [String: Int]
  public let graph: ONNXGraph
  /// Functions of the model's own, which nodes call like operators.
  public let functions: [ONNXFunction]

  public init(path: String, producer: String, operatorSets: [String: Int], graph: ONNXGraph, functions: [ONNXFunction] = []) {
    self.path = path
    self.producer = producer
    self.operatorSets = operatorSets
    self.graph = graph
    self.functions = functions
  }
}

/// Nodes in an order in which each comes after what it reads.
public struct ONNXGraph: Sendable {
  public let name: String
  public let nodes: [ONNXNode]
  /// Constants that the graph begins with: the weights.
  public let initializers: [ONNXTensor]
  /// What the caller gives. Files before version 4 of the format list the initializers here, too.
  public let inputs: [ONNXValue]
  public let outputs: [ONNXValue]

  public init(
    name: String, nodes: [ONNXNode], initializers: [ONNXTensor], inputs: [ONNXValue], outputs: [ONNXValue]
  ) {
    self.name = name
    self.nodes = nodes
    self.initializers = initializers
    self.inputs = inputs
    self.outputs = outputs
  }
}

/// One application of an operator.
public struct ONNXNode: Sendable {
  /// May be empty, and need not be unique.
  public let name: String
  /// The operator's name, for example `Conv`.
  public let operation: String
  /// Of the operator; `""` is the standard one (also written `ai.onnx`).
  public let domain: String
  /// Names of values; `""` stands for an optional input that is not given.
  public let inputs: [String]
  public let outputs: [String]
  public let attributes: [String: ONNXAttribute]

  public init(
    name: String, operation: String, domain: String = "", inputs: [String], outputs: [String],
    attributes: [String: ONNXAttribute] = [:]
  ) {
    self.name = name
    self.operation = operation
    self.domain = domain
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes
  }
}

/// A constant argument of a node.
public enum ONNXAttribute: Sendable {
  case int(Int)
  /// Read as the shortest decimal number that the file's float32 stands for: 1e-5, not 9.99999974e-6. In float32 it is the same.
  case float(Double)
  case string(String)
  case tensor(ONNXTensor)
  case graph(ONNXGraph)
  case ints([Int])
  case floats([Double])
  case strings([String])
  /// Within a function: the attribute of that name of the calling node.
  case reference(String)
  /// Of a kind that is not read, in words.
  case other(String)
}

/// An array under its name.
public struct ONNXTensor: Sendable {
  public let name: String
  /// The element type in the file, which `array` widens: `float16`, `int8`, …
  public let storedType: String
  public let array: NDArray

  public init(name: String, storedType: String, array: NDArray) {
    self.name = name
    self.storedType = storedType
    self.array = array
  }
}

/// What a file says about an input or an output.
public struct ONNXValue: Sendable, Equatable {
  public let name: String
  /// The element type in the file; `nil` if it is not an array or not said.
  public let storedType: String?
  /// The extents, `nil` for one that may vary; `nil` altogether if even their number is not said.
  public let shape: [Int?]?

  public init(name: String, storedType: String?, shape: [Int?]?) {
    self.name = name
    self.storedType = storedType
    self.shape = shape
  }
}

/// An operator that is defined by a graph of others.
public struct ONNXFunction: Sendable {
  public let name: String
  public let domain: String
  public let inputs: [String]
  public let outputs: [String]
  /// Values of attributes that the calling node does not give.
  public let defaults: [String: ONNXAttribute]
  public let nodes: [ONNXNode]

  public init(
    name: String, domain: String, inputs: [String], outputs: [String], defaults: [String: ONNXAttribute], nodes: [ONNXNode]
  ) {
    self.name = name
    self.domain = domain
    self.inputs = inputs
    self.outputs = outputs
    self.defaults = defaults
    self.nodes = nodes
  }
}
