/// The objects that a pickle builds, by number: no object owns another, so that neither a deep nest nor a cycle can overflow
/// the stack when it is released.
struct PickleHeap {
  enum Node {
    case none
    case boolean(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
    case bytes([UInt8])
    /// A class or a function, by module and name. It is never called.
    case global(String)
    case tuple([Int])
    /// Places in ``lists``, ``dictionaries``, ``storages``, ``tensors`` and ``objects``.
    case list(Int)
    case dictionary(Int)
    case storage(Int)
    case tensor(Int)
    case object(Int)
  }

  /// An instance of a class that is not known here: what it was given, without the meaning.
  struct Object {
    let className: String
    var items: [Int] = []
    var pairs: [(key: Int, value: Int)] = []
    /// What it was told to restore itself from.
    var state: Int?
  }

  private(set) var nodes: [Node] = []
  var lists: [[Int]] = []
  var dictionaries: [[(key: Int, value: Int)]] = []
  var storages: [PyTorchStorage] = []
  var tensors: [PyTorchTensor] = []
  var objects: [Object] = []

  /// Some hundred bytes each: more would take more memory than any real checkpoint's structure.
  static let maximalCount = 2_000_000

  var isFull: Bool { nodes.count >= Self.maximalCount }

  mutating func add(_ node: Node) -> Int {
    nodes.append(node)
    return nodes.count - 1
  }

  mutating func addList(_ items: [Int]) -> Int {
    lists.append(items)
    return add(.list(lists.count - 1))
  }

  mutating func addDictionary(_ pairs: [(key: Int, value: Int)]) -> Int {
    dictionaries.append(pairs)
    return add(.dictionary(dictionaries.count - 1))
  }

  mutating func addTensor(_ tensor: PyTorchTensor) -> Int {
    tensors.append(tensor)
    return add(.tensor(tensors.count - 1))
  }

  mutating func addObject(_ className: String, items: [Int] = []) -> Int {
    objects.append(Object(className: className, items: items))
    return add(.object(objects.count - 1))
  }

  func string(_ reference: Int) -> String? {
    if case .string(let text) = nodes[reference] { return text }
    return nil
  }

  func integer(_ reference: Int) -> Int? {
    if case .integer(let value) = nodes[reference] { return value }
    return nil
  }

  /// The members of a tuple or of a list.
  func sequence(_ reference: Int) -> [Int]? {
    switch nodes[reference] {
    case .tuple(let items): items
    case .list(let index): lists[index]
    default: nil
    }
  }

  func integers(_ reference: Int) -> [Int]? {
    guard let items = sequence(reference) else { return nil }
    let values = items.compactMap(integer)
    return values.count == items.count ? values : nil
  }
}
