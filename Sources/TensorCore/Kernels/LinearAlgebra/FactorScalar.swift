import COpenBLAS

/// A floating-point element type with its LAPACK routines: row-major, in place, on one thread; results are LAPACK's info.
package protocol FactorScalar: RealScalar {
  /// The lower factor of a symmetric n×n matrix, over its lower triangle.
  static func potrf(_ n: Int, _ a: Destination) -> Int
  /// op(A)⁻¹B over B (n×k), reading one triangle of A.
  static func trsm(upper: Bool, transposed: Bool, _ n: Int, _ k: Int, _ a: Source, _ b: Destination)
  /// L and U over an n×n matrix, with the rows that were exchanged, counted from 1.
  static func getrf(_ n: Int, _ a: Destination, _ pivots: UnsafeMutablePointer<Int32>) -> Int
  /// op(A)⁻¹B over B (n×k), from what `getrf` left.
  static func getrs(
    transposed: Bool, _ n: Int, _ k: Int, _ a: Source, _ pivots: UnsafePointer<Int32>, _ b: Destination
  ) -> Int
  /// The reciprocal condition number in the 1-norm, from what `getrf` left and the matrix's norm.
  static func gecon(_ n: Int, _ a: Source, norm: Self) -> Self
  /// R over the upper triangle of an m×n matrix, the reflections of Q below it and in `tau`.
  static func geqrf(_ m: Int, _ n: Int, _ a: Destination, _ tau: Destination) -> Int
  /// The first n columns of Q over what `geqrf` left.
  static func orgqr(_ m: Int, _ n: Int, _ a: Destination, _ tau: Source) -> Int
  /// A (m×n, destroyed) = U diag(s) Vᵀ with U m×k, s descending, Vᵀ k×n, k = min(m, n).
  static func gesdd(_ m: Int, _ n: Int, _ a: Destination, _ s: Destination, _ u: Destination, _ vT: Destination) -> Int
}

private let lower = CChar(bitPattern: UInt8(ascii: "L"))
private let oneNorm = CChar(bitPattern: UInt8(ascii: "1"))
private let thin = CChar(bitPattern: UInt8(ascii: "S"))
private func transposition(_ isTransposed: Bool) -> CChar { CChar(bitPattern: UInt8(ascii: isTransposed ? "T" : "N")) }

extension Float: FactorScalar {
  package static func potrf(_ n: Int, _ a: Destination) -> Int {
    BLAS.singleThreaded
    return Int(LAPACKE_spotrf(LAPACK_ROW_MAJOR, lower, Int32(n), a, Int32(n)))
  }
  package static func trsm(upper: Bool, transposed: Bool, _ n: Int, _ k: Int, _ a: Source, _ b: Destination) {
    BLAS.singleThreaded
    cblas_strsm(
      CblasRowMajor, CblasLeft, upper ? CblasUpper : CblasLower, transposed ? CblasTrans : CblasNoTrans, CblasNonUnit,
      blasint(n), blasint(k), 1, a, blasint(n), b, blasint(k))
  }
  package static func getrf(_ n: Int, _ a: Destination, _ pivots: UnsafeMutablePointer<Int32>) -> Int {
    BLAS.singleThreaded
    return Int(LAPACKE_sgetrf(LAPACK_ROW_MAJOR, Int32(n), Int32(n), a, Int32(n), pivots))
  }
  package static func getrs(
    transposed: Bool, _ n: Int, _ k: Int, _ a: Source, _ pivots: UnsafePointer<Int32>, _ b: Destination
  ) -> Int {
    BLAS.singleThreaded
    return Int(
      LAPACKE_sgetrs(LAPACK_ROW_MAJOR, transposition(transposed), Int32(n), Int32(k), a, Int32(n), pivots, b, Int32(k)))
  }
  package static func gecon(_ n: Int, _ a: Source, norm: Self) -> Self {
    BLAS.singleThreaded
    var reciprocal: Self = 0
    return LAPACKE_sgecon(LAPACK_ROW_MAJOR, oneNorm, Int32(n), a, Int32(n), norm, &reciprocal) == 0 ? reciprocal : 0
  }
  package static func geqrf(_ m: Int, _ n: Int, _ a: Destination, _ tau: Destination) -> Int {
    BLAS.singleThreaded
    return Int(LAPACKE_sgeqrf(LAPACK_ROW_MAJOR, Int32(m), Int32(n), a, Int32(n), tau))
  }
  package static func orgqr(_ m: Int, _ n: Int, _ a: Destination, _ tau: Source) -> Int {
    BLAS.singleThreaded
    return Int(LAPACKE_sorgqr(LAPACK_ROW_MAJOR, Int32(m), Int32(n), Int32(n), a, Int32(n), tau))
  }
  package static func gesdd(
    _ m: Int, _ n: Int, _ a: Destination, _ s: Destination, _ u: Destination, _ vT: Destination
  ) -> Int {
    BLAS.singleThreaded
    return Int(
      LAPACKE_sgesdd(LAPACK_ROW_MAJOR, thin, Int32(m), Int32(n), a, Int32(n), s, u, Int32(min(m, n)), vT, Int32(n)))
  }
}

