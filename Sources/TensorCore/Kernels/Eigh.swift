extension NDArray {
  /// Eigenvalues (ascending) and eigenvectors (columns) of the symmetric part of each matrix [batch…, n, n].
  ///
  /// Each eigenvector's entry of largest magnitude (the first of ties) is positive. LAPACK's divide and conquer on one
  /// thread for each matrix, so the bits do not depend on the number of threads; they may differ between processors.
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
          ? "\(matrix) contains NaN or infinity" : "LAPACK's syevd did not converge on \(matrix) (info \(failure))")
    }
    return (values, vectors ?? self)
  }
}

/// LAPACK's own codes are an argument's position (negative) or a count (positive).
private let notFinite = Int.min

/// One matrix: 0, ``notFinite`` or LAPACK's info.
private func decompose<T: RealScalar>(
  _ n: Int, _ a: UnsafePointer<T>, _ v: UnsafeMutablePointer<T>, _ w: UnsafeMutablePointer<T>
) -> Int {
  var isFinite = true
  for i in 0..<n {
    for j in 0..<n {
      // Halved first, so that the sum of large entries does not overflow.
      let entry = a[i * n + j] / 2 + a[j * n + i] / 2
      isFinite = isFinite && entry.isFinite
      v[i * n + j] = entry
    }
  }
  if !isFinite { return notFinite }
  let info = T.syevd(n, v, w)
  if info != 0 { return info }
  for j in 0..<n {
    var largest = 0
    for i in 1..<max(1, n) where abs(v[i * n + j]) > abs(v[largest * n + j]) { largest = i }
    if v[largest * n + j] < 0 { for i in 0..<n { v[i * n + j] = -v[i * n + j] } }
  }
  return 0
}
