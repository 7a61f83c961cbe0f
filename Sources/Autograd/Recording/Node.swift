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

  private static let nextID = Atomic<UInt64>(1)

  init(primitive: any Primitive, edges: [Edge], outputs: [NDArray]?) {
    id = Self.nextID.wrappingAdd(1, ordering: .relaxed).oldValue
    self.primitive = primitive
    self.edges = edges
    self.outputs = outputs
  }

  /// Frees a chain of nodes in a loop: releasing a million of them must not recurse.
  deinit {
    var released = edges.compactMap(\.node)
    edges = []
    while var node = released.popLast() {
      if isKnownUniquelyReferenced(&node) {
        released.append(contentsOf: node.edges.compactMap(\.node))
        node.edges = []
      }
    }
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
