/// C = cof A, the transposed adjugate.  With B = A⁻ᵀ: Ċ = ⟨C, Ȧ⟩B − CȦᵀB,  Ā = ⟨B, C̄⟩C − BC̄ᵀC
///
/// The derivative of the determinant; an operation of its own, so that it can be differentiated again. From A = U diag(s) Vᵀ,
/// C = det U · det V · U diag(Π_{j≠i} s_j) Vᵀ, exact for matrices of any rank.
struct Cofactors: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { [try inferSquare(inputs)] }

  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let (u, values, v) = try inputs[0].svd(operation: name)
    let n = values.shape[values.rank - 1]
    let signs = [try u.determinants(operation: name).sign.doubles, try v.determinants(operation: name).sign.doubles]
    let s = values.doubles
    let products = s.indices.map { place -> Double in
      let matrix = place / n
      let others = (matrix * n..<(matrix + 1) * n).filter { $0 != place }
      return others.reduce(signs[0][matrix] * signs[1][matrix]) { $0 * s[$1] }
    }
    let scaled = Tensor(u) * Tensor(NDArray(products, shape: values.shape).converted(to: u.dtype)).expanded(at: -2)
    return [NDArray.matmul(scaled.value, v, transposeA: false, transposeB: true)]
  }
  var saves: Saved { [.inputs, .outputs] }

  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    let (c, b, cotangent) = (pullback.output(0), try inverseTransposed(pullback.input(0)), pullback.cotangent)
    return [(b * cotangent).matrixSum * c - matmul(matmul(b, cotangent, transposeB: true), c)]
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let (c, b, tangent) = (pushforward.output(0), try inverseTransposed(pushforward.input(0)), pushforward.tangent)
    return [(c * tangent).matrixSum * b - matmul(matmul(c, tangent, transposeB: true), b)]
  }

  private func inverseTransposed(_ a: Tensor) throws(TensorError) -> Tensor {
    do { return try Solve(transposed: true).apply([a, a.unit])[0] } catch {
      guard case .numerical(_, let message) = error else { throw error }
      throw .notDifferentiable(name, "\(message). The second derivative of the determinant is given where an inverse exists.")
    }
  }

  static let samples = [
    Sample(Cofactors(), .wellConditioned([3, 3])), Sample(Cofactors(), .wellConditioned([2, 1, 2, 2])),
    Sample(Cofactors(), .wellConditioned([1, 1])), Sample(Cofactors(), .zeros([0, 0])),
    Sample(Cofactors(), .zeros([0, 2, 2])), Sample(Cofactors(), .zeros([2, 0, 0])),
  ]
  static let errorSamples = [ErrorSample(Cofactors(), [3]), ErrorSample(Cofactors(), [3, 2])]
}
