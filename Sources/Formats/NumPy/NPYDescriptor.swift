import TensorCore

extension StoredElement {
  /// The array-protocol code (`f4`, `u1`, …) that follows the byte order in a descriptor.
  private static let codes: [String: StoredElement] = [
    "b1": .bool, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32,
    "u8": .uint64, "f2": .float16, "f4": .float32, "f8": .float64,
  ]

  /// Element type and byte order of a descriptor such as `<f4`, `>i2`, `|u1`; `nil` if it is none of those above.
  static func parse(descriptor: String) -> (element: StoredElement, isBigEndian: Bool)? {
    guard let order = descriptor.first, "<>|=".contains(order), let element = codes[String(descriptor.dropFirst())] else {
      return nil
    }
    // '|' is for types without a byte order.
    if order == "|" && element.byteCount > 1 { return nil }
    return (element, order == ">")
  }

  /// What an unsupported descriptor means, in words.
  static func meaning(ofDescriptor descriptor: String) -> String? {
    let kinds: [Character: String] = [
      "c": "complex numbers", "U": "strings", "S": "byte strings", "a": "byte strings", "O": "Python objects",
      "V": "raw bytes or a structure", "M": "dates", "m": "durations", "f": "floating-point numbers of that size",
    ]
    return kinds[descriptor.first { !"<>|=".contains($0) } ?? " "]
  }

  /// The descriptor under which an array of `dtype` is written.
  static func descriptor(of dtype: DType) -> String {
    switch dtype {
    case .float32: "<f4"
    case .float64: "<f8"
    case .int32: "<i4"
    case .int64: "<i8"
    case .uint8: "|u1"
    case .bool: "|b1"
    }
  }
}
