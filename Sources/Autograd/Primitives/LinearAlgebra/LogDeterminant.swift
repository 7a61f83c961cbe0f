/// sign A and ln |det A|;  Ȧ ↦ tr(A⁻¹Ȧ),  Ā = ȳ·A⁻ᵀ for the logarithm, 0 for the sign
///
/// Giles, "An extended collection of matrix derivative results" (2008), §2.2.4.
struct LogDeterminant: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let square = try inferSquare(inputs)
    let signature = Signature(Shape(Array(square.shape.dropLast(2))), square.dtype)
    return [signature, signature]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let (_, sign, logarithm) = try inputs[0].determinants(operation: name)
    return [sign, logarithm]
  }
  var saves: Saved { [.inputs, .outputs] }

  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    guard pullback.cotangents.count > 1, let cotangent = pullback.cotangents[1] else { return [nil] }
    let a = pullback.input(0)
    try checkSigns(pullback.output(0).value)
    return [try Solve(transposed: true).apply([a, a.unit])[0] * cotangent.expanded(at: -1).expanded(at: -1)]
  }

  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let a = pushforward.input(0)
    try checkSigns(pushforward.output(0).value)
    let inverse = try Solve(transposed: true).apply([a, a.unit])[0]
    return [nil, (inverse * pushforward.tangent).sum(along: [-2, -1])]
  }

  private func checkSigns(_ signs: NDArray) throws(TensorError) {
    if let index = signs.doubles.firstIndex(of: 0) {
      throw .notDifferentiable(
        name, "matrix \(index) is singular, where the logarithm is −∞. The determinant itself has a derivative there.")
    }
  }

  static let samples = [
    Sample(LogDeterminant(), .wellConditioned([3, 3])), Sample(LogDeterminant(), .wellConditioned([2, 1, 4, 4])),
    Sample(LogDeterminant(), .wellConditioned([1, 1])), Sample(LogDeterminant(), .zeros([0, 0])),
    Sample(LogDeterminant(), .zeros([0, 2, 2])), Sample(LogDeterminant(), .zeros([2, 0, 0])),
  ]
  static let errorSamples = [
    ErrorSample(LogDeterminant(), [3]), ErrorSample(LogDeterminant(), [3, 2]),
    ErrorSample(LogDeterminant(), [2, 2], dtype: .int64),
  ]
}

/// The sign of the determinant of square matrices and the logarithm of its magnitude, where the determinant itself would
/// overflow.
///
/// - Parameter a: [batch…, n, n], float32 or float64.
/// - Returns: `sign`, −1, 0 or 1, and `logarithm`, ln |det A|, both [batch…]; 0 and −∞ for a singular matrix, 1 and 0 for 0×0.
/// - Throws: `TensorError/numerical(_:_:)` for NaN and infinity; `TensorError/shape(_:_:)`. Its derivative throws
///   `TensorError/notDifferentiable(_:_:)` for a singular matrix, and `TensorError/numerical(_:_:)` for one that is so to
///   working precision.
public func logDeterminant(_ a: Tensor) throws(TensorError) -> (sign: Tensor, logarithm: Tensor) {
  let outputs = try LogDeterminant().apply([a])
  return (outputs[0], outputs[1])
}
