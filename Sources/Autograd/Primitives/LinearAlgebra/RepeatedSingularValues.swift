/// Singular values that count as equal or as 0, and what a derivative may ask of them. See ``RepeatedEigenvalues``.
struct RepeatedSingularValues {
  private let values: [Double]
  private let k: Int
  private let dtype: DType
  /// Matrix of the batch and its pair i < j.
  private let pairs: [(matrix: Int, i: Int, j: Int)]
  /// For each singular value of each matrix.
  private let isZero: [Bool]

  /// What is smaller than this part of its whole vanishes: see ``RepeatedEigenvalues``.
  private var vanishing: Double { dtype == .float32 ? 1e-4 : 1e-8 }
  private var rounding: Double { dtype == .float32 ? 1e-6 : 1e-14 }

  /// - Parameter values: [batch…, k], descending.
  init(_ values: NDArray) {
    let (all, k) = (values.doubles, values.shape[values.rank - 1])
    let tolerance = RepeatedEigenvalues.gapTolerance(values.dtype)
    (self.values, self.k, dtype) = (all, k, values.dtype)
    var pairs: [(Int, Int, Int)] = []
    var isZero: [Bool] = []
    for matrix in 0..<(k == 0 ? 0 : all.count / k) {
      let s = all[matrix * k..<(matrix + 1) * k]
      let norm = s.first ?? 0
      // A number so small that its reciprocal overflows is 0 as well.
      isZero += s.map { $0 <= tolerance * norm || !Self.hasReciprocal($0, values.dtype) }
      for (i, larger) in s.enumerated() {
        var j = i + 1
        while j < k, larger - all[matrix * k + j] <= tolerance * norm {
          pairs.append((matrix, i, j))
          j += 1
        }
      }
    }
    (self.pairs, self.isZero) = (pairs, isZero)
  }

  private static func hasReciprocal(_ value: Double, _ dtype: DType) -> Bool {
    dtype == .float32 ? (1 / Float(value)).isFinite : (1 / value).isFinite
  }

  /// 1/s as [batch…, 1, k], and 0 where s counts as 0.
  func reciprocals(_ s: Tensor) -> Tensor { masked(isZero.map { !$0 }, s).expanded(at: -2) }

  /// 1/(s_i + s_j), and 0 where both count as 0 and on the diagonal, where it meets the zeros of skew matrices.
  func reciprocalSums(_ s: Tensor) -> Tensor {
    var mask: [Bool] = []
    for matrix in 0..<(k == 0 ? 0 : values.count / k) {
      for i in 0..<k {
        for j in 0..<k { mask.append(i != j && !(isZero[matrix * k + i] && isZero[matrix * k + j])) }
      }
    }
    return masked(mask, s.expanded(at: -1) + s.expanded(at: -2))
  }

  private func masked(_ mask: [Bool], _ x: Tensor) -> Tensor {
    let mask = Tensor(NDArray(mask, shape: x.shape))
    return select(where: mask, 1 / select(where: mask, x, else: 1), else: 0)
  }

  /// Reverse mode: equal singular values have equal cotangents, and 0, where the value is a magnitude, has none.
  func check(valuesCotangent: NDArray) throws(TensorError) {
    if pairs.isEmpty && !isZero.contains(true) { return }
    let c = valuesCotangent.doubles
    for (place, value) in c.enumerated() where isZero[place] && isPresent(value, of: norm(c, place / k, k)) {
      throw error(place / k, place % k, nil, "the singular value 0 has a kink: it has a cotangent of \(value)")
    }
    for (matrix, i, j) in pairs {
      let (x, y) = (c[matrix * k + i], c[matrix * k + j])
      if isPresent(x - y, of: norm(c, matrix, k)) { throw error(matrix, i, j, "their cotangents \(x) and \(y) differ") }
    }
  }

  /// Forward mode: a singular value of 0 moves as a magnitude does, with a kink.
  func check(zeroTangents: NDArray, of tangent: NDArray) throws(TensorError) {
    if !isZero.contains(true) { return }
    let (t, whole) = (zeroTangents.doubles, tangent.doubles)
    let size = whole.count / max(1, values.count / max(1, k))
    for (place, value) in t.enumerated() where isZero[place] && isPresent(value, of: norm(whole, place / k, size)) {
      throw error(place / k, place % k, nil, "the singular value 0 has a kink: it has a tangent of \(value)")
    }
  }

  /// What is divided by gaps, by sums and by singular values vanishes where these do.
  ///
  /// - Parameters:
  ///   - gaps: [batch…, k, k], divided by s_j − s_i.
  ///   - sums: [batch…, k, k], divided by s_i + s_j.
  ///   - outside: [batch…, m, k] and [batch…, n, k], divided by s.
  ///   - size: what all these are parts of.
  func check(
    cotangent: Bool, gaps: NDArray, sums: NDArray, outside: [NDArray], size: [NDArray]
  ) throws(TensorError) {
    if pairs.isEmpty && !isZero.contains(true) { return }
    let count = values.count / k
    let wholes = size.map(\.doubles)
    func whole(_ matrix: Int) -> Double {
      wholes.reduce(0) { max($0, norm($1, matrix, $1.count / count)) }
    }
    let (g, h) = (gaps.doubles, sums.doubles)
    let subject = cotangent ? "the cotangent of the singular vectors" : "the tangent of the matrix"
    for (matrix, i, j) in pairs {
      let bothZero = isZero[matrix * k + i] && isZero[matrix * k + j]
      let place = (matrix * k + i) * k + j
      if isPresent(g[place], of: whole(matrix)) || bothZero && isPresent(h[place], of: whole(matrix)) {
        throw error(matrix, i, j, "\(subject) turns them within their common singular space")
      }
    }
    for part in outside.map(\.doubles) {
      for (place, value) in part.enumerated() {
        let (matrix, j) = (place / (part.count / count), place % k)
        if isZero[matrix * k + j] && isPresent(value, of: whole(matrix)) {
          throw error(matrix, j, nil, "\(subject) turns a vector of the singular value 0 out of the others' space")
        }
      }
    }
  }

  private func isPresent(_ part: Double, of whole: Double) -> Bool { !(abs(part) <= max(vanishing * whole, rounding)) }

  private func norm(_ entries: [Double], _ matrix: Int, _ size: Int) -> Double {
    entries[matrix * size..<(matrix + 1) * size].reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  private func error(_ matrix: Int, _ i: Int, _ j: Int?, _ reason: String) -> TensorError {
    let place = values.count == k ? "" : " of matrix \(matrix)"
    let subject =
      if let j {
        "singular values \(i) and \(j)\(place) are equal (\(values[matrix * k + i]) and \(values[matrix * k + j]))"
      } else {
        "singular value \(i)\(place) counts as 0 (\(values[matrix * k + i]))"
      }
    return .notDifferentiable(
      SVD.name,
      "\(subject) and \(reason). Use what does not depend on a basis of the singular space (the projector Σ u uᵀ or the "
        + "product Σ u vᵀ over all vectors of the repeated singular value, or the sum of its values), or perturb the matrix.")
  }
}
