extension NDArray {
  /// A = QR for each matrix [batch…, m, n], m ≥ n: Q [batch…, m, n] with orthonormal columns, R [batch…, n, n] upper
  /// triangular without negative numbers on its diagonal.
  package func qr(operation: String) throws(TensorError) -> (q: NDArray, r: NDArray) {
    switch dtype {
    case .float32: try qr(Float.self, operation)
    default: try qr(Double.self, operation)
    }
  }

  private func qr<T: FactorScalar>(_: T.Type, _ operation: String) throws(TensorError) -> (q: NDArray, r: NDArray) {
    let batch = MatrixBatch(shape)
    let (m, n) = (batch.rows, batch.columns)
    let (q, r) = (Draft<T>(self), Draft<T>(Shape(batch.extents + [n, n])))
    if n == 0 { return (q.array, r.array) }
    try batch.forEach(operation, explain: { "was refused by LAPACK's geqrf (info \($0))" }) { index in
      decompose(m, n, q.pointer + index * m * n, r.pointer + index * n * n)
    }
    return (q.array, r.array)
  }
}

/// One matrix: `q` holds it before, and Q after.
private func decompose<T: FactorScalar>(
  _ m: Int, _ n: Int, _ q: UnsafeMutablePointer<T>, _ r: UnsafeMutablePointer<T>
) -> Int {
  if !areFinite(UnsafePointer(q), m * n) { return MatrixBatch.notFinite }
  var tau = [T](repeating: 0, count: n)
  let factored = T.geqrf(m, n, q, &tau)
  if factored != 0 { return factored }
  for i in 0..<n {
    for j in i..<n { r[i * n + j] = q[i * n + j] }
  }
  let expanded = T.orgqr(m, n, q, tau)
  if expanded != 0 { return expanded }
  for i in 0..<n where r[i * n + i] < 0 {
    for j in i..<n { r[i * n + j] = -r[i * n + j] }
    for row in 0..<m { q[row * n + i] = -q[row * n + i] }
  }
  return areFinite(UnsafePointer(r), n * n) ? 0 : MatrixBatch.overflow
}
