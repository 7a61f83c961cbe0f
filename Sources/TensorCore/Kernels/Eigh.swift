extension NDArray {
  /// Eigenvalues (ascending) and eigenvectors (columns) of the symmetric part of each matrix [batch…, n, n].
  ///
  /// Each eigenvector's entry of largest magnitude (the first of ties) is positive. LAPACK's divide and conquer on one
  /// thread; a large matrix is reduced to three diagonals, and the vectors brought back, in pieces that follow from its size, so the
  /// bits do not depend on the number of threads. They may differ between processors.
  package func eigh(operation: String) throws(TensorError) -> (values: NDArray, vectors: NDArray) {
    switch dtype {
    case .float32: try eigh(Float.self, operation)
    default: try eigh(Double.self, operation)
    }
  }

  private func eigh<T: RealScalar>(_: T.Type, _ operation: String) throws(TensorError) -> (values: NDArray, vectors: NDArray) {
    let n = shape[rank - 1]
    let batch = shape.dropLast(2).reduce(1, *)
    var failures = [Int](repeating: 0, count: n == 0 ? 0 : batch)
    var vectors: NDArray?
    let values = NDArray.building(Shape(Array(shape.dropLast())), as: T.self) { values in
      vectors = NDArray.building(shape, as: T.self) { vectors in
        withUnsafeBufferPointer(as: T.self) { input in
          failures.withUnsafeMutableBufferPointer { failures in
            guard let a = input.baseAddress, let v = vectors.baseAddress, let w = values.baseAddress else { return }
            let results = UncheckedSendable(failures)
            Parallel.forEach(failures.count) { index in
              results.value[index] = decompose(n, a + index * n * n, v + index * n * n, w + index * n)
            }
          }
        }
      }
    }
    for (index, failure) in failures.enumerated() where failure != 0 {
      let matrix = batch == 1 ? "the \(n)×\(n) matrix" : "matrix \(index) of \(shape)"
      throw .numerical(
        operation,
        failure == notFinite
          ? "\(matrix) contains NaN or infinity" : "LAPACK's stedc did not converge on \(matrix) (info \(failure))")
    }
    return (values, vectors ?? self)
  }
}

/// From here on several threads are worth their while.
private let large = 256

/// LAPACK's own codes are an argument's position (negative) or a count (positive).
private let notFinite = Int.min

/// One matrix: 0, ``notFinite`` or LAPACK's info. As its syevd, but without transposing what is symmetric or transposed in
/// any case; large ones on several threads.
private func decompose<T: RealScalar>(_ n: Int, _ a: UnsafePointer<T>, _ v: UnsafeMutablePointer<T>, _ w: UnsafeMutablePointer<T>)
  -> Int
{
  let largest = symmetrize(n, a, v)
  if !largest.isFinite { return notFinite }
  // Squares of the entries must neither overflow nor vanish. A power of two changes no digit.
  let exponent = max(largest.exponent, T.leastNormalMagnitude.exponent)
  let scale = largest == 0 ? 1 : T(sign: .plus, exponent: -exponent, significand: 1)
  if scale != 1 { T.affine(scale, 0, v, v, n * n) }
  let vectors = Storage(byteCount: n * n * MemoryLayout<T>.stride)
  let z = vectors.pointer.bindMemory(to: T.self, capacity: n * n)
  let info = withUnsafeTemporaryAllocation(of: T.self, capacity: 2 * n) { buffer -> Int in
    guard n > 0, let e = buffer.baseAddress else { return 0 }
    let tau = e + n
    if n >= large {
      let reduced = Tridiagonalization(n, v, diagonal: w, off: e, factors: tau)
      let info = T.stedc(n, w, e, z)
      if info == 0 { reduced.multiply(z, count: n) }
      return info
    }
    var info = T.sytrd(n, v, w, e, tau)
    if info == 0 { info = T.stedc(n, w, e, z) }
    if info == 0 { T.ormtr(n, n, v, tau, z) }
    return info
  }
  if info != 0 { return info }
  if scale != 1 { T.affine(1 / scale, 0, w, w, n) }
  withExtendedLifetime(vectors) { transposeWithSigns(n, z, v) }
  return 0
}

private let tile = 32

/// Writes (A + Aᵀ)/2 to `v` and returns its largest magnitude, infinite if an entry is not finite. By tiles: columns of a large
/// matrix miss the cache at every entry.
private func symmetrize<T: RealScalar>(_ n: Int, _ a: UnsafePointer<T>, _ v: UnsafeMutablePointer<T>) -> T {
  var (largest, isFinite) = (T.zero, true)
  for top in stride(from: 0, to: n, by: tile) {
    for left in stride(from: 0, through: top, by: tile) {
      for i in top..<min(n, top + tile) {
        for j in left..<min(i + 1, left + tile) {
          // Halved first, so that the sum of large entries does not overflow.
          let entry = a[i * n + j] / 2 + a[j * n + i] / 2
          isFinite = isFinite && entry.isFinite
          largest = max(largest, abs(entry))
          v[i * n + j] = entry
          v[j * n + i] = entry
        }
      }
    }
  }
  return isFinite ? largest : .infinity
}

/// Moves the eigenvectors from the rows of `z` to the columns of `v`, each with the sign that makes its largest entry positive.
private func transposeWithSigns<T: RealScalar>(_ n: Int, _ z: UnsafePointer<T>, _ v: UnsafeMutablePointer<T>) {
  Parallel.forEachChunk(of: n, size: n < 128 ? max(1, n) : tile) { columns in
    withUnsafeTemporaryAllocation(of: T.self, capacity: columns.count) { signs in
      for j in columns {
        var largest = 0
        for i in 1..<max(1, n) where abs(z[j * n + i]) > abs(z[j * n + largest]) { largest = i }
        signs[j - columns.lowerBound] = z[j * n + largest] < 0 ? -1 : 1
      }
      for top in stride(from: 0, to: n, by: tile) {
        for i in top..<min(n, top + tile) {
          for j in columns { v[i * n + j] = signs[j - columns.lowerBound] * z[j * n + i] }
        }
      }
    }
  }
}
