extension NDArray {
  /// A = U diag(s) Vᵀ for each matrix [batch…, m, n], k = min(m, n): U [batch…, m, k], s [batch…, k] descending,
  /// V [batch…, n, k]. The entry of largest magnitude (the first of ties) of each left vector is positive.
  package func svd(operation: String) throws(TensorError) -> (u: NDArray, values: NDArray, v: NDArray) {
    switch dtype {
    case .float32: try svd(Float.self, operation)
    default: try svd(Double.self, operation)
    }
  }

  private func svd<T: FactorScalar>(
    _: T.Type, _ operation: String
  ) throws(TensorError) -> (u: NDArray, values: NDArray, v: NDArray) {
    let batch = MatrixBatch(shape)
    let (m, n) = (batch.rows, batch.columns)
    let k = min(m, n)
    let (a, s) = (Draft<T>(self), Draft<T>(Shape(batch.extents + [k])))
    let (u, v) = (Draft<T>(Shape(batch.extents + [m, k])), Draft<T>(Shape(batch.extents + [n, k])))
    if k > 0 {
      try batch.forEach(operation, explain: { "has no singular values: LAPACK's gesdd did not converge (info \($0))" }) {
        decompose(m, n, a.pointer + $0 * m * n, s.pointer + $0 * k, u.pointer + $0 * m * k, v.pointer + $0 * n * k)
      }
    }
    return (u.array, s.array, v.array)
  }
}

/// One matrix, which is destroyed.
private func decompose<T: FactorScalar>(
  _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<T>, _ s: UnsafeMutablePointer<T>, _ u: UnsafeMutablePointer<T>,
  _ v: UnsafeMutablePointer<T>
) -> Int {
  if !areFinite(UnsafePointer(a), m * n) { return MatrixBatch.notFinite }
  let k = min(m, n)
  var rows = [T](repeating: 0, count: k * n)
  let info = T.gesdd(m, n, a, s, u, &rows)
  if info != 0 { return info }
  rows.withUnsafeBufferPointer { rows in
    for j in 0..<k {
      var largest = 0
      for i in 0..<m where abs(u[i * k + j]) > abs(u[largest * k + j]) { largest = i }
      let sign: T = u[largest * k + j] < 0 ? -1 : 1
      for i in 0..<m { u[i * k + j] *= sign }
      for i in 0..<n { v[i * k + j] = sign * rows[j * n + i] }
    }
  }
  return areFinite(UnsafePointer(s), k) ? 0 : MatrixBatch.overflow
}
