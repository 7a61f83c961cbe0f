import TensorCore

/// A mutable, row-major matrix: the workspace of iterative algorithms, which an immutable `NDArray` cannot be.
///
/// In this module and not below it, because the compiler does not specialise generics across modules: an element would
/// cost a hundred times as much.
final class Matrix<T: RealScalar>: @unchecked Sendable {
  let rows: Int
  let columns: Int
  let pointer: UnsafeMutablePointer<T>
  /// Bytes of the block that it lies in.
  private let capacity: Int
  var count: Int { rows * columns }

  /// Zeros.
  convenience init(_ rows: Int, _ columns: Int) {
    self.init(uninitialized: rows, columns)
    pointer.initialize(repeating: 0, count: count)
  }

  /// For memory that is written in full before it is read.
  init(uninitialized rows: Int, _ columns: Int) {
    (self.rows, self.columns) = (rows, columns)
    let memory: UnsafeMutableRawPointer
    (memory, capacity) = MemoryPool.shared.take(max(1, rows * columns) * MemoryLayout<T>.stride)
    pointer = memory.bindMemory(to: T.self, capacity: max(1, rows * columns))
  }

  convenience init(_ rows: Int, _ columns: Int, _ values: [T]) {
    self.init(uninitialized: rows, columns)
    for (index, value) in values.prefix(count).enumerated() { pointer[index] = value }
  }

  deinit { MemoryPool.shared.give(pointer, capacity: capacity) }

  @inline(__always)
  subscript(row: Int, column: Int) -> T {
    get { pointer[row * columns + column] }
    set { pointer[row * columns + column] = newValue }
  }

  func row(_ index: Int) -> UnsafeMutablePointer<T> { pointer + index * columns }

  func copy() -> Matrix<T> {
    let result = Matrix(uninitialized: rows, columns)
    result.pointer.update(from: pointer, count: count)
    return result
  }

  /// Some of the columns, in the given order.
  func selecting(columns selected: [Int]) -> Matrix<T> { view.selecting(columns: selected) }

  /// In another precision.
  func converted<U: RealScalar>(to: U.Type = U.self) -> Matrix<U> { view.converted() }

  /// The columns of this one, followed by those of another.
  func joined(_ other: Matrix<T>) -> Matrix<T> {
    let result = Matrix(uninitialized: rows, columns + other.columns)
    result.view.columns(0..<columns).copy(from: view)
    result.view.columns(columns..<result.columns).copy(from: other.view)
    return result
  }

  /// The rows of this one, followed by those of another.
  func stacked(_ other: Matrix<T>) -> Matrix<T> {
    let result = Matrix(uninitialized: rows + other.rows, columns)
    result.view.rows(0..<rows).copy(from: view)
    result.view.rows(rows..<result.rows).copy(from: other.view)
    return result
  }

  /// All of it.
  var view: MatrixView<T> { MatrixView(owner: self, base: pointer, rows: rows, columns: columns, stride: columns) }

  var array: NDArray {
    NDArray.building([rows, columns], as: T.self) { output in
      if let base = output.baseAddress { base.update(from: pointer, count: count) }
    }
  }

  /// Elements are converted where the array has others.
  convenience init(_ array: NDArray) {
    self.init(uninitialized: array.shape[0], array.shape[1])
    let isReal = array.dtype == .float32 || array.dtype == .float64
    let source = isReal ? array : array.converted(to: .float64)
    if source.dtype == .float32 { fill(from: source, Float.self) } else { fill(from: source, Double.self) }
  }

  private func fill<U: RealScalar>(from array: NDArray, _: U.Type) {
    array.withUnsafeBufferPointer(as: U.self) { values in
      if let base = values.baseAddress { convert(base, pointer, count) }
    }
  }
}

/// Columns of a row-major matrix.
struct MatrixView<T: RealScalar>: @unchecked Sendable {
  /// Keeps the memory alive.
  private let owner: Matrix<T>
  let base: UnsafeMutablePointer<T>
  let rows: Int
  let columns: Int
  /// Elements from one row to the next.
  let stride: Int

