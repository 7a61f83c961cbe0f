/// The solution X of least norm among those that make ‖A·X − B‖ least, A⁺B, for matrices of any shape and rank.
///
/// Through the singular value decomposition of A, so that columns that depend on each other do no harm. Its derivative needs
/// full rank, min(m, n): elsewhere the solution jumps with the least disturbance of A.
///
/// - Parameters:
///   - a: [batch…, m, n], float32 or float64.
///   - b: right sides [batch…, m, k]; batches broadcast.
///   - relativeCutoff: singular values up to this part of the largest count as 0; max(m, n)·ε unless given.
/// - Returns: [batch…, n, k].
/// - Throws: `TensorError/numerical(_:_:)` for NaN or infinity in A, or if LAPACK does not converge; `TensorError/shape(_:_:)`,
///   `TensorError/dtype(_:_:)`; `TensorError/argument(_:_:)` for a negative cutoff. Its derivative with respect to A throws
///   `TensorError/notDifferentiable(_:_:)` if the rank is not full.
public func leastSquares(_ a: Tensor, _ b: Tensor, relativeCutoff: Double? = nil) throws(TensorError) -> Tensor {
  guard a.rank >= 2, b.rank >= 2, a.shape[a.rank - 2] == b.shape[b.rank - 2] else {
    throw .shape("leastSquares", "expected right sides [batch…, m, k] for matrices [batch…, m, n] \(a.shape), found \(b.shape)")
  }
  return try MatMul().apply([try pseudoInverse(a, relativeCutoff: relativeCutoff), b])[0]
}
