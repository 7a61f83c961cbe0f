/// Runs a pickle (protocols 0 to 5) without running anything that it names: it builds plain values, containers and descriptions of
/// tensors, and records of what classes other objects would have.
///
/// Python's documentation of the format is the module `pickletools`.
struct PickleMachine {
  var heap = PickleHeap()
  var reader: PickleReader
  private var stack: [Int] = []
  /// Heights of the stack at which marks stand.
  private var marks: [Int] = []
  private var memo: [Int: Int] = [:]

  init(_ bytes: [UInt8]) { reader = PickleReader(bytes: bytes) }

  /// Builds the object; its number in ``heap``.
  mutating func run() throws(PickleError) -> Int {
    while true {
      let operation = try reader.byte()
      if operation == UInt8(ascii: ".") { return try pop() }
      guard !heap.isFull else {
        throw PickleError(
          .tooLarge, found: "a pickle of more than \(PickleHeap.maximalCount) objects", expected: "the structure of a checkpoint")
      }
      if try !literal(operation), try !container(operation), try !memory(operation), try !construction(operation) {
        throw reader.error("the operation 0x\(String(operation, radix: 16))", "one that a checkpoint needs")
      }
    }
  }

  // MARK: The stack

  mutating func push(_ reference: Int) { stack.append(reference) }
  private mutating func push(_ node: PickleHeap.Node) { stack.append(heap.add(node)) }

  mutating func pop() throws(PickleError) -> Int {
    guard stack.count > (marks.last ?? 0), let top = stack.popLast() else { throw reader.error("an empty stack", "an object") }
    return top
  }

  private func top() throws(PickleError) -> Int {
    guard stack.count > (marks.last ?? 0), let top = stack.last else { throw reader.error("an empty stack", "an object") }
    return top
  }

