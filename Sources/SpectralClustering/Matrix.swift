import TensorCore

/// A mutable, row-major matrix: the workspace of iterative algorithms, which an immutable `NDArray` cannot be.
///
/// In this module and not below it, because the compiler does not specialise generics across modules: an element would
/// cost a hundred times as much.
final class Matrix<T: RealScalar>: @unchecked Sendable {
  let rows: Int
  let columns: Int
  let pointer: UnsafeMutablePointer<T>
  var count: Int { rows * columns }

  /// Zeros.
  convenience init(_ rows: Int, _ columns: Int) {
    self.init(uninitialized: rows, columns)
    pointer.initialize(repeating: 0, count: count)
  }

  /// For memory that is written in full before it is read.
  init(uninitialized rows: Int, _ columns: Int) {
    (self.rows, self.columns) = (rows, columns)
    let bytes = max(1, rows * columns) * MemoryLayout<T>.stride
    pointer = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      .bindMemory(to: T.self, capacity: max(1, rows * columns))
  }

  convenience init(_ rows: Int, _ columns: Int, _ values: [T]) {
    self.init(uninitialized: rows, columns)
    for (index, value) in values.prefix(count).enumerated() { pointer[index] = value }
  }

  deinit { pointer.deallocate() }

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
  func selecting(columns selected: [Int]) -> Matrix<T> {
    let result = Matrix(uninitialized: rows, selected.count)
    for row in 0..<rows {
      let (source, target) = (self.row(row), result.row(row))
      for (index, column) in selected.enumerated() { target[index] = source[column] }
    }
    return result
  }

  var array: NDArray {
    NDArray.building([rows, columns], as: T.self) { output in
      if let base = output.baseAddress { base.update(from: pointer, count: count) }
    }
  }

  convenience init(_ array: NDArray) {
    self.init(uninitialized: array.shape[0], array.shape[1])
    let values = array.scalars(as: T.self)
    for index in values.indices { pointer[index] = values[index] }
  }
}

/// Rows in one chunk of a tall product; fixed, so that bits do not depend on the number of threads.
private let tallChunk = 1024

extension Matrix {
  /// C = alpha·A·B + beta·C with A tall: rows in parallel.
  static func multiply(
    _ a: Matrix, _ b: Matrix, alpha: T = 1, beta: T = 0, into c: Matrix, transposeB: Bool = false
  ) {
    let (n, k) = (c.columns, a.columns)
    if n == 0 || a.rows == 0 { return }
    Parallel.forEachChunk(of: a.rows, size: tallChunk) { rows in
      T.gemm(
        false, transposeB, rows.count, n, k, alpha, a.row(rows.lowerBound), max(1, k), b.pointer, max(1, b.columns), beta,
        c.row(rows.lowerBound), n)
    }
  }

  static func product(_ a: Matrix, _ b: Matrix) -> Matrix {
    let c = Matrix(a.rows, b.columns)
    multiply(a, b, into: c)
    return c
  }

  /// AᵀB for tall A and B: partial products of fixed chunks, added in order.
  static func innerProducts(_ a: Matrix, _ b: Matrix) -> Matrix {
    let (m, n) = (a.columns, b.columns)
    let result = Matrix(m, n)
    if m == 0 || n == 0 { return result }
    let chunks = (a.rows + tallChunk - 1) / tallChunk
    let partial = Matrix(chunks, m * n)
    Parallel.forEachChunk(of: a.rows, size: tallChunk) { rows in
      let first = rows.lowerBound
      T.gemm(true, false, m, n, rows.count, 1, a.row(first), m, b.row(first), n, 0, partial.row(first / tallChunk), n)
    }
    for chunk in 0..<chunks { T.axpy(1, partial.row(chunk), result.pointer, m * n) }
    return result
  }
}
