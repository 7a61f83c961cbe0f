/// y = det A;  Ā = ȳ·cof A,  ẏ = ⟨cof A, Ȧ⟩ with the matrix of cofactors, which exists for singular A also
///
/// Giles, "An extended collection of matrix derivative results" (2008), §2.2.4; for A that has an inverse, cof A = det A·A⁻ᵀ.
struct Determinant: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let square = try inferSquare(inputs)
    return [Signature(Shape(Array(square.shape.dropLast(2))), square.dtype)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] { [try inputs[0].determinants(operation: name).value] }

  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let cofactors = try Cofactors().apply([pullback.input(0)])[0]
    return [cofactors * pullback.cotangent.expanded(at: -1).expanded(at: -1)]
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    [(try Cofactors().apply([pushforward.input(0)])[0] * pushforward.tangent).sum(along: [-2, -1])]
  }

  static let samples = [
    Sample(Determinant(), .wellConditioned([3, 3])), Sample(Determinant(), .wellConditioned([2, 1, 2, 2])),
    Sample(Determinant(), .wellConditioned([1, 1])), Sample(Determinant(), .zeros([0, 0])),
    Sample(Determinant(), .zeros([0, 2, 2])), Sample(Determinant(), .zeros([2, 0, 0])),
    Sample(Determinant(), .zeros([3, 3]), secondOrder: false),
  ]
  static let errorSamples = [
    ErrorSample(Determinant(), [3]), ErrorSample(Determinant(), [3, 2]), ErrorSample(Determinant(), [2, 2], dtype: .bool),
  ]
}

/// The determinant of square matrices. Where it may overflow, use ``logDeterminant(_:)``.
///
/// Its derivative, the matrix of cofactors, exists for every matrix, of whatever rank. The second derivative is given for
/// matrices that have an inverse.
///
/// - Parameter a: [batch…, n, n], float32 or float64.
/// - Returns: [batch…]; 1 for 0×0.
/// - Throws: `TensorError/numerical(_:_:)` for NaN and infinity; `TensorError/shape(_:_:)`. Its second derivative throws
///   `TensorError/notDifferentiable(_:_:)` for singular matrices.
public func determinant(_ a: Tensor) throws(TensorError) -> Tensor { try Determinant().apply([a])[0] }
