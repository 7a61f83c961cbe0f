import COpenBLAS
import CKernels

package typealias UnaryOperation = ck_unary
package typealias BinaryOperation = ck_binary
package typealias Comparison = ck_comparison
package typealias Reduction = ck_reduction

/// A floating-point element type together with its compiled kernels: generic Swift code above, one C source below.
package protocol RealScalar: Scalar, BinaryFloatingPoint {
  typealias Source = UnsafePointer<Self>
  typealias Destination = UnsafeMutablePointer<Self>

  static func map(_ op: UnaryOperation, _ x: Source, _ y: Destination, _ n: Int)
  static func affine(_ scale: Self, _ shift: Self, _ x: Source, _ y: Destination, _ n: Int)
  static func power(_ exponent: Self, _ x: Source, _ y: Destination, _ n: Int)
  static func zip(_ op: BinaryOperation, _ a: Source, _ sa: Int, _ b: Source, _ sb: Int, _ y: Destination, _ n: Int)
  static func compare(
    _ op: Comparison, _ a: Source, _ sa: Int, _ b: Source, _ sb: Int, _ y: UnsafeMutablePointer<UInt8>, _ n: Int)
  static func select(
    _ c: UnsafePointer<UInt8>, _ sc: Int, _ a: Source, _ sa: Int, _ b: Source, _ sb: Int, _ y: Destination, _ n: Int)
  static func reduce(_ op: Reduction, _ x: Source, _ y: Destination, _ n: Int, _ stride: Int, _ columns: Int)
  static func reduceRun(_ op: Reduction, _ x: Source, _ n: Int) -> Double
  static func softmax(logarithm: Bool, _ x: Source, _ y: Destination, _ rows: Int, _ n: Int)
  static func logSumExp(_ x: Source, _ y: Destination, _ rows: Int, _ n: Int)
  static func softmaxColumns(_ kind: ck_softmax, _ x: Source, _ y: Destination, _ n: Int, _ stride: Int, _ columns: Int)
  static func softmaxCotangent(_ y: Source, _ g: Source, _ z: Destination, _ rows: Int, _ n: Int)
  static func dot(_ a: Source, _ b: Source, _ n: Int) -> Double
  static func axpy(_ alpha: Self, _ x: Source, _ y: Destination, _ n: Int)
  /// y += A x for the rows and columns `rows` of a symmetric matrix, given as the upper triangle of n rows, `stride` apart.
  static func symmetricRows(_ a: Source, _ stride: Int, _ rows: Range<Int>, _ n: Int, _ x: Source, _ y: Destination)

  /// C (m×n) = alpha·op(A)·op(B) + beta·C, row-major, single-threaded.
  static func gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Self,
    _ a: Source, _ lda: Int, _ b: Source, _ ldb: Int, _ beta: Self, _ c: Destination, _ ldc: Int)
  /// Eigenvalues ascending in `w`, eigenvectors in the columns of `a` (row-major n×n, overwritten). LAPACK's info.
  static func syevd(_ n: Int, _ a: Destination, _ w: Destination) -> Int
  /// Its three steps, on column-major matrices, from the lower triangle: A = Q T Qᵀ with Q as reflectors in `a` and `tau`, T as
  /// `d` and `e`; eigenvalues of T in `d`, its eigenvectors in `z`; and Q times `count` columns. LAPACK's info.
  static func sytrd(_ n: Int, _ a: Destination, _ d: Destination, _ e: Destination, _ tau: Destination) -> Int
  static func stedc(_ n: Int, _ d: Destination, _ e: Destination, _ z: Destination) -> Int
  static func ormtr(_ n: Int, _ count: Int, _ a: Source, _ tau: Source, _ z: Destination)
}

