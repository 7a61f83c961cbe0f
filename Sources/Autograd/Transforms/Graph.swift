/// The part of a record that lies between some tensors and what they were computed from.
struct Graph {
  /// Ascending by id, so inputs come before their consumers.
  private(set) var nodes: [Node]
  /// The position in ``nodes`` of each node's inputs, all nodes' after one another; `outside` for what is not part of the graph.
  private let inputs: [Int32]
  /// Where each node's part of `inputs` starts, and the end.
  private let inputStarts: [Int]
  /// One slot for each output of each node: where each node's start, and the end.
  private let slotStarts: [Int]
  private let positions: IDTable

  static let outside: Int32 = -1

  /// All nodes from which `roots` were computed and which descend from `sources`.
  init(from roots: [Tensor], to sources: [Tensor]) {
    var isSource = IDTable()
    for source in sources { if let node = source.node { isSource[node.id] = 0 } }
    let reached = Self.reached(from: roots, oldest: sources.compactMap { $0.node?.id }.min() ?? .max)
    var positions = IDTable()
    var (kept, inputs): ([Node], [Int32]) = ([], [])
    var (inputStarts, slotStarts) = ([0], [0])
    for node in reached {
      for edge in node.edges { inputs.append(edge.node.flatMap { positions[$0.id] } ?? Self.outside) }
      let descends = inputs[inputStarts[kept.count]...].contains { $0 != Self.outside }
      if descends || isSource[node.id] != nil {
        positions[node.id] = Int32(kept.count)
        kept.append(node)
        inputStarts.append(inputs.count)
        slotStarts.append(slotStarts[slotStarts.count - 1] + node.outputCount)
      } else {
        inputs.removeLast(node.edges.count)
      }
    }
    (nodes, self.inputs, self.inputStarts, self.slotStarts) = (kept, inputs, inputStarts, slotStarts)
    self.positions = positions
  }

  /// Everything from which `roots` were computed, ascending by id. An input is older than its consumer: nothing older than
  /// every source can descend from one.
  private static func reached(from roots: [Tensor], oldest: UInt64) -> [Node] {
    var seen = IDTable()
    var (reached, stack): ([Node], [Node]) = ([], roots.compactMap(\.node))
    while let node = stack.popLast() {
      if node.id < oldest || !seen.insert(node.id) { continue }
      for edge in node.edges { if let input = edge.node, input.id >= oldest { stack.append(input) } }
      reached.append(node)
    }
    return reached.sorted { $0.id < $1.id }
  }

  /// The positions of the inputs of the node at `position`, one for each edge.
  @inline(__always)
  func inputs(of position: Int) -> ArraySlice<Int32> { inputs[inputStarts[position]..<inputStarts[position + 1]] }

  /// Where a table with a slot for each output of each node keeps those of the node at `position`.
  @inline(__always)
  func slots(of position: Int) -> Range<Int> { slotStarts[position]..<slotStarts[position + 1] }

  /// Lets go of the last node that is left. What is known about positions stays.
  mutating func removeLast() -> Node? { nodes.popLast() }

  var slotCount: Int { slotStarts[slotStarts.count - 1] }

  /// The slot of a tensor, if it is part of the graph.
  func slot(of tensor: Tensor) -> Int? { position(of: tensor).map { slotStarts[$0] + tensor.outputIndex } }

  func position(of tensor: Tensor) -> Int? { tensor.node.flatMap { positions[$0.id].map(Int.init) } }
}

/// From node ids to small numbers. A dictionary's hashing would cost more than the operations of a scalar chain.
private struct IDTable {
  private var keys: [UInt64] = Array(repeating: 0, count: 16)  // 0, which is no id, is empty
  private var values: [Int32] = Array(repeating: 0, count: 16)
  private var count = 0

  /// Where `id` is, or would be.
  @inline(__always)
  private func place(of id: UInt64) -> Int {
    let mask = keys.count - 1
    var place = Int(truncatingIfNeeded: (id &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    while keys[place] != id && keys[place] != 0 { place = (place + 1) & mask }
    return place
  }

  subscript(id: UInt64) -> Int32? {
    get {
      let place = place(of: id)
      return keys[place] == 0 ? nil : values[place]
    }
    set {
      _ = insert(id)
      values[place(of: id)] = newValue ?? 0
    }
  }

  /// Whether `id` is new.
  mutating func insert(_ id: UInt64) -> Bool {
    let place = place(of: id)
    if keys[place] == id { return false }
    keys[place] = id
    count += 1
    if 2 * count > keys.count { grow() }
    return true
  }

  private mutating func grow() {
    let (oldKeys, oldValues) = (keys, values)
    keys = Array(repeating: 0, count: 2 * oldKeys.count)
    values = Array(repeating: 0, count: 2 * oldKeys.count)
    for (id, value) in zip(oldKeys, oldValues) where id != 0 {
      let place = place(of: id)
      keys[place] = id
      values[place] = value
    }
  }
}
