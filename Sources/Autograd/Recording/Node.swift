import Synchronization

/// One recorded application of a primitive. It holds the operation as a value, so that the graph can be read.
final class Node: @unchecked Sendable {
  /// Ascends with creation: an input's id is always smaller than its consumer's.
  let id: UInt64
  let primitive: any Primitive
  /// Written only by `deinit`.
  private(set) var edges: [Edge]
  /// The outputs, where the primitive says that its derivative needs them.
  let outputs: [NDArray]?
  let outputCount: Int

  private static let nextID = Atomic<UInt64>(1)

  init(primitive: any Primitive, edges: [Edge], outputs: [NDArray]?, outputCount: Int) {
    id = Self.nextID.wrappingAdd(1, ordering: .relaxed).oldValue
    self.primitive = primitive
    self.edges = edges
    self.outputs = outputs
    self.outputCount = outputCount
  }

  /// Frees a chain of nodes in a loop: releasing a million of them must not recurse.
  deinit {
    var released: [Node] = []
    Self.giveUp(&edges, &released)
    while var node = released.popLast() {
      if isKnownUniquelyReferenced(&node) { Self.giveUp(&node.edges, &released) }
    }
  }

  private static func giveUp(_ edges: inout [Edge], _ released: inout [Node]) {
    for edge in edges { if let node = edge.node { released.append(node) } }
    edges = []
  }
}

/// One input of a recorded operation: where it came from, and its value if the derivative needs it.
struct Edge {
  let node: Node?
  let outputIndex: Int
  let signature: Signature
  let value: NDArray?

  init(_ tensor: Tensor, saving: Bool) {
    node = tensor.node
    outputIndex = tensor.outputIndex
    signature = Signature(tensor)
    value = saving ? tensor.value : nil
  }
}

/// The start of a record.
struct Variable: Primitive {
  static let name = "Variable"
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { [] }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] { [] }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] { [] }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] { pushforward.tangents }
  static let samples: [Sample] = []
  static let errorSamples: [ErrorSample] = []
}
