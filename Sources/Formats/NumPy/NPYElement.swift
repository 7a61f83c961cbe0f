import TensorCore

/// The element types that `.npy` files hold and that are read here.
enum NPYElement: String, Sendable, CaseIterable {
  case bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, float32, float64

  /// Bytes of one stored element.
  var byteCount: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .float16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// The nearest type that holds every value; `int64` for `uint64`, whose larger values are refused when they are met.
  var widened: DType {
    switch self {
    case .bool: .bool
    case .uint8: .uint8
    case .int8, .int16, .uint16, .int32: .int32
    case .uint32, .int64, .uint64: .int64
    case .float16, .float32: .float32
    case .float64: .float64
    }
  }

  /// Whether elements in native byte order are used as they are. Not bytes for `bool`: those may be any
  /// non-zero byte in a file, and only 1 in memory.
  var isNative: Bool {
    switch self {
    case .uint8, .int32, .int64, .float32, .float64: true
    default: false
    }
  }

  /// The array-protocol code (`f4`, `u1`, …) that follows the byte order in a descriptor.
  private static let codes: [String: NPYElement] = [
    "b1": .bool, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32,
    "u8": .uint64, "f2": .float16, "f4": .float32, "f8": .float64,
  ]

  /// Element type and byte order of a descriptor such as `<f4`, `>i2`, `|u1`; `nil` if it is none of those above.
  static func parse(descriptor: String) -> (element: NPYElement, isBigEndian: Bool)? {
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
