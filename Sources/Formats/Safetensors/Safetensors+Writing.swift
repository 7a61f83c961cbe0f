import TensorCore

extension Safetensors {
  /// Writes `arrays` under their names such that nothing half-written ever stands under `path`. As in the reference
  /// implementation, the widest elements come first, names in order among them, and the header is padded to eight bytes;
  /// metadata are sorted by key. The same arrays give the same bytes.
  /// Throws ``FormatError`` if names are not distinct, one is `__metadata__`, or the file cannot be written.
  public static func write(
    _ arrays: [(name: String, array: NDArray)], metadata: [String: String] = [:], to path: String
  ) throws(FormatError) {
    var names: Set<String> = ["__metadata__"]
    for (name, _) in arrays where !names.insert(name).inserted {
      let found = name == "__metadata__" ? "a tensor of that name" : "two tensors \(name.quoted())"
      throw FormatError(.unwritable, path: path, found: found, expected: "distinct names other than '__metadata__'")
    }
    let sorted = arrays.sorted { a, b in
      let (first, second) = (rank(a.array.dtype), rank(b.array.dtype))
      return first == second ? a.name.utf8.lexicographicallyPrecedes(b.name.utf8) : first < second
    }
    let header = header(sorted, metadata)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    let start = length + header
    try start.withUnsafeBufferPointer { (start) throws(FormatError) in
      // The arrays own the bytes, and live until this returns.
      let parts = sorted.map { entry in entry.array.withUnsafeBytes { $0 } }
      try AtomicFile.write([UnsafeRawBufferPointer(start)] + parts, to: path)
    }
    withExtendedLifetime(arrays) {}
  }

  private static func header(_ arrays: [(name: String, array: NDArray)], _ metadata: [String: String]) -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"__metadata__\":{\(texts.joined(separator: ","))}")
    }
    var offset = 0
    for (name, array) in arrays {
      let end = offset + array.byteCount
      let shape = array.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(name)):{\"dtype\":\"\(type(array.dtype))\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var text = Array("{\(members.joined(separator: ","))}".utf8)
    while text.count % 8 != 0 { text.append(0x20) }
    return text
  }

  private static func type(_ dtype: DType) -> String {
    switch dtype {
    case .float32: "F32"
    case .float64: "F64"
    case .int32: "I32"
    case .int64: "I64"
    case .uint8: "U8"
    case .bool: "BOOL"
    }
  }

  /// The reference implementation's order: what needs the widest alignment first.
  private static func rank(_ dtype: DType) -> Int {
    switch dtype {
    case .int64: 0
    case .float64: 1
    case .int32: 3
    case .float32: 2
    case .uint8: 5
    case .bool: 6
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\u{8}": result += "\\b"
      case "\u{C}": result += "\\f"
      case "\0"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
