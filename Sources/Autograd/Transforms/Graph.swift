/// The part of a record that lies between some tensors and what they were computed from.
struct Graph {
  /// Ascending by id, so inputs come before their consumers.
  let nodes: [Node]
  /// Position in ``nodes`` by id.
  let position: [UInt64: Int]

  /// All nodes from which `roots` were computed and which descend from `sources`.
  init(from roots: [Tensor], to sources: [Tensor]) {
    let sourceIDs = Set(sources.compactMap { $0.node?.id })
    let oldest = sourceIDs.min() ?? .max
    var reached: [UInt64: Node] = [:]
    var stack = roots.compactMap(\.node)
    while let node = stack.popLast() {
      // An input is older than its consumer: nothing older than every source can descend from one.
      if node.id < oldest || reached.updateValue(node, forKey: node.id) != nil { continue }
      for edge in node.edges { if let input = edge.node, reached[input.id] == nil { stack.append(input) } }
    }
    var descending: Set<UInt64> = []
    var kept: [Node] = []
    for node in reached.values.sorted(by: { $0.id < $1.id }) {
      let descends =
        sourceIDs.contains(node.id)
        || node.edges.contains { edge in edge.node.map { descending.contains($0.id) } ?? false }
      if descends {
        descending.insert(node.id)
        kept.append(node)
      }
    }
    nodes = kept
    position = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1.id, $0) })
  }

  func position(of tensor: Tensor) -> Int? { tensor.node.flatMap { position[$0.id] } }
}