extension Float: RealScalar {
  package static func map(_ op: UnaryOperation, _ x: Source, _ y: Destination, _ n: Int) { ck_map_f32(op, x, y, n) }
  package static func affine(_ scale: Self, _ shift: Self, _ x: Source, _ y: Destination, _ n: Int) {
    ck_affine_f32(scale, shift, x, y, n)
  }
  package static func power(_ exponent: Self, _ x: Source, _ y: Destination, _ n: Int) { ck_power_f32(exponent, x, y, n) }
  package static func zip(
    _ op: BinaryOperation, _ a: Source, _ sa: Int, _ b: Source, _ sb: Int, _ y: Destination, _ n: Int
  ) { ck_zip_f32(op, a, sa, b, sb, y, n) }
  package static func compare(
    _ op: Comparison, _ a: Source, _ sa: Int, _ b: Source, _ sb: Int, _ y: UnsafeMutablePointer<UInt8>, _ n: Int
  ) { ck_compare_f32(op, a, sa, b, sb, y, n) }
  package static func select(
    _ c: UnsafePointer<UInt8>, _ sc: Int, _ a: Source, _ sa: Int, _ b: Source, _ sb: Int, _ y: Destination, _ n: Int
  ) { ck_select_f32(c, sc, a, sa, b, sb, y, n) }
  package static func reduce(_ op: Reduction, _ x: Source, _ y: Destination, _ n: Int, _ stride: Int, _ columns: Int) {
    ck_reduce_f32(op, x, y, n, stride, columns)
  }
  package static func reduceRun(_ op: Reduction, _ x: Source, _ n: Int) -> Double { ck_reduce_run_f32(op, x, n) }
  package static func softmax(logarithm: Bool, _ x: Source, _ y: Destination, _ rows: Int, _ n: Int) {
    ck_softmax_f32(logarithm ? 1 : 0, x, y, rows, n)
  }
  package static func logSumExp(_ x: Source, _ y: Destination, _ rows: Int, _ n: Int) { ck_log_sum_exp_f32(x, y, rows, n) }
  package static func softmaxColumns(
    _ kind: ck_softmax, _ x: Source, _ y: Destination, _ n: Int, _ stride: Int, _ columns: Int
  ) { ck_softmax_columns_f32(kind, x, y, n, stride, columns) }
  package static func softmaxCotangent(_ y: Source, _ g: Source, _ z: Destination, _ rows: Int, _ n: Int) {
    ck_softmax_cotangent_f32(y, g, z, rows, n)
  }
  package static func dot(_ a: Source, _ b: Source, _ n: Int) -> Double { ck_dot_f32(a, b, n) }
  package static func axpy(_ alpha: Self, _ x: Source, _ y: Destination, _ n: Int) { ck_axpy_f32(alpha, x, y, n) }
  package static func symmetricRows(
    _ a: Source, _ stride: Int, _ rows: Range<Int>, _ n: Int, _ x: Source, _ y: Destination
  ) { ck_symmetric_rows_f32(a, stride, rows.lowerBound, rows.upperBound, n, x, y) }
  package static func gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Self,
    _ a: Source, _ lda: Int, _ b: Source, _ ldb: Int, _ beta: Self, _ c: Destination, _ ldc: Int
  ) {
    BLAS.singleThreaded
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
  }
  package static func syevd(_ n: Int, _ a: Destination, _ w: Destination) -> Int {
    BLAS.singleThreaded
    return Int(LAPACKE_ssyevd(LAPACK_ROW_MAJOR, BLAS.withVectors, BLAS.lowerTriangle, Int32(n), a, Int32(max(1, n)), w))
  }
  package static func sytrd(_ n: Int, _ a: Destination, _ d: Destination, _ e: Destination, _ tau: Destination) -> Int {
    BLAS.singleThreaded
    return Int(LAPACKE_ssytrd(LAPACK_COL_MAJOR, BLAS.lowerTriangle, Int32(n), a, Int32(n), d, e, tau))
  }
  package static func stedc(_ n: Int, _ d: Destination, _ e: Destination, _ z: Destination) -> Int {
    BLAS.singleThreaded
    var info = 0
    // In memory that is there already, where the wrapper would have n² numbers cleared page by page.
    let (size, integers) = (1 + 4 * n + n * n, 3 + 5 * n)
    withScratch(Float.self, size) { work in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: integers) { indices in
        info = Int(
          LAPACKE_sstedc_work(
            LAPACK_COL_MAJOR, BLAS.ofTridiagonal, Int32(n), d, e, z, Int32(n), work, Int32(size), indices.baseAddress,
            Int32(integers)))
      }
    }
    return info
  }
  package static func ormtr(_ n: Int, _ count: Int, _ a: Source, _ tau: Source, _ z: Destination) {
    BLAS.singleThreaded
    // Without the wrapper's look for NaN, which would read all of A for each piece.
    let size = 64 * count + 65 * 64
    withUnsafeTemporaryAllocation(of: Float.self, capacity: size) { work in
      _ = LAPACKE_sormtr_work(
        LAPACK_COL_MAJOR, BLAS.fromLeft, BLAS.lowerTriangle, BLAS.notTransposed, Int32(n), Int32(count), a, Int32(n), tau, z,
        Int32(n), work.baseAddress, Int32(size))
    }
  }
}

