import TensorCore

// Element types by their numbers in ONNX. The other ones are text, complex numbers, and floats of 8 bits and less.
extension StoredElement {
  private static let onnxNumbers: [Int: StoredElement] = [
    1: .float32, 2: .uint8, 3: .int8, 4: .uint16, 5: .int16, 6: .int32, 7: .int64, 9: .bool, 10: .float16, 11: .float64,
    12: .uint32, 13: .uint64, 16: .bfloat16,
  ]

  /// `nil` for a type that is not read here.
  init?(onnxNumber number: Int) {
    guard let element = Self.onnxNumbers[number] else { return nil }
    self = element
  }

  /// What `number` means, also if it is not read here.
  static func onnxName(_ number: Int) -> String {
    if let element = onnxNumbers[number] { return element.rawValue }
    let others = [
      8: "string", 14: "complex64", 15: "complex128", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2",
      20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1", 24: "float8e8m0",
    ]
    return others[number] ?? "the unknown number \(number)"
  }

  /// The elements of the field for small types, where each takes a whole `int32`: half floats as their bits.
  ///
  /// - Returns: `nil` if a number is outside the element type.
  func array(_ values: [Int32], shape: Shape) -> NDArray? {
    func narrow<N: FixedWidthInteger, S: Scalar>(_: N.Type, _ body: (N) -> S) -> NDArray? {
      var result: [S] = []
      result.reserveCapacity(values.count)
      for value in values {
        guard let narrow = N(exactly: value) else { return nil }
        result.append(body(narrow))
      }
      return NDArray(result, shape: shape)
    }
    switch self {
    case .bool: return NDArray(values.map { $0 != 0 }, shape: shape)
    case .uint8: return narrow(UInt8.self) { $0 }
    case .int8: return narrow(Int8.self) { Int32($0) }
    case .int16: return narrow(Int16.self) { Int32($0) }
    case .uint16: return narrow(UInt16.self) { Int32($0) }
    case .int32: return NDArray(values, shape: shape)
    case .float16: return narrow(UInt16.self) { Float(bitPattern: ElementReading.widenHalf($0)) }
    case .bfloat16: return narrow(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .uint32, .int64, .uint64, .float32, .float64: return nil
    }
  }
}
