/// What a pickle may have made: the few functions that a checkpoint needs, each by a rule of its own here. The name of
/// anything else becomes that of an object without a meaning, or, where it could do harm in Python, ends the reading.
extension PickleMachine {
  mutating func call(_ function: Int, _ arguments: Int) throws(PickleError) -> Int {
    guard case .global(let name) = heap.nodes[function], let items = heap.sequence(arguments) else {
      throw reader.error("a call of something that is no class", "a class and its arguments")
    }
    switch name {
    case "collections.OrderedDict", "collections.defaultdict", "collections.Counter", "builtins.dict", "__builtin__.dict":
      return try dictionary(items)
    case "builtins.list", "builtins.set", "builtins.frozenset", "__builtin__.list", "__builtin__.set", "__builtin__.frozenset":
      return heap.addList(items.first.flatMap(heap.sequence) ?? [])
    case "builtins.tuple", "__builtin__.tuple", "torch.Size":
      return heap.add(.tuple(items.first.flatMap(heap.sequence) ?? []))
    case "builtins.int", "builtins.float", "builtins.str", "builtins.bool", "torch.device":
      return items.first ?? heap.add(.none)
    case "_codecs.encode", "builtins.bytearray", "builtins.bytes":
      return bytes(items)
    case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3":
      return try tensor(items, dtype: name.hasSuffix("v3") ? items.dropFirst(6).first : nil)
    case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
      guard let tensor = items.first else { throw reader.error("a parameter without a tensor", "one") }
      return tensor
    case "torch._tensor._rebuild_from_type_v2":
      guard items.count >= 3 else { throw reader.error("a tensor without arguments", "them") }
      // The function is the first argument: one level, so that no call calls a call.
      guard case .global(let inner) = heap.nodes[items[0]], inner != name else { return heap.addObject(name) }
      return try call(items[0], items[2])
    case "copyreg._reconstructor", "copy_reg._reconstructor":
      guard let first = items.first, case .global(let type) = heap.nodes[first] else { return heap.addObject(name) }
      return heap.addObject(type)
    case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar":
      return scalar(items) ?? heap.addObject("numpy.generic")
    case "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct":
      return heap.addObject("numpy.ndarray")
    default:
      if Self.isDangerous(name) {
        throw PickleError(
          .unsupported, found: "a pickle that calls \(name.quoted()) when Python loads it", expected: "tensors and plain values")
      }
      return heap.addObject(name, items: items)
    }
  }

  /// Modules whose functions reach outside the interpreter, or call what they are given.
  private static let dangerousModules: Set<Substring> = [
    "__builtin__", "builtins", "bdb", "cffi", "code", "codeop", "commands", "ctypes", "http", "importlib", "inspect", "marshal",
    "multiprocessing", "nt", "operator", "os", "pdb", "pickle", "pip", "platform", "popen2", "posix", "pty", "pydoc", "requests",
    "runpy", "shutil", "signal", "smtplib", "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "timeit", "types",
    "urllib", "webbrowser",
  ]
  private static let harmlessBuiltins: Set<Substring> = ["complex", "object", "range", "slice", "type"]

  private static func isDangerous(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    let module = parts[0]
    guard dangerousModules.contains(module) else { return false }
    let isBuiltin = module == "builtins" || module == "__builtin__"
    return !(isBuiltin && parts.count == 2 && harmlessBuiltins.contains(parts[1]))
      && name != "types.SimpleNamespace"
  }

  /// A dictionary from nothing, from pairs, from another dictionary, or (with a factory, which is not called) from nothing.
  private mutating func dictionary(_ items: [Int]) throws(PickleError) -> Int {
    guard let last = items.last else { return heap.addDictionary([]) }
    switch heap.nodes[last] {
    case .dictionary(let index): return heap.addDictionary(heap.dictionaries[index])
    case .list, .tuple:
      var pairs: [(key: Int, value: Int)] = []
      for item in heap.sequence(last) ?? [] {
        guard let pair = heap.sequence(item), pair.count == 2 else { throw reader.error("a key without a value", "pairs") }
        pairs.append((pair[0], pair[1]))
      }
      return heap.addDictionary(pairs)
    default: return heap.addDictionary([])
    }
  }

  /// Protocol 2 writes bytes as a text of the characters 0 to 255.
  private mutating func bytes(_ items: [Int]) -> Int {
    guard let first = items.first, let text = heap.string(first) else { return items.first ?? heap.add(.bytes([])) }
    return heap.add(.bytes(text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }))
  }

  /// A NumPy scalar, of a dtype that stands on the heap as an object with its code as first argument.
  private mutating func scalar(_ items: [Int]) -> Int? {
    guard items.count == 2, case .object(let type) = heap.nodes[items[0]], case .bytes(let bytes) = heap.nodes[items[1]],
      let code = heap.objects[type].items.first.flatMap(heap.string), let element = StoredElement.parse(descriptor: "<\(code)"),
      element.element.byteCount == bytes.count
    else { return nil }
    let bits = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    switch element.element {
    case .float64: return heap.add(.float(Double(bitPattern: bits)))
    case .float32: return heap.add(.float(Double(Float(bitPattern: UInt32(bits)))))
    case .bool: return heap.add(.boolean(bits != 0))
    case .uint8, .uint16, .uint32: return heap.add(.integer(Int(bits)))
    case .int8: return heap.add(.integer(Int(Int8(truncatingIfNeeded: bits))))
    case .int16: return heap.add(.integer(Int(Int16(truncatingIfNeeded: bits))))
    case .int32: return heap.add(.integer(Int(Int32(truncatingIfNeeded: bits))))
    case .int64: return heap.add(.integer(Int(bitPattern: UInt(bits))))
    case .uint64, .float16, .bfloat16: return nil
    }
  }

  /// (storage, offset, size, stride, …); with `dtype`, the storage is of bytes and the dtype a global.
  private mutating func tensor(_ items: [Int], dtype: Int?) throws(PickleError) -> Int {
    guard items.count >= 4, case .storage(let index) = heap.nodes[items[0]], let offset = heap.integer(items[1]),
      let size = heap.integers(items[2]), let strides = heap.integers(items[3])
    else { throw reader.error("a tensor without storage, offset, size and stride", "them") }
    var storage = heap.storages[index]
    if let dtype {
      guard case .global(let name) = heap.nodes[dtype] else { throw reader.error("a tensor without a dtype", "one") }
      storage = storage.reinterpreted(as: name)
    }
    return heap.addTensor(try PyTorchTensor(storage, offset: offset, size: size, strides: strides))
  }

  /// What a persistent identifier stands for: ("storage", class, key, location, element count).
  mutating func storage(_ identifier: Int) throws(PickleError) -> Int {
    guard let items = heap.sequence(identifier), items.count >= 5, heap.string(items[0]) == "storage",
      case .global(let type) = heap.nodes[items[1]], let key = heap.string(items[2]), let count = heap.integer(items[4]),
      count >= 0
    else { throw reader.error("a reference outside the pickle", "a storage") }
    heap.storages.append(PyTorchStorage(key: key, typeName: type, count: count))
    return heap.add(.storage(heap.storages.count - 1))
  }
}
