/// P = A⁺, Moore and Penrose's inverse.  With L = 1 − AP and R = 1 − PA:
/// Ṗ = −PȦP + PPᵀȦᵀL + RȦᵀPᵀP;  Ā = −PᵀP̄Pᵀ + LP̄ᵀPPᵀ + PᵀPP̄ᵀR
///
/// Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate"
/// (1973), equation 4.12. Nothing is divided by gaps of singular values, so equal ones do no harm.
struct PseudoInverse: Primitive {
  /// Singular values up to this part of the largest count as 0; max(m, n)·ε unless given.
  var relativeCutoff: Double?

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    let shape = inputs[0].shape
    guard shape.rank >= 2 else { throw .shape(name, "expected matrices [batch…, m, n], found \(shape)") }
    if let relativeCutoff, !(relativeCutoff >= 0) { throw .argument(name, "a cutoff of \(relativeCutoff) is negative") }
    return [Signature(Shape(shape.dropLast(2) + [shape[shape.rank - 1], shape[shape.rank - 2]]), dtype)]
  }

  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let a = inputs[0]
    let (u, values, v) = try a.svd(operation: name)
    let k = values.shape[values.rank - 1]
    let epsilon = a.dtype == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne
    let cutoff = relativeCutoff ?? Double(max(a.shape[a.rank - 2], a.shape[a.rank - 1])) * epsilon
    let s = values.doubles
    let reciprocals = s.indices.map { place -> Double in
      // Below the smallest normal number there is no finite reciprocal.
      let smallest = a.dtype == .float32 ? Double(Float.leastNormalMagnitude) : Double.leastNormalMagnitude
      return s[place] > max(cutoff * s[place - place % k], smallest) ? 1 / s[place] : 0
    }
    let scaled = Tensor(v) * Tensor(NDArray(reciprocals, shape: values.shape).converted(to: a.dtype)).expanded(at: -2)
    return [NDArray.matmul(scaled.value, u, transposeA: false, transposeB: true)]
  }
  var saves: Saved { [.inputs, .outputs] }

  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let (a, p, cotangent) = (pullback.input(0), pullback.output(0), pullback.cotangent)
    try checkRank(a.value, p.value)
    let (m, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1])
    let transposed = cotangent.transposed
    var result = -matmul(matmul(p, cotangent, transposeA: true), p, transposeB: true)
    if m > n {  // Otherwise L = 0.
      let term = matmul(matmul(transposed, p), p, transposeB: true)
      result = result + term - matmul(a, matmul(p, term))
    }
    if n > m {  // Otherwise R = 0.
      let term = matmul(p, matmul(p, transposed), transposeA: true)
      result = result + term - matmul(matmul(term, p), a)
    }
    return [result]
  }

  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let (a, p, tangent) = (pushforward.input(0), pushforward.output(0), pushforward.tangent)
    try checkRank(a.value, p.value)
    let (m, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1])
    var result = -matmul(matmul(p, tangent), p)
    if m > n {
      let term = matmul(p, matmul(tangent, p), transposeB: true)
      result = result + term - matmul(matmul(term, a), p)
    }
    if n > m {
      let term = matmul(matmul(tangent, p, transposeA: true, transposeB: true), p)
      result = result + term - matmul(p, matmul(a, term))
    }
    return [result]
  }

  /// Where the rank is not full, the least disturbance changes it, and A⁺ jumps. tr(A⁺A) is the rank.
  private func checkRank(_ a: NDArray, _ p: NDArray) throws(TensorError) {
    let full = min(a.shape[a.rank - 2], a.shape[a.rank - 1])
    if full == 0 { return }
    let ranks = (Tensor(a) * Tensor(p).transposed).sum(along: [-2, -1]).doubles
    for (matrix, rank) in ranks.enumerated() where !(rank > Double(full) - 0.5) {
      throw .notDifferentiable(
        name, "matrix \(matrix) has rank \(Int(max(0, rank.rounded()))), not \(full): its pseudo-inverse jumps there")
    }
  }

  static let samples = [
    Sample(PseudoInverse(), .wellConditioned([3, 3])), Sample(PseudoInverse(), .wellConditioned([4, 2])),
    Sample(PseudoInverse(relativeCutoff: 1e-3), .wellConditioned([2, 2, 3])), Sample(PseudoInverse(), .wellConditioned([1, 1])),
    Sample(PseudoInverse(), .zeros([0, 0])), Sample(PseudoInverse(), .zeros([2, 0])),
    Sample(PseudoInverse(), .zeros([0, 3, 2])),
  ]
  static let errorSamples = [
    ErrorSample(PseudoInverse(), [3]), ErrorSample(PseudoInverse(), [2, 2], dtype: .int32),
    ErrorSample(PseudoInverse(relativeCutoff: -1), [2, 2]), ErrorSample(PseudoInverse(relativeCutoff: .nan), [2, 2]),
  ]
}

/// Moore and Penrose's inverse A⁺, through the singular value decomposition.
///
/// - Parameters:
///   - a: [batch…, m, n], float32 or float64.
///   - relativeCutoff: singular values up to this part of the largest count as 0; max(m, n)·ε unless given.
/// - Returns: [batch…, n, m].
/// - Throws: `TensorError/numerical(_:_:)` for NaN, infinity, or if LAPACK does not converge; `TensorError/shape(_:_:)`;
///   `TensorError/argument(_:_:)` for a negative cutoff. Its derivatives throw `TensorError/notDifferentiable(_:_:)` for a
///   matrix whose rank is below min(m, n), where the pseudo-inverse jumps.
public func pseudoInverse(_ a: Tensor, relativeCutoff: Double? = nil) throws(TensorError) -> Tensor {
  try PseudoInverse(relativeCutoff: relativeCutoff).apply([a])[0]
}
