import TensorCore

/// The element types that files hold and that are read here.
enum StoredElement: String, Sendable, CaseIterable {
  case bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, bfloat16, float32, float64

  /// Bytes of one stored element.
  var byteCount: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .float16, .bfloat16: 2
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
    case .float16, .bfloat16, .float32: .float32
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
}
