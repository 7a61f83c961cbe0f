/// What a checkpoint holds beside tensors, as plain values: its structure is a tree.
public indirect enum CheckpointValue: Sendable {
  case none
  case boolean(Bool)
  case integer(Int)
  /// Also an integer beyond 64 bits, rounded.
  case float(Double)
  case string(String)
  case bytes([UInt8])
  /// A list, a tuple or a set.
  case list([CheckpointValue])
  /// Entries in the order of the file. Where a key comes twice, the last one counts, as in Python.
  case dictionary([Member])
  /// A tensor, by its place among those of the file.
  case tensor(Int)
  /// The name of a class or function that the file mentions.
  case name(String)
  /// An instance of a class that is not known here, with the attributes or entries that it would have been given.
  case object(className: String, members: [Member])

  /// An entry of a dictionary or an object.
  public struct Member: Sendable {
    /// A text or a number as it is written; of other keys, a description.
    public let key: String
    public let value: CheckpointValue
  }

  /// The value under `key` in a dictionary or an object; `nil` if there is none.
  public subscript(key: String) -> CheckpointValue? { members?.last { $0.key == key }?.value }

  /// The entries of a dictionary or the attributes of an object.
  public var members: [Member]? {
    switch self {
    case .dictionary(let members), .object(_, let members): members
    default: nil
    }
  }
}

/// Makes trees of what stands on the heap. A hostile pickle can refer to one object from everywhere, and to itself: both depth
/// and size are bounded.
struct CheckpointTree {
  let heap: PickleHeap
  private var count = 0
  private static let maximalDepth = 64

  init(heap: PickleHeap) { self.heap = heap }

  mutating func value(_ reference: Int, depth: Int = 0) throws(PickleError) -> CheckpointValue {
    count += 1
    guard depth < Self.maximalDepth, count <= PickleHeap.maximalCount else {
      throw PickleError(
        .malformed, found: "a pickle that refers to itself or nests too deep",
        expected: "at most \(Self.maximalDepth) levels and \(PickleHeap.maximalCount) values")
    }
    switch heap.nodes[reference] {
    case .none: return .none
    case .boolean(let value): return .boolean(value)
    case .integer(let value): return .integer(value)
    case .float(let value): return .float(value)
    case .string(let value): return .string(value)
    case .bytes(let value): return .bytes(value)
    case .global(let name): return .name(name)
    case .storage(let index): return .name(heap.storages[index].typeName)
    case .tensor(let index): return .tensor(index)
    case .tuple(let items): return .list(try values(items, depth))
    case .list(let index): return .list(try values(heap.lists[index], depth))
    case .dictionary(let index): return .dictionary(try members(heap.dictionaries[index], depth))
    case .object(let index): return try object(heap.objects[index], depth)
    }
  }

  private mutating func values(_ items: [Int], _ depth: Int) throws(PickleError) -> [CheckpointValue] {
    var result: [CheckpointValue] = []
    for item in items { result.append(try value(item, depth: depth + 1)) }
    return result
  }

  private mutating func members(
    _ pairs: [(key: Int, value: Int)], _ depth: Int
  ) throws(PickleError) -> [CheckpointValue.Member] {
    var result: [CheckpointValue.Member] = []
    for pair in pairs { result.append(.init(key: key(pair.key), value: try value(pair.value, depth: depth + 1))) }
    return result
  }

  private func key(_ reference: Int) -> String {
    switch heap.nodes[reference] {
    case .string(let text): text
    case .integer(let value): "\(value)"
    case .float(let value): "\(value)"
    case .boolean(let value): "\(value)"
    case .global(let name): name
    default: "?"
    }
  }

  /// Entries of a subclass of `dict`, attributes from its state (a dictionary, or that and another of slots), and what a
  /// subclass of `list` holds, under its positions.
  private mutating func object(_ object: PickleHeap.Object, _ depth: Int) throws(PickleError) -> CheckpointValue {
    var members = try members(object.pairs, depth)
    if let state = object.state {
      var parts = [state]
      if case .tuple(let items) = heap.nodes[state] { parts = items }
      for part in parts {
        if case .dictionary(let index) = heap.nodes[part] { members += try self.members(heap.dictionaries[index], depth) }
      }
    }
    for (position, item) in try values(object.items, depth).enumerated() {
      members.append(.init(key: "\(position)", value: item))
    }
    return .object(className: object.className, members: members)
  }
}
