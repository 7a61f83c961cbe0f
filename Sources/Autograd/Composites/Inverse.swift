/// The inverse of square matrices, A⁻¹. To apply it, ``solve(_:_:)`` is faster and more exact.
///
/// - Parameter a: [batch…, n, n], float32 or float64.
/// - Returns: [batch…, n, n].
/// - Throws: `TensorError/numerical(_:_:)` for NaN, infinity, and a matrix that is singular, also to working precision;
///   `TensorError/shape(_:_:)`.
public func inverse(_ a: Tensor) throws(TensorError) -> Tensor {
  _ = try Solve().inferSquare([Signature(a)])
  return try Solve().apply([a, a.unit])[0]
}
