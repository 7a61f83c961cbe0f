import CKernels
@_exported import Autograd

/// Columns of the panels that ``SpectralScalar/blockProduct(_:_:_:_:_:_:)`` multiplies.
let panelWidth = 16

/// The element type of a stored affinity together with the compiled kernels of the affinity and its derivative.
protocol SpectralScalar: RealScalar {
  static func squaredDistances(
    _ a: Source, _ aNorm: Source, _ rows: Int, _ b: Source, _ bNorm: Source, _ columns: Int, _ d: Int, _ d2: Destination)
  static func affinity(_ entry: ck_affinity_entry, _ factor: Self, _ x: Destination, _ n: Int)
  static func transpose(_ x: Source, _ rows: Int, _ columns: Int, _ y: Destination)
  static func columnDots(_ a: Source, _ b: Source, _ rows: Int, _ columns: Int, _ sums: UnsafeMutablePointer<Double>)
  static func columnScale(_ factors: UnsafePointer<Double>, _ x: Destination, _ rows: Int, _ columns: Int)
  static func affinityCotangent(
    _ s: Self, _ sColumn: Source, _ d: Self, _ dColumn: Source, _ w: Source, _ b: Destination, _ n: Int
  ) -> Double
  static func accumulate(_ x: Source, _ y: UnsafeMutablePointer<Double>, _ n: Int)
  /// Y = W·X for a panel X of ``panelWidth`` columns, in double.
  static func blockProduct(
    _ w: Source, _ ld: Int, _ x: UnsafePointer<Double>, _ rows: Int, _ n: Int, _ y: UnsafeMutablePointer<Double>)
  /// Y = W·X for a panel X of ``panelWidth`` columns, rounded as W is stored: the fastest there is in this precision.
  static func panelProduct(_ w: Source, _ ld: Int, _ x: Source, _ rows: Int, _ n: Int, _ y: UnsafeMutablePointer<Double>)
  /// C = alpha·A·X + beta·C for a tall A and a packed panel X of ``panelWidth`` columns, of which C takes the first `width`.
  static func tallProduct(
    _ a: Source, _ lda: Int, _ x: Source, _ rows: Int, _ n: Int, _ alpha: Self, _ beta: Self, _ c: Destination, _ ldc: Int,
    _ width: Int)
  /// C += Aᵀ·X for a tall A with m columns and packed panels X and C of ``panelWidth`` columns.
  static func tallInner(_ a: Source, _ lda: Int, _ x: Source, _ rows: Int, _ m: Int, _ c: Destination)
  static func histogram(_ x: Source, _ n: Int, _ shift: Int, _ prefix: UInt64, _ counts: UnsafeMutablePointer<UInt64>)

  /// Bits of the pattern that ``histogram(_:_:_:_:_:)`` walks through, 16 at a time.
  static var patternBits: Int { get }
  static func magnitude(ofPattern pattern: UInt64) -> Double
  /// Relative residual to which a linear solve in this precision is taken.
  static var solveTolerance: Double { get }
  /// Residual ‖Av − λv‖ to which eigenpairs are taken.
  static var eigenTolerance: Double { get }
  /// Error of ``panelProduct(_:_:_:_:_:_:)`` on an eigenvector, relative to its eigenvalue; `nil` if it is exact.
  static var panelError: Double? { get }
  /// Squared distances of at most this share of the norms are computed directly: of the expanded form mostly rounding is left.
  static var closeShare: Self { get }
  /// Eigenvalues closer than this cannot be told apart.
  static var gapTolerance: Double { get }
}