extension Double: RealScalar {
  package static func map(_ op: UnaryOperation, _ x: Source, _ y: Destination, _ n: Int) { ck_map_f64(op, x, y, n) }
  package static func affine(_ scale: Self, _ shift: Self, _ x: Source, _ y: Destination, _ n: Int) {
    ck_affine_f64(scale, shift, x, y, n)
  }
  package static func power(_ exponent: Self, _ x: Source, _ y: Destination, _ n: Int) { ck_power_f64(exponent, x, y, n) }
  package static func zip(
    _ op: BinaryOperation, _ a: Source, _ sa: Int, _ b: Source, _ sb: Int, _ y: Destination, _ n: Int
  ) { ck_zip_f64(op, a, sa, b, sb, y, n) }
  package static func compare(
    _ op: Comparison, _ a: Source, _ sa: Int, _ b: Source, _ sb: Int, _ y: UnsafeMutablePointer<UInt8>, _ n: Int
  ) { ck_compare_f64(op, a, sa, b, sb, y, n) }
  package static func select(
    _ c: UnsafePointer<UInt8>, _ sc: Int, _ a: Source, _ sa: Int, _ b: Source, _ sb: Int, _ y: Destination, _ n: Int
  ) { ck_select_f64(c, sc, a, sa, b, sb, y, n) }
  package static func reduce(_ op: Reduction, _ x: Source, _ y: Destination, _ n: Int, _ stride: Int, _ columns: Int) {
    ck_reduce_f64(op, x, y, n, stride, columns)
  }
  package static func reduceRun(_ op: Reduction, _ x: Source, _ n: Int) -> Double { ck_reduce_run_f64(op, x, n) }
  package static func softmax(logarithm: Bool, _ x: Source, _ y: Destination, _ rows: Int, _ n: Int) {
    ck_softmax_f64(logarithm ? 1 : 0, x, y, rows, n)
  }
  package static func logSumExp(_ x: Source, _ y: Destination, _ rows: Int, _ n: Int) { ck_log_sum_exp_f64(x, y, rows, n) }
  package static func softmaxColumns(
    _ kind: ck_softmax, _ x: Source, _ y: Destination, _ n: Int, _ stride: Int, _ columns: Int
  ) { ck_softmax_columns_f64(kind, x, y, n, stride, columns) }
  package static func softmaxCotangent(_ y: Source, _ g: Source, _ z: Destination, _ rows: Int, _ n: Int) {
    ck_softmax_cotangent_f64(y, g, z, rows, n)
  }
  package static func dot(_ a: Source, _ b: Source, _ n: Int) -> Double { ck_dot_f64(a, b, n) }
  package static func axpy(_ alpha: Self, _ x: Source, _ y: Destination, _ n: Int) { ck_axpy_f64(alpha, x, y, n) }
  package static func symmetricRows(
    _ a: Source, _ stride: Int, _ rows: Range<Int>, _ n: Int, _ x: Source, _ y: Destination
  ) { ck_symmetric_rows_f64(a, stride, rows.lowerBound, rows.upperBound, n, x, y) }
  package static func gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Self,
    _ a: Source, _ lda: Int, _ b: Source, _ ldb: Int, _ beta: Self, _ c: Destination, _ ldc: Int
  ) {
    BLAS.singleThreaded
    cblas_dgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
  }
  package static func syevd(_ n: Int, _ a: Destination, _ w: Destination) -> Int {
    BLAS.singleThreaded
    return Int(LAPACKE_dsyevd(LAPACK_ROW_MAJOR, BLAS.withVectors, BLAS.lowerTriangle, Int32(n), a, Int32(max(1, n)), w))
  }
  package static func sytrd(_ n: Int, _ a: Destination, _ d: Destination, _ e: Destination, _ tau: Destination) -> Int {
    BLAS.singleThreaded
    return Int(LAPACKE_dsytrd(LAPACK_COL_MAJOR, BLAS.lowerTriangle, Int32(n), a, Int32(n), d, e, tau))
  }
  package static func stedc(_ n: Int, _ d: Destination, _ e: Destination, _ z: Destination) -> Int {
    BLAS.singleThreaded
    var info = 0
    // In memory that is there already, where the wrapper would have n² numbers cleared page by page.
    let (size, integers) = (1 + 4 * n + n * n, 3 + 5 * n)
    withScratch(Double.self, size) { work in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: integers) { indices in
        info = Int(
          LAPACKE_dstedc_work(
            LAPACK_COL_MAJOR, BLAS.ofTridiagonal, Int32(n), d, e, z, Int32(n), work, Int32(size), indices.baseAddress,
            Int32(integers)))
      }
    }
    return info
  }
  package static func ormtr(_ n: Int, _ count: Int, _ a: Source, _ tau: Source, _ z: Destination) {
    BLAS.singleThreaded
    // Without the wrapper's look for NaN, which would read all of A for each piece.
    let size = 64 * count + 65 * 64
    withUnsafeTemporaryAllocation(of: Double.self, capacity: size) { work in
      _ = LAPACKE_dormtr_work(
        LAPACK_COL_MAJOR, BLAS.fromLeft, BLAS.lowerTriangle, BLAS.notTransposed, Int32(n), Int32(count), a, Int32(n), tau, z,
        Int32(n), work.baseAddress, Int32(size))
    }
  }
}

