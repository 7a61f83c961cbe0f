import TensorCore

/// The element types of ONNX that are read here, under their numbers in the format.
enum ONNXElement: Int, Sendable {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case bool = 9
  case float16 = 10
  case float64 = 11
  case uint32 = 12
  case uint64 = 13
  case bfloat16 = 16

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

  /// What number `number` means, also if it is not read here.
  static func name(_ number: Int) -> String {
    if let element = ONNXElement(rawValue: number) { return "\(element)" }
    let others = [
      8: "string", 14: "complex64", 15: "complex128", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2",
      20: "float8e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4e2m1", 24: "float8e8m0",
    ]
    return others[number] ?? "the unknown number \(number)"
  }
}

extension ONNXElement {
  /// The elements of `raw`, which are little-endian, as an array of `shape`. `raw` must hold exactly as many as that has.
  ///
  /// - Returns: `nil` if an element cannot be held: a `uint64` above 2⁶³ − 1.
  func array(_ raw: UnsafeRawBufferPointer, shape: Shape) -> NDArray? {
    func widen<S: Scalar, T>(_: T.Type, _ body: (T) -> S) -> NDArray {
      NDArray.building(shape, as: S.self) { output in
        for index in output.indices {
          output.initializeElement(at: index, to: body(raw.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self)))
        }
      }
    }
    switch self {
    case .bool: return widen(UInt8.self) { $0 != 0 }
    case .int8: return widen(Int8.self) { Int32($0) }
    case .int16: return widen(UInt16.self) { Int32(Int16(bitPattern: UInt16(littleEndian: $0))) }
    case .uint16: return widen(UInt16.self) { Int32(UInt16(littleEndian: $0)) }
    case .uint32: return widen(UInt32.self) { Int64(UInt32(littleEndian: $0)) }
    case .float16: return widen(UInt16.self) { Float(bitPattern: NPYElements.widenHalf(UInt16(littleEndian: $0))) }
    case .bfloat16: return widen(UInt16.self) { Float(bitPattern: UInt32(UInt16(littleEndian: $0)) << 16) }
    case .uint64:
      let signed = widen(UInt64.self) { Int64(bitPattern: UInt64(littleEndian: $0)) }
      return signed.withUnsafeBufferPointer(as: Int64.self) { $0.allSatisfy { $0 >= 0 } } ? signed : nil
    case .uint8: return NDArray.buildingBytes(shape, .uint8) { $0.copyMemory(from: raw) }
    case .int32: return widen(UInt32.self) { Int32(bitPattern: UInt32(littleEndian: $0)) }
    case .int64: return widen(UInt64.self) { Int64(bitPattern: UInt64(littleEndian: $0)) }
    case .float32: return widen(UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
    case .float64: return widen(UInt64.self) { Double(bitPattern: UInt64(littleEndian: $0)) }
    }
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
    case .float16: return narrow(UInt16.self) { Float(bitPattern: NPYElements.widenHalf($0)) }
    case .bfloat16: return narrow(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .uint32, .int64, .uint64, .float32, .float64: return nil
    }
  }
}
