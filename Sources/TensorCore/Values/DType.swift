/// The element type of an ``NDArray``. Dynamic, so that files and users decide it at run time.
public enum DType: UInt8, Sendable, CaseIterable, CustomStringConvertible {
  case float32, float64, int32, int64, uint8, bool

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .uint8, .bool: 1
    }
  }

  public var isFloating: Bool { self == .float32 || self == .float64 }

  public var description: String {
    switch self {
    case .float32: "float32"
    case .float64: "float64"
    case .int32: "int32"
    case .int64: "int64"
    case .uint8: "uint8"
    case .bool: "bool"
    }
  }
}

/// A Swift type that an ``NDArray`` can hold.
public protocol Scalar: Sendable, Equatable {
  static var dtype: DType { get }
  var asDouble: Double { get }
  init(asDouble value: Double)
}

extension Float: Scalar {
  public static var dtype: DType { .float32 }
  public var asDouble: Double { Double(self) }
  public init(asDouble value: Double) { self = Float(value) }
}
extension Double: Scalar {
  public static var dtype: DType { .float64 }
  public var asDouble: Double { self }
  public init(asDouble value: Double) { self = value }
}
extension Int32: Scalar {
  public static var dtype: DType { .int32 }
  public var asDouble: Double { Double(self) }
  public init(asDouble value: Double) { self = Int32(saturating: value) }
}
extension Int64: Scalar {
  public static var dtype: DType { .int64 }
  public var asDouble: Double { Double(self) }
  public init(asDouble value: Double) { self = Int64(saturating: value) }
}
extension UInt8: Scalar {
  public static var dtype: DType { .uint8 }
  public var asDouble: Double { Double(self) }
  public init(asDouble value: Double) { self = UInt8(saturating: value) }
}
extension Bool: Scalar {
  public static var dtype: DType { .bool }
  public var asDouble: Double { self ? 1 : 0 }
  public init(asDouble value: Double) { self = value != 0 }
}

extension FixedWidthInteger {
  /// Truncates towards zero; out of range goes to the nearest bound and NaN to 0, so that no cast can trap.
  init(saturating value: Double) {
    if value.isNaN {
      self = 0
    } else if value <= Double(Self.min) {
      self = .min
    } else if value >= Double(Self.max) {
      self = .max
    } else {
      self = Self(value)
    }
  }
}

/// Runs a generic body for the Swift type that `dtype` names: the one place where a dtype becomes a type.
@inline(__always)
public func withScalarType<R>(_ dtype: DType, _ body: (any Scalar.Type) throws -> R) rethrows -> R {
  switch dtype {
  case .float32: try body(Float.self)
  case .float64: try body(Double.self)
  case .int32: try body(Int32.self)
  case .int64: try body(Int64.self)
  case .uint8: try body(UInt8.self)
  case .bool: try body(Bool.self)
  }
}
