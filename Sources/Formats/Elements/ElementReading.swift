import TensorCore

/// Stored elements to arrays: byte order, widening and memory order.
enum ElementReading {
  /// Elements that are converted at a time: the conversion of a large file needs no second copy of it.
  private static let chunkCount = 1 << 16

  /// Reads the next elements of `source`, row-major, as an array of `shape`. The caller has held the bytes that this takes
  /// against what `source` holds.
  static func read(
    _ element: StoredElement, isBigEndian: Bool, shape: Shape, from source: inout some ByteSource & ~Copyable
  ) throws(FormatError) -> NDArray {
    try MemoryLimit.check(shape.elementCount * element.widened.byteCount, path: source.path)
    return try NDArray.buildingBytes(shape, element.widened) { (bytes) throws(FormatError) in
      if element.isNative {
        try source.read(into: bytes)
        if isBigEndian { swapBytes(bytes, size: element.byteCount) }
      } else {
        try convert(element, isBigEndian, from: &source, into: bytes)
      }
    }
  }

  private static func convert(
    _ element: StoredElement, _ isBigEndian: Bool, from source: inout some ByteSource & ~Copyable,
    into target: UnsafeMutableRawBufferPointer
  ) throws(FormatError) {
    let (from, to) = (element.byteCount, element.widened.byteCount)
    let count = target.count / to
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: min(count, chunkCount) * from, alignment: 16)
    defer { chunk.deallocate() }
    for start in stride(from: 0, to: count, by: chunkCount) {
      let length = min(chunkCount, count - start)
      let raw = UnsafeMutableRawBufferPointer(rebasing: chunk[..<(length * from)])
      try source.read(into: raw)
      if isBigEndian { swapBytes(raw, size: from) }
      let part = UnsafeMutableRawBufferPointer(rebasing: target[(start * to)..<((start + length) * to)])
      if !widen(element, UnsafeRawBufferPointer(raw), into: part) {
        throw FormatError(
          .unsupported, path: source.path, found: "a uint64 value above 2^63 - 1", expected: "values that fit in int64")
      }
    }
  }

  /// Widens native elements; false if a value does not fit.
  private static func widen(
    _ element: StoredElement, _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) -> Bool {
    func map<S, T>(_: S.Type, _: T.Type, _ body: (S) -> T) {
      let (source, target) = (source.bindMemory(to: S.self), target.bindMemory(to: T.self))
      for index in target.indices { target[index] = body(source[index]) }
    }
    switch element {
    case .bool: map(UInt8.self, UInt8.self) { $0 == 0 ? 0 : 1 }
    case .int8: map(Int8.self, Int32.self) { Int32($0) }
    case .int16: map(Int16.self, Int32.self) { Int32($0) }
    case .uint16: map(UInt16.self, Int32.self) { Int32($0) }
    case .uint32: map(UInt32.self, Int64.self) { Int64($0) }
    case .uint64:
      var union: UInt64 = 0
      map(UInt64.self, Int64.self) {
        union |= $0
        return Int64(bitPattern: $0)
      }
      return union >> 63 == 0
    case .float16: map(UInt16.self, UInt32.self, widenHalf)
    // The upper half of a binary32 number.
    case .bfloat16: map(UInt16.self, UInt32.self) { UInt32($0) << 16 }
    case .uint8, .int32, .int64, .float32, .float64: target.copyMemory(from: source)
    }
    return true
  }

  /// The bits of an IEEE 754 binary16 number as those of the same number in binary32. By hand, because the conversion is a
  /// library call per element on processors without F16C, and `Float16` is not there on every platform.
  static func widenHalf(_ bits: UInt16) -> UInt32 {
    let sign = UInt32(bits & 0x8000) << 16
    let magnitude = UInt32(bits & 0x7FFF)
    if magnitude >= 0x7C00 { return sign | 0x7F80_0000 | (magnitude & 0x3FF) << 13 }
    if magnitude >= 0x0400 { return sign | (magnitude << 13) + (112 << 23) }
    // Zero or subnormal: the fraction counts units of 2⁻²⁴, which is exact.
    return sign | (Float(magnitude) * 0x1p-24).bitPattern
  }

  private static func swapBytes(_ bytes: UnsafeMutableRawBufferPointer, size: Int) {
    func swap<T: FixedWidthInteger>(_: T.Type) {
      let values = bytes.bindMemory(to: T.self)
      for index in values.indices { values[index] = values[index].byteSwapped }
    }
    switch size {
    case 2: swap(UInt16.self)
    case 4: swap(UInt32.self)
    case 8: swap(UInt64.self)
    default: break
    }
  }

  /// The array with its axes in reverse order, row-major again.
  static func reversingAxes(_ array: NDArray) -> NDArray {
    gathering(array, Shape(array.shape.reversed()), strides: array.shape.strides.reversed(), offset: 0)
  }

  /// The array of `shape` whose element (i₁, …, iₙ) is that of `array` at offset + Σ strideₖ · iₖ. The caller has checked that
  /// all of these exist.
  static func gathering(_ array: NDArray, _ shape: Shape, strides: [Int], offset: Int) -> NDArray {
    func gather<T>(_: T.Type) -> NDArray {
      NDArray.buildingBytes(shape, array.dtype) { target in
        array.withUnsafeBytes { source in
          Self.gather(
            source.assumingMemoryBound(to: T.self), shape.extents, strides, offset, into: target.assumingMemoryBound(to: T.self))
        }
      }
    }
    switch array.dtype.byteCount {
    case 1: return gather(UInt8.self)
    case 4: return gather(UInt32.self)
    default: return gather(UInt64.self)
    }
  }

  private static func gather<T>(
    _ source: UnsafeBufferPointer<T>, _ extents: [Int], _ strides: [Int], _ offset: Int,
    into target: UnsafeMutableBufferPointer<T>
  ) {
    guard let inner = extents.last, let step = strides.last else {
      target[0] = source[offset]
      return
    }
    var index = [Int](repeating: 0, count: extents.count - 1)
    var start = offset
    var position = 0
    while position < target.count {
      for place in 0..<inner { target[position + place] = source[start + place * step] }
      position += inner
      // Count up, the axis before the last one fastest.
      var axis = index.count - 1
      while axis >= 0 {
        index[axis] += 1
        start += strides[axis]
        if index[axis] < extents[axis] { break }
        start -= extents[axis] * strides[axis]
        index[axis] = 0
        axis -= 1
      }
    }
  }
}
