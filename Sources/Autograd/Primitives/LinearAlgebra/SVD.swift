/// A = U diag(s) Vᵀ, reduced.  With T = UᵀȦV, G_ij = 1/(s_j − s_i), H_ij = 1/(s_i + s_j), P = sym T∘G, N = skew T∘H:
/// ṡ = diag T,  U̇ = U(P + N) + (1 − UUᵀ)ȦV/s,  V̇ = V(P − N) + (1 − VVᵀ)ȦᵀU/s;  with a = skew UᵀŪ, b = skew VᵀV̄:
/// Ā = U(diag(s̄) + (a + b)∘G + (a − b)∘H)Vᵀ + ((1 − UUᵀ)Ū/s)Vᵀ + U((1 − VVᵀ)V̄/s)ᵀ
///
/// Townsend, "Differentiating the singular value decomposition" (2016), with 1/(s_j² − s_i²) taken apart. The skew parts are
/// added before the division, so that what depends on no basis (a = −b, as for the polar factor UVᵀ) stays exact however
/// close two singular values are.
struct SVD: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    let shape = inputs[0].shape
    guard shape.rank >= 2 else { throw .shape(name, "expected matrices [batch…, m, n], found \(shape)") }
    let (batch, m, n) = (Array(shape.dropLast(2)), shape[shape.rank - 2], shape[shape.rank - 1])
    let k = min(m, n)
    return [batch + [m, k], batch + [k], batch + [n, k]].map { Signature(Shape($0), dtype) }
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let (u, values, v) = try inputs[0].svd(operation: name)
    return [u, values, v]
  }
  var saves: Saved { .outputs }

  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let (u, s, v) = (pullback.output(0), pullback.output(1), pullback.output(2))
    let cotangents = pullback.cotangents + [Tensor?](repeating: nil, count: 3 - pullback.cotangents.count)
    let singular = RepeatedSingularValues(s.value)
    if let values = cotangents[1] { try singular.check(valuesCotangent: values.value) }
    var result = cotangents[1].map { matmul(u * $0.expanded(at: -2), v, transposeB: true) }
    if cotangents[0] != nil || cotangents[2] != nil {
      let (uBar, vBar) = (cotangents[0] ?? .zeros(like: u), cotangents[2] ?? .zeros(like: v))
      let (inU, inV) = (matmul(u, uBar, transposeA: true), matmul(v, vBar, transposeA: true))
      let (a, b) = (inU.skewPart, inV.skewPart)
      let (outU, outV) = (uBar - matmul(u, inU), vBar - matmul(v, inV))
      try singular.check(
        cotangent: true, gaps: (a + b).value, sums: (a - b).value, outside: [outU.value, outV.value],
        size: [uBar.value, vBar.value])
      let (sums, inverse) = (singular.reciprocalSums(s), singular.reciprocals(s))
      var term = matmul(u, (a + b) * ReciprocalGaps()(s) + (a - b) * sums)
      if u.shape[u.rank - 2] > s.shape[s.rank - 1] { term = term + outU * inverse }
      term = matmul(term, v, transposeB: true)
      if v.shape[v.rank - 2] > s.shape[s.rank - 1] { term = term + matmul(u, outV * inverse, transposeB: true) }
      result = result.map { $0 + term } ?? term
    }
    return [result]
  }

  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let (u, s, v) = (pushforward.output(0), pushforward.output(1), pushforward.output(2))
    let singular = RepeatedSingularValues(s.value)
    let tangent = pushforward.tangent
    let (right, left) = (matmul(tangent, v), matmul(tangent, u, transposeA: true))
    let t = matmul(u, right, transposeA: true)
    let (outU, outV) = (right - matmul(u, t), left - matmul(v, t, transposeB: true))
    let diagonal = (u * right).sum(along: [-2])
    try singular.check(zeroTangents: diagonal.value, of: tangent.value)
    try singular.check(
      cotangent: false, gaps: t.symmetricPart.value, sums: t.skewPart.value, outside: [outU.value, outV.value],
      size: [tangent.value])
    let (p, n) = (t.symmetricPart * ReciprocalGaps()(s), t.skewPart * singular.reciprocalSums(s))
    let inverse = singular.reciprocals(s)
    var (uTangent, vTangent) = (matmul(u, p + n), matmul(v, p - n))
    if u.shape[u.rank - 2] > s.shape[s.rank - 1] { uTangent = uTangent + outU * inverse }
    if v.shape[v.rank - 2] > s.shape[s.rank - 1] { vTangent = vTangent + outV * inverse }
    return [uTangent, diagonal, vTangent]
  }

  /// Singular vectors without their common sign: squares, and U diag(1, 2, …) Vᵀ.
  @Sendable private static func withoutSign(_ outputs: [Tensor]) -> [Tensor] {
    let (u, values, v) = (outputs[0], outputs[1], outputs[2])
    let weights = Tensor((0..<values.shape[values.rank - 1]).map { Double($0 + 1) }, dtype: v.dtype)
    return [values, u * u, v * v, matmul(u * weights, v, transposeB: true)]
  }
  static let samples = [
    Sample(SVD(), .wellConditioned([3, 3]), observe: withoutSign), Sample(SVD(), .wellConditioned([4, 2]), observe: withoutSign),
    Sample(SVD(), .wellConditioned([2, 2, 3]), observe: withoutSign),
    Sample(SVD(), .wellConditioned([2, 1, 2, 2]), observe: withoutSign),
    Sample(SVD(), .wellConditioned([1, 1]), observe: withoutSign), Sample(SVD(), .zeros([0, 0]), observe: withoutSign),
    Sample(SVD(), .zeros([2, 0]), observe: withoutSign), Sample(SVD(), .zeros([0, 3, 2]), observe: withoutSign),
  ]
  static let errorSamples = [ErrorSample(SVD(), [3]), ErrorSample(SVD(), [2, 2], dtype: .int32)]
}

/// The reduced singular value decomposition A = U diag(s) Vᵀ, differentiable.
///
/// The entry of largest magnitude (the first of ties) of each left vector is positive.
///
/// Singular values closer than 10⁻¹⁰ (float32: 10⁻⁵) of the largest count as equal, and as 0 below that. There, only
/// functions that do not depend on the basis chosen inside the singular space have a derivative: the polar factor UVᵀ,
/// projectors, sums over equal singular values. For those the derivative is finite and exact; for others asking for it
/// throws. A singular value of 0 has none itself: it is a magnitude.
///
/// - Parameter a: [batch…, m, n], float32 or float64; k = min(m, n).
/// - Returns: `u` [batch…, m, k] and `v` [batch…, n, k], one singular vector in each column, and `values` [batch…, k],
///   descending.
/// - Throws: `TensorError/numerical(_:_:)` for NaN, infinity, or if LAPACK does not converge; `TensorError/shape(_:_:)`.
///   Its derivatives throw `TensorError/notDifferentiable(_:_:)`, which names the singular values.
public func svd(_ a: Tensor) throws(TensorError) -> (u: Tensor, values: Tensor, v: Tensor) {
  let outputs = try SVD().apply([a])
  return (outputs[0], outputs[1], outputs[2])
}
