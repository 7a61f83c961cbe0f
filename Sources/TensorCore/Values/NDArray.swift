/// An n-dimensional array of values without gradients: dtype, shape, and contiguous row-major storage.
///
/// Immutable once built; copies share storage. Kernels in this module read it through typed buffer pointers.
public struct NDArray: Sendable {
  public let dtype: DType
  public let shape: Shape
  /// Never written through, unless it is held only once; see ``isHeldOnce()``.
  private(set) var storage: Storage

  init(dtype: DType, shape: Shape, storage: Storage) {
    self.dtype = dtype
    self.shape = shape
    self.storage = storage
  }

  /// Whether nobody else can see this memory, so that a result may be written over it.
  mutating func isHeldOnce() -> Bool { isKnownUniquelyReferenced(&storage) }

  /// Number of elements.
  public var count: Int { storage.byteCount / dtype.byteCount }
  public var rank: Int { shape.rank }
  public var byteCount: Int { storage.byteCount }

  /// Builds an array by filling all of its elements; `body` must write every one.
  public static func building<T: Scalar, E: Error>(
    _ shape: Shape, as type: T.Type = T.self, _ body: (UnsafeMutableBufferPointer<T>) throws(E) -> Void
  ) throws(E) -> NDArray {
    let count = shape.elementCount
    let storage = Storage(byteCount: count * T.dtype.byteCount)
    let pointer = storage.pointer.bindMemory(to: T.self, capacity: count)
    try body(UnsafeMutableBufferPointer(start: pointer, count: count))
    return NDArray(dtype: T.dtype, shape: shape, storage: storage)
  }

  /// Builds an array of any dtype from raw bytes in native order; `body` must write all of them.
  public static func buildingBytes<E: Error>(
    _ shape: Shape, _ dtype: DType, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) -> NDArray {
    let storage = Storage(byteCount: shape.elementCount * dtype.byteCount)
    try body(UnsafeMutableRawBufferPointer(start: storage.pointer, count: storage.byteCount))
    return NDArray(dtype: dtype, shape: shape, storage: storage)
  }

  /// The elements of `values`, row-major. Traps if their number is not that of `shape`.
  public init<T: Scalar>(_ values: [T], shape: Shape) {
    if values.count != shape.elementCount {
      fail(.shape("NDArray", "\(values.count) values do not fill the shape \(shape)"))
    }
    self = NDArray.building(shape, as: T.self) { buffer in _ = buffer.initialize(from: values) }
  }

  /// `value` converted to `dtype`, everywhere.
  public init(repeating value: Double, shape: Shape, dtype: DType = .float32) {
    func make<T: Scalar>(_: T.Type) -> NDArray {
      NDArray.building(shape, as: T.self) { $0.initialize(repeating: T(asDouble: value)) }
    }
    self = withScalarType(dtype) { make($0) }
  }

  public static func zeros(_ shape: Shape, dtype: DType = .float32) -> NDArray {
    NDArray(repeating: 0, shape: shape, dtype: dtype)
  }

  /// Reads the elements. Traps if `T` is not the array's dtype.
  @inline(__always)
  public func withUnsafeBufferPointer<T: Scalar, R, E: Error>(
    as type: T.Type = T.self, _ body: (UnsafeBufferPointer<T>) throws(E) -> R
  ) throws(E) -> R {
    if T.dtype != dtype { fail(.dtype("NDArray", "read as \(T.dtype), holds \(dtype)")) }
    let pointer = UnsafePointer(storage.pointer.assumingMemoryBound(to: T.self))
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: pointer, count: count))
  }

  /// Reads the bytes, in native order.
  public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeRawBufferPointer(start: storage.pointer, count: byteCount))
  }

  /// The elements converted to `T`, row-major.
  public func scalars<T: Scalar>(as type: T.Type = T.self) -> [T] {
    func read<S: Scalar>(_: S.Type) -> [T] {
      withUnsafeBufferPointer(as: S.self) { source in
        if let same = source as? UnsafeBufferPointer<T> { return Array(same) }
        return source.map { T(asDouble: $0.asDouble) }
      }
    }
    return withScalarType(dtype) { read($0) }
  }

  /// The elements as 64-bit floating-point numbers.
  public var doubles: [Double] { scalars(as: Double.self) }

  /// The only element. Traps unless there is exactly one.
  public var scalar: Double {
    if count != 1 { fail(.shape("scalar", "an array of shape \(shape) is not a single number")) }
    return doubles[0]
  }

  /// The same elements under another shape; shares storage.
  public func reshaped(to shape: Shape) -> NDArray {
    if shape.elementCount != count { fail(.shape("reshaped", "\(self.shape) has \(count) elements, \(shape) does not")) }
    return NDArray(dtype: dtype, shape: shape, storage: storage)
  }
}

extension NDArray: Equatable {
  /// Same dtype, shape and bytes (so NaN equals itself, and 0 differs from −0).
  public static func == (a: NDArray, b: NDArray) -> Bool {
    a.dtype == b.dtype && a.shape == b.shape
      && a.withUnsafeBytes { x in b.withUnsafeBytes { y in x.elementsEqual(y) } }
  }
}

extension NDArray: CustomStringConvertible {
  public var description: String {
    let head = doubles.prefix(8).map { "\($0)" }.joined(separator: ", ")
    return "\(dtype)\(shape) [\(head)\(count > 8 ? ", …" : "")]"
  }
}