extension Float: SpectralScalar {
  static func squaredDistances(
    _ a: Source, _ aNorm: Source, _ rows: Int, _ b: Source, _ bNorm: Source, _ columns: Int, _ d: Int, _ d2: Destination
  ) { ck_squared_distances_f32(a, aNorm, rows, b, bNorm, columns, d, closeShare, d2) }
  static func affinity(_ entry: ck_affinity_entry, _ factor: Self, _ x: Destination, _ n: Int) {
    ck_affinity_f32(entry, factor, x, n)
  }
  static func transpose(_ x: Source, _ rows: Int, _ columns: Int, _ y: Destination) {
    ck_transpose_f32(x, rows, columns, y)
  }
  static func columnDots(_ a: Source, _ b: Source, _ rows: Int, _ columns: Int, _ sums: UnsafeMutablePointer<Double>) {
    ck_column_dots_f32(a, b, rows, columns, sums)
  }
  static func columnScale(_ factors: UnsafePointer<Double>, _ x: Destination, _ rows: Int, _ columns: Int) {
    ck_column_scale_f32(factors, x, rows, columns)
  }
  static func affinityCotangent(
    _ s: Self, _ sColumn: Source, _ d: Self, _ dColumn: Source, _ w: Source, _ b: Destination, _ n: Int
  ) -> Double { ck_affinity_cotangent_f32(s, sColumn, d, dColumn, w, b, n) }
  static func accumulate(_ x: Source, _ y: UnsafeMutablePointer<Double>, _ n: Int) { ck_accumulate_f32(x, y, n) }
  static func blockProduct(
    _ w: Source, _ ld: Int, _ x: UnsafePointer<Double>, _ rows: Int, _ n: Int, _ y: UnsafeMutablePointer<Double>
  ) { ck_block_product_f32(w, ld, x, rows, n, y) }
  static func panelProduct(
    _ w: Source, _ ld: Int, _ x: Source, _ rows: Int, _ n: Int, _ y: UnsafeMutablePointer<Double>
  ) { ck_panel_product_f32(w, ld, x, rows, n, y) }
  static func tallProduct(
    _ a: Source, _ lda: Int, _ x: Source, _ rows: Int, _ n: Int, _ alpha: Self, _ beta: Self, _ c: Destination, _ ldc: Int,
    _ width: Int
  ) { ck_tall_product_f32(a, lda, x, rows, n, alpha, beta, c, ldc, width) }
  static func tallInner(_ a: Source, _ lda: Int, _ x: Source, _ rows: Int, _ m: Int, _ c: Destination) {
    ck_tall_inner_f32(a, lda, x, rows, m, c)
  }
  static func histogram(
    _ x: Source, _ n: Int, _ shift: Int, _ prefix: UInt64, _ counts: UnsafeMutablePointer<UInt64>
  ) { ck_histogram_f32(x, n, Int32(shift), prefix, counts) }
  static var patternBits: Int { 32 }
  static func magnitude(ofPattern pattern: UInt64) -> Double { Double(Float(bitPattern: UInt32(pattern))) }
  static var solveTolerance: Double { 4e-6 }
  static var eigenTolerance: Double { 1e-9 }
  static var panelError: Double? { 1e-7 }
  static var closeShare: Self { 1e-2 }
  static var gapTolerance: Double { 1e-7 }
}

extension Double: SpectralScalar {
  static func squaredDistances(
    _ a: Source, _ aNorm: Source, _ rows: Int, _ b: Source, _ bNorm: Source, _ columns: Int, _ d: Int, _ d2: Destination
  ) { ck_squared_distances_f64(a, aNorm, rows, b, bNorm, columns, d, closeShare, d2) }
  static func affinity(_ entry: ck_affinity_entry, _ factor: Self, _ x: Destination, _ n: Int) {
    ck_affinity_f64(entry, factor, x, n)
  }
  static func transpose(_ x: Source, _ rows: Int, _ columns: Int, _ y: Destination) {
    ck_transpose_f64(x, rows, columns, y)
  }
  static func columnDots(_ a: Source, _ b: Source, _ rows: Int, _ columns: Int, _ sums: UnsafeMutablePointer<Double>) {
    ck_column_dots_f64(a, b, rows, columns, sums)
  }
  static func columnScale(_ factors: UnsafePointer<Double>, _ x: Destination, _ rows: Int, _ columns: Int) {
    ck_column_scale_f64(factors, x, rows, columns)
  }
  static func affinityCotangent(
    _ s: Self, _ sColumn: Source, _ d: Self, _ dColumn: Source, _ w: Source, _ b: Destination, _ n: Int
  ) -> Double { ck_affinity_cotangent_f64(s, sColumn, d, dColumn, w, b, n) }
  static func accumulate(_ x: Source, _ y: UnsafeMutablePointer<Double>, _ n: Int) { ck_accumulate_f64(x, y, n) }
  static func blockProduct(
    _ w: Source, _ ld: Int, _ x: UnsafePointer<Double>, _ rows: Int, _ n: Int, _ y: UnsafeMutablePointer<Double>
  ) { ck_block_product_f64(w, ld, x, rows, n, y) }
  static func panelProduct(
    _ w: Source, _ ld: Int, _ x: Source, _ rows: Int, _ n: Int, _ y: UnsafeMutablePointer<Double>
  ) { ck_block_product_f64(w, ld, x, rows, n, y) }
  static func tallProduct(
    _ a: Source, _ lda: Int, _ x: Source, _ rows: Int, _ n: Int, _ alpha: Self, _ beta: Self, _ c: Destination, _ ldc: Int,
    _ width: Int
  ) { ck_tall_product_f64(a, lda, x, rows, n, alpha, beta, c, ldc, width) }
  static func tallInner(_ a: Source, _ lda: Int, _ x: Source, _ rows: Int, _ m: Int, _ c: Destination) {
    ck_tall_inner_f64(a, lda, x, rows, m, c)
  }
  static func histogram(
    _ x: Source, _ n: Int, _ shift: Int, _ prefix: UInt64, _ counts: UnsafeMutablePointer<UInt64>
  ) { ck_histogram_f64(x, n, Int32(shift), prefix, counts) }
  static var patternBits: Int { 64 }
  static func magnitude(ofPattern pattern: UInt64) -> Double { Double(bitPattern: pattern) }
  static var solveTolerance: Double { 1e-12 }
  static var eigenTolerance: Double { 1e-12 }
  static var panelError: Double? { nil }
  static var closeShare: Self { 1e-4 }
  static var gapTolerance: Double { 1e-10 }
}