  fileprivate init(owner: Matrix<T>, base: UnsafeMutablePointer<T>, rows: Int, columns: Int, stride: Int) {
    (self.owner, self.base, self.rows, self.columns, self.stride) = (owner, base, rows, columns, stride)
  }

  func row(_ index: Int) -> UnsafeMutablePointer<T> { base + index * stride }

  func columns(_ range: Range<Int>) -> MatrixView<T> {
    MatrixView(owner: owner, base: base + range.lowerBound, rows: rows, columns: range.count, stride: stride)
  }

  func rows(_ range: Range<Int>) -> MatrixView<T> {
    MatrixView(owner: owner, base: base + range.lowerBound * stride, rows: range.count, columns: columns, stride: stride)
  }

  /// Some of the columns, in the given order.
  func selecting(columns selected: [Int]) -> Matrix<T> {
    let result = Matrix<T>(uninitialized: rows, selected.count)
    Parallel.forEachChunk(of: rows, size: tallChunk) { chunk in
      for row in chunk {
        let (source, target) = (self.row(row), result.row(row))
        for (index, column) in selected.enumerated() { target[index] = source[column] }
      }
    }
    return result
  }

  func copied() -> Matrix<T> {
    let result = Matrix<T>(uninitialized: rows, columns)
    result.view.copy(from: self)
    return result
  }

  /// A copy in another precision.
  func converted<U: RealScalar>() -> Matrix<U> {
    let result = Matrix<U>(uninitialized: rows, columns)
    Parallel.forEachChunk(of: rows, size: tallChunk) { chunk in
      if stride == columns {
        convert(self.row(chunk.lowerBound), result.row(chunk.lowerBound), chunk.count * columns)
      } else {
        for row in chunk { convert(self.row(row), result.row(row), columns) }
      }
    }
    return result
  }

  func copy(from other: MatrixView<T>) {
    Parallel.forEachChunk(of: rows, size: tallChunk) { chunk in
      for row in chunk { self.row(row).update(from: other.row(row), count: columns) }
    }
  }
}

/// C = alpha·op(A)·op(B) + beta·C of small matrices, on the calling thread.
func multiplySmall(
  _ a: Matrix<Double>, _ b: Matrix<Double>, transposeA: Bool = false, transposeB: Bool = false, alpha: Double, beta: Double,
  into c: Matrix<Double>
) {
  let inner = transposeA ? a.rows : a.columns
  if c.count == 0 || inner == 0 {
    for index in 0..<c.count { c.pointer[index] *= beta }
    return
  }
  Double.gemm(
    transposeA, transposeB, c.rows, c.columns, inner, alpha, a.pointer, a.columns, b.pointer, b.columns, beta, c.pointer,
    c.columns)
}

/// op(A)·op(B) of small matrices, on the calling thread.
func smallProduct(
  _ a: Matrix<Double>, _ b: Matrix<Double>, transposeA: Bool = false, transposeB: Bool = false
) -> Matrix<Double> {
  let c = Matrix<Double>(transposeA ? a.columns : a.rows, transposeB ? b.rows : b.columns)
  multiplySmall(a, b, transposeA: transposeA, transposeB: transposeB, alpha: 1, beta: 0, into: c)
  return c
}

/// With the types spelt out, because a generic conversion looks its way up at run time, for every number.
private func convert<From: RealScalar, To: RealScalar>(
  _ source: UnsafePointer<From>, _ target: UnsafeMutablePointer<To>, _ count: Int
) {
  let (raw, destination) = (UnsafeRawPointer(source), UnsafeMutableRawPointer(target))
  switch (From.dtype, To.dtype) {
  case (.float64, .float32):
    let (from, to) = (raw.assumingMemoryBound(to: Double.self), destination.assumingMemoryBound(to: Float.self))
    for index in 0..<count { to[index] = Float(from[index]) }
  case (.float32, .float64):
    let (from, to) = (raw.assumingMemoryBound(to: Float.self), destination.assumingMemoryBound(to: Double.self))
    for index in 0..<count { to[index] = Double(from[index]) }
  default:
    destination.copyMemory(from: raw, byteCount: count * MemoryLayout<To>.stride)
  }
}
