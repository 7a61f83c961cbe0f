extension NDArray {
  /// The lower factor L of the symmetric part of each matrix [batch…, n, n], LLᵀ = (A + Aᵀ)/2.
  package func cholesky(operation: String) throws(TensorError) -> NDArray {
    switch dtype {
    case .float32: try cholesky(Float.self, operation)
    default: try cholesky(Double.self, operation)
    }
  }

  private func cholesky<T: FactorScalar>(_: T.Type, _ operation: String) throws(TensorError) -> NDArray {
    let batch = MatrixBatch(shape)
    let (n, factors) = (batch.rows, Draft<T>(self))
    if n == 0 { return factors.array }
    try batch.forEach(
      operation, explain: { "is not positive definite: its leading minor of order \($0) is not positive" }
    ) { decompose(n, factors.pointer + $0 * batch.size) }
    return factors.array
  }
}

private func decompose<T: FactorScalar>(_ n: Int, _ a: UnsafeMutablePointer<T>) -> Int {
  for i in 0..<n {
    // Halved first, so that the sum of large entries does not overflow.
    for j in 0..<i { a[i * n + j] = a[i * n + j] / 2 + a[j * n + i] / 2 }
    for j in i + 1..<n where !a[i * n + j].isFinite { return MatrixBatch.notFinite }
  }
  for i in 0..<n {
    for j in 0...i where !a[i * n + j].isFinite { return MatrixBatch.notFinite }
  }
  let info = T.potrf(n, a)
  for i in 0..<n {
    for j in i + 1..<n { a[i * n + j] = 0 }
  }
  return info
}