package enum BLAS {
  /// Touched before every call: the library runs on one thread, parallelism is ours (``Parallel``).
  package static let singleThreaded: Void = openblas_set_num_threads(1)

  fileprivate static let withVectors = CChar(bitPattern: UInt8(ascii: "V"))
  fileprivate static let lowerTriangle = CChar(bitPattern: UInt8(ascii: "L"))
  fileprivate static let ofTridiagonal = CChar(bitPattern: UInt8(ascii: "I"))
  fileprivate static let fromLeft = CChar(bitPattern: UInt8(ascii: "L"))
  fileprivate static let notTransposed = CChar(bitPattern: UInt8(ascii: "N"))

  /// The kernels that OpenBLAS chose for this processor.
  package static var coreName: String { String(cString: openblas_get_corename()) }
  package static var configuration: String { String(cString: openblas_get_config()) }
}

/// Runs a generic body for `float32` or `float64`; traps for other dtypes, which shape rules have ruled out before.
@inline(__always)
package func withRealType<R, E: Error>(
  _ dtype: DType, _ operation: String, _ body: (any RealScalar.Type) throws(E) -> R
) throws(E) -> R {
  switch dtype {
  case .float32: try body(Float.self)
  case .float64: try body(Double.self)
  default: failReal(operation, dtype)
  }
}

/// Stops for a dtype that shape rules have ruled out before.
func failReal(_ operation: String, _ dtype: DType) -> Never {
  fail(.dtype(operation, "expected float32 or float64, found \(dtype)"))
}