extension Double: FactorScalar {
  package static func potrf(_ n: Int, _ a: Destination) -> Int {
    BLAS.singleThreaded
    return Int(LAPACKE_dpotrf(LAPACK_ROW_MAJOR, lower, Int32(n), a, Int32(n)))
  }
  package static func trsm(upper: Bool, transposed: Bool, _ n: Int, _ k: Int, _ a: Source, _ b: Destination) {
    BLAS.singleThreaded
    cblas_dtrsm(
      CblasRowMajor, CblasLeft, upper ? CblasUpper : CblasLower, transposed ? CblasTrans : CblasNoTrans, CblasNonUnit,
      blasint(n), blasint(k), 1, a, blasint(n), b, blasint(k))
  }
  package static func getrf(_ n: Int, _ a: Destination, _ pivots: UnsafeMutablePointer<Int32>) -> Int {
    BLAS.singleThreaded
    return Int(LAPACKE_dgetrf(LAPACK_ROW_MAJOR, Int32(n), Int32(n), a, Int32(n), pivots))
  }
  package static func getrs(
    transposed: Bool, _ n: Int, _ k: Int, _ a: Source, _ pivots: UnsafePointer<Int32>, _ b: Destination
  ) -> Int {
    BLAS.singleThreaded
    return Int(
      LAPACKE_dgetrs(LAPACK_ROW_MAJOR, transposition(transposed), Int32(n), Int32(k), a, Int32(n), pivots, b, Int32(k)))
  }
  package static func gecon(_ n: Int, _ a: Source, norm: Self) -> Self {
    BLAS.singleThreaded
    var reciprocal: Self = 0
    return LAPACKE_dgecon(LAPACK_ROW_MAJOR, oneNorm, Int32(n), a, Int32(n), norm, &reciprocal) == 0 ? reciprocal : 0
  }
  package static func geqrf(_ m: Int, _ n: Int, _ a: Destination, _ tau: Destination) -> Int {
    BLAS.singleThreaded
    return Int(LAPACKE_dgeqrf(LAPACK_ROW_MAJOR, Int32(m), Int32(n), a, Int32(n), tau))
  }
  package static func orgqr(_ m: Int, _ n: Int, _ a: Destination, _ tau: Source) -> Int {
    BLAS.singleThreaded
    return Int(LAPACKE_dorgqr(LAPACK_ROW_MAJOR, Int32(m), Int32(n), Int32(n), a, Int32(n), tau))
  }
  package static func gesdd(
    _ m: Int, _ n: Int, _ a: Destination, _ s: Destination, _ u: Destination, _ vT: Destination
  ) -> Int {
    BLAS.singleThreaded
    return Int(
      LAPACKE_dgesdd(LAPACK_ROW_MAJOR, thin, Int32(m), Int32(n), a, Int32(n), s, u, Int32(min(m, n)), vT, Int32(n)))
  }
}