  mutating func popToMark() throws(PickleError) -> [Int] {
    guard let mark = marks.popLast() else { throw reader.error("no mark", "one") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  // MARK: Operations. Each group says whether the operation was one of its own.

  private mutating func literal(_ operation: UInt8) throws(PickleError) -> Bool {
    switch Unicode.Scalar(operation) {
    case "N": push(.none)
    case "\u{88}": push(.boolean(true))
    case "\u{89}": push(.boolean(false))
    case "K": push(.integer(try reader.unsigned(1)))
    case "M": push(.integer(try reader.unsigned(2)))
    case "J": push(.integer(Int(Int32(truncatingIfNeeded: try reader.unsigned(4)))))
    case "\u{8A}": push(Self.long(try reader.counted(1)))
    case "\u{8B}": push(Self.long(try reader.counted(4)))
    case "I", "L": push(try decimalInteger())
    case "G":
      let bits = try reader.slice(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      push(.float(Double(bitPattern: bits)))
    case "F":
      guard let value = Double(try reader.line()) else { throw reader.error("another text", "a number") }
      push(.float(value))
    case "X", "T": push(.string(try reader.text(4)))
    case "\u{8C}", "U": push(.string(try reader.text(1)))
    case "\u{8D}": push(.string(try reader.text(8)))
    case "V", "S": push(.string(try reader.line()))
    case "B": push(.bytes(Array(try reader.counted(4))))
    case "C": push(.bytes(Array(try reader.counted(1))))
    case "\u{8E}", "\u{96}": push(.bytes(Array(try reader.counted(8))))
    default: return false
    }
    return true
  }

  /// A number in two's complement; beyond 64 bits it is rounded.
  private static func long(_ bytes: ArraySlice<UInt8>) -> PickleHeap.Node {
    guard let last = bytes.last else { return .integer(0) }
    let isNegative = last & 0x80 != 0
    if bytes.count > 8 {
      let value = bytes.reversed().prefix(200).reduce(0.0) { $0 * 256 + Double(isNegative ? ~$1 : $1) }
      return .float(isNegative ? -value : value)
    }
    let value = bytes.reversed().reduce(isNegative ? UInt64.max : 0) { $0 << 8 | UInt64($1) }
    return .integer(Int(truncatingIfNeeded: value))
  }

  private mutating func decimalInteger() throws(PickleError) -> PickleHeap.Node {
    var text = try reader.line()
    // Protocol 0 writes booleans so, and long integers with a suffix.
    if text == "00" || text == "01" { return .boolean(text == "01") }
    if text.hasSuffix("L") { text.removeLast() }
    if let value = Int(text) { return .integer(value) }
    guard let value = Double(text) else { throw reader.error("another text", "an integer") }
    return .float(value)
  }

  private mutating func container(_ operation: UInt8) throws(PickleError) -> Bool {
    switch Unicode.Scalar(operation) {
    case "(": marks.append(stack.count)
    case "]", "\u{8F}": push(heap.addList([]))
    case "}": push(heap.addDictionary([]))
    case ")": push(.tuple([]))
    case "l", "\u{91}": push(heap.addList(try popToMark()))
    case "t": push(.tuple(try popToMark()))
    case "\u{85}": push(.tuple([try pop()]))
    case "\u{86}":
      let second = try pop()
      push(.tuple([try pop(), second]))
    case "\u{87}":
      let (third, second) = (try pop(), try pop())
      push(.tuple([try pop(), second, third]))
    case "d": push(heap.addDictionary(try pairs(try popToMark())))
    case "a":
      let item = try pop()
      try append([item], to: try top())
    case "e", "\u{90}":
      let items = try popToMark()
      try append(items, to: try top())
    case "s":
      let (value, key) = (try pop(), try pop())
      try set([(key, value)], in: try top())
    case "u":
      let items = try pairs(try popToMark())
      try set(items, in: try top())
    default: return false
    }
    return true
  }

  private func pairs(_ items: [Int]) throws(PickleError) -> [(key: Int, value: Int)] {
    guard items.count % 2 == 0 else { throw reader.error("a key without a value", "pairs") }
    return stride(from: 0, to: items.count, by: 2).map { (items[$0], items[$0 + 1]) }
  }

  private mutating func append(_ items: [Int], to target: Int) throws(PickleError) {
    switch heap.nodes[target] {
    case .list(let index): heap.lists[index] += items
    case .object(let index): heap.objects[index].items += items
    default: throw reader.error("members for something without any", "a list")
    }
  }

  private mutating func set(_ items: [(key: Int, value: Int)], in target: Int) throws(PickleError) {
    switch heap.nodes[target] {
    case .dictionary(let index): heap.dictionaries[index] += items
    case .object(let index): heap.objects[index].pairs += items
    default: throw reader.error("entries for something without any", "a dictionary")
    }
  }

  private mutating func memory(_ operation: UInt8) throws(PickleError) -> Bool {
    switch Unicode.Scalar(operation) {
    case "\u{80}":
      let version = try reader.byte()
      guard version <= 5 else { throw reader.error("protocol \(version)", "protocol 0 to 5") }
    case "\u{95}": _ = try reader.unsigned(8)
    case "0": if stack.count == marks.last { marks.removeLast() } else { _ = try pop() }
    case "1": _ = try popToMark()
    case "2": push(try top())
    case "q": memo[try reader.unsigned(1)] = try top()
    case "r": memo[try reader.unsigned(4)] = try top()
    case "p": memo[try decimalKey()] = try top()
    case "\u{94}": memo[memo.count] = try top()
    case "h": push(try remembered(try reader.unsigned(1)))
    case "j": push(try remembered(try reader.unsigned(4)))
    case "g": push(try remembered(try decimalKey()))
    default: return false
    }
    return true
  }

  private mutating func decimalKey() throws(PickleError) -> Int {
    guard let key = Int(try reader.line()) else { throw reader.error("another text", "an integer") }
    return key
  }

  private func remembered(_ key: Int) throws(PickleError) -> Int {
    guard let reference = memo[key] else { throw reader.error("the number \(key) of nothing", "an object seen before") }
    return reference
  }

  private mutating func construction(_ operation: UInt8) throws(PickleError) -> Bool {
    switch Unicode.Scalar(operation) {
    case "c":
      let module = try reader.line()
      push(.global("\(module).\(try reader.line())"))
    case "\u{93}":
      let (name, module) = (try pop(), try pop())
      guard let name = heap.string(name), let module = heap.string(module) else { throw reader.error("no name", "a class's") }
      push(.global("\(module).\(name)"))
    case "R", "\u{81}":
      let (arguments, function) = (try pop(), try pop())
      push(try call(function, arguments))
    case "\u{92}":
      let (_, arguments) = (try pop(), try pop())
      push(try call(try pop(), arguments))
    case "o":
      let items = try popToMark()
      guard let function = items.first else { throw reader.error("no class", "one") }
      push(try call(function, heap.add(.tuple(Array(items.dropFirst())))))
    case "i":
      let module = try reader.line()
      let function = heap.add(.global("\(module).\(try reader.line())"))
      push(try call(function, heap.add(.tuple(try popToMark()))))
    case "b":
      let state = try pop()
      // Of what is known here nothing needs a state: a state_dict's is the versions of its modules.
      if case .object(let index) = heap.nodes[try top()] { heap.objects[index].state = state }
    case "Q": push(try storage(try pop()))
    default: return false
    }
    return true
  }
}
