import TensorCore

/// A run of elements in a checkpoint; several tensors may look at one.
struct PyTorchStorage: Sendable {
  /// The name of its entry in the archive.
  let key: String
  /// `torch.FloatStorage`, or the dtype `torch.float32`.
  let typeName: String
  /// Elements.
  let count: Int

  private static let elements: [String: StoredElement] = [
    "BoolStorage": .bool, "CharStorage": .int8, "ShortStorage": .int16, "IntStorage": .int32, "LongStorage": .int64,
    "ByteStorage": .uint8, "HalfStorage": .float16, "BFloat16Storage": .bfloat16, "FloatStorage": .float32,
    "DoubleStorage": .float64, "bool": .bool, "int8": .int8, "int16": .int16, "int32": .int32, "int64": .int64, "uint8": .uint8,
    "uint16": .uint16, "uint32": .uint32, "uint64": .uint64, "float16": .float16, "bfloat16": .bfloat16, "float32": .float32,
    "float64": .float64,
  ]

  /// `nil` if elements of this type are not read here.
  var element: StoredElement? {
    typeName.hasPrefix("torch.") ? Self.elements[String(typeName.dropFirst("torch.".count))] : nil
  }

  /// Bytes taken as elements of a dtype.
  func reinterpreted(as dtype: String) -> PyTorchStorage {
    let size = PyTorchStorage(key: key, typeName: dtype, count: 0).element?.byteCount ?? 1
    return PyTorchStorage(key: key, typeName: dtype, count: count / size)
  }
}

/// Where a tensor's elements are: in a storage, at offset + Σ strideₖ · iₖ.
struct PyTorchTensor: Sendable {
  let storage: PyTorchStorage
  let offset: Int
  let shape: Shape
  let strides: [Int]

  /// As many axes as NumPy allows.
  private static let maximalRank = 64
  /// Elements that a tensor with repeated elements (an expanded one) may have beyond those of its storage.
  private static let maximalRepetition = 1 << 24

  /// Throws ``PickleError`` unless every element lies in the storage.
  init(_ storage: PyTorchStorage, offset: Int, size: [Int], strides: [Int]) throws(PickleError) {
    func refused(_ expected: String) -> PickleError {
      let (size, strides) = (Array(size.prefix(8)), Array(strides.prefix(8)))
      let found = "a tensor of size \(size) and stride \(strides) at \(offset) in a storage of \(storage.count) elements"
      return PickleError(.malformed, found: found, expected: expected)
    }
    guard size.count == strides.count, size.count <= Self.maximalRank, offset >= 0, (size + strides).allSatisfy({ $0 >= 0 })
    else {
      throw refused("as many sizes as strides, none of them negative")
    }
    // Neither the number of elements nor, in the widest type, that of bytes may overflow, zeros left out.
    var bound = 8
    var last = offset
    for (extent, stride) in zip(size, strides) {
      let (product, isTooMany) = bound.multipliedReportingOverflow(by: max(1, extent))
      let (reach, isTooFar) = max(0, extent - 1).multipliedReportingOverflow(by: stride)
      let (sum, isTooFarAway) = last.addingReportingOverflow(reach)
      if isTooMany || isTooFar || isTooFarAway { throw refused("a tensor that fits in memory") }
      (bound, last) = (product, sum)
    }
    shape = Shape(size)
    guard shape.elementCount == 0 || last < storage.count else { throw refused("a tensor inside its storage") }
    guard shape.elementCount <= max(storage.count, Self.maximalRepetition) else {
      throw refused("not more elements than the storage has")
    }
    self.storage = storage
    self.offset = offset
    self.strides = strides
  }

  /// Whether its elements stand one behind another, the last axis fastest.
  var isContiguous: Bool {
    zip(zip(strides, shape.strides), shape).allSatisfy { $0.0 == $0.1 || $1 <= 1 }
  }

  /// Elements from the first to the last that it looks at.
  var span: Int {
    if shape.elementCount == 0 { return 0 }
    return zip(shape, strides).reduce(1) { $0 + ($1.0 - 1) * $1.1 }
  }
}
