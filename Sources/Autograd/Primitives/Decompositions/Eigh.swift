/// (A + Aᵀ)/2 = V diag(λ) Vᵀ.  With C = VᵀV̄ and T = VᵀȦV:
/// Ā = V(diag(λ̄) + M)Vᵀ, M_ij = (C_ij − C_ji)/(2(λ_j − λ_i));  λ̇ = diag T,  V̇ = V(F∘T), F_ij = 1/(λ_j − λ_i)
///
/// The difference of C is taken before the division, so that what depends on no basis (C symmetric) stays exact however
/// close two eigenvalues are. See Giles, "An extended collection of matrix derivative results" (2008), §3.1.
struct Eigh: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    let shape = inputs[0].shape
    guard shape.rank >= 2, shape[shape.rank - 1] == shape[shape.rank - 2] else {
      throw .shape(name, "expected square matrices [batch…, n, n], found \(shape)")
    }
    return [Signature(Shape(Array(shape.dropLast())), dtype), Signature(shape, dtype)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let (values, vectors) = try inputs[0].eigh(operation: name)
    return [values, vectors]
  }
  var saves: Saved { .outputs }

  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let (values, v) = (pullback.output(0), pullback.output(1))
    let valuesCotangent = pullback.cotangents[0]
    let skew = (pullback.cotangents.count > 1 ? pullback.cotangents[1] : nil).map { cotangent in
      let c = matmul(v, cotangent, transposeA: true)
      return (c - c.transposed) * 0.5
    }
    try RepeatedEigenvalues(values.value).check(valuesCotangent: valuesCotangent?.value, skew: skew?.value)
    var rotated: Tensor?  // V(diag(λ̄) + M)
    if let valuesCotangent { rotated = v * valuesCotangent.asRow }
    if let skew {
      let term = matmul(v, skew * ReciprocalGaps()(values))
      rotated = rotated.map { $0 + term } ?? term
    }
    return [rotated.map { matmul($0, v, transposeB: true) }]
  }

  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let (values, v) = (pushforward.output(0), pushforward.output(1))
    let tangent = (pushforward.tangent + pushforward.tangent.transposed) * 0.5
    let moved = matmul(tangent, v)
    let t = matmul(v, moved, transposeA: true)
    try RepeatedEigenvalues(values.value).check(tangent: t.value)
    return [(v * moved).sum(along: [-2]), matmul(v, t * ReciprocalGaps()(values))]
  }

  /// Eigenvectors without their sign: squares, and V diag(1, 2, …) Vᵀ.
  @Sendable private static func withoutSign(_ outputs: [Tensor]) -> [Tensor] {
    let (values, v) = (outputs[0], outputs[1])
    let weights = Tensor((0..<values.shape[values.rank - 1]).map { Double($0 + 1) }, dtype: v.dtype)
    return [values, v * v, matmul(v * weights, v, transposeB: true)]
  }
  static let samples = [
    Sample(Eigh(), .symmetricWithGap([4, 4]), observe: withoutSign),
    Sample(Eigh(), .symmetricWithGap([2, 3, 3]), observe: withoutSign),
    Sample(Eigh(), .symmetricWithGap([2, 1, 2, 2]), observe: withoutSign),
    Sample(Eigh(), .normal([1, 1]), observe: withoutSign), Sample(Eigh(), .zeros([0, 0]), observe: withoutSign),
    Sample(Eigh(), .zeros([0, 2, 2]), observe: withoutSign), Sample(Eigh(), .zeros([2, 0, 0]), observe: withoutSign),
  ]
  static let errorSamples = [
    ErrorSample(Eigh(), [3]), ErrorSample(Eigh(), [3, 2]), ErrorSample(Eigh(), [2, 2], dtype: .int32),
  ]
}

extension Tensor {
  /// [batch…, n] as [batch…, 1, n], which scales columns.
  fileprivate var asRow: Tensor { reshaped(to: Shape(shape.extents.dropLast() + [1, shape[rank - 1]])) }
}

/// Eigenvalues and eigenvectors of symmetric matrices, differentiable.
///
/// Reads the symmetric part (A + Aᵀ)/2, so that the derivative is defined for every entry of A. Each eigenvector's entry
/// of largest magnitude (the first of ties) is positive.
///
/// Eigenvalues closer than 10⁻¹⁰ (float32: 10⁻⁵) of the spectral norm count as repeated. There, only functions that do not
/// depend on the basis chosen inside the eigenspace have a derivative: projectors Σ v vᵀ over a whole cluster of repeated
/// eigenvalues, or sums over it. For those the derivative is finite and exact; for others asking for it throws.
///
/// - Parameter a: [batch…, n, n], float32 or float64.
/// - Returns: `values` [batch…, n], ascending, and `vectors` [batch…, n, n], one eigenvector in each column.
/// - Throws: `TensorError.numerical` for NaN, infinity, or if LAPACK does not converge; `TensorError.shape`.
///   Its derivatives throw `TensorError.notDifferentiable`, which names the repeated pair.
public func eigh(_ a: Tensor) throws(TensorError) -> (values: Tensor, vectors: Tensor) {
  let outputs = try Eigh().apply([a])
  return (outputs[0], outputs[1])
}
