/// Pairs of eigenvalues that count as equal, and what a derivative may ask of them.
struct RepeatedEigenvalues {
  private let values: [Double]
  private let n: Int
  private let dtype: DType
  /// Matrix of the batch and its pair i < j.
  private let pairs: [(matrix: Int, i: Int, j: Int)]

  /// Eigenvalues closer than this part of the spectral norm are equal: well above LAPACK's error, n·ε in practice.
  static func gapTolerance(_ dtype: DType) -> Double { dtype == .float32 ? 1e-5 : 1e-10 }

  /// What is smaller than this part of its whole vanishes: the rounding of a product, times what a gap just inside
  /// ``gapTolerance(_:)`` lets through.
  private var vanishing: Double { dtype == .float32 ? 1e-4 : 1e-8 }
  /// And what is smaller than this is the rounding of a function at its minimum, where the whole is rounding too.
  private var rounding: Double { dtype == .float32 ? 1e-6 : 1e-14 }

  /// - Parameter values: [batch…, n], ascending.
  init(_ values: NDArray) {
    (dtype, n) = (values.dtype, values.shape[values.rank - 1])
    let (all, n) = (values.doubles, n)
    self.values = all
    let tolerance = Self.gapTolerance(dtype)
    var pairs: [(Int, Int, Int)] = []
    for matrix in 0..<(n == 0 ? 0 : all.count / n) {
      let base = matrix * n
      let norm = max(abs(all[base]), abs(all[base + n - 1]))
      for i in 0..<n {
        var j = i + 1
        while j < n, all[base + j] - all[base + i] <= tolerance * norm {
          pairs.append((matrix, i, j))
          j += 1
        }
      }
    }
    self.pairs = pairs
  }

  /// Reverse mode: a repeated pair contributes only if the cotangent does not depend on the basis inside its eigenspace, that is
  /// if the skew part of VᵀV̄ vanishes there and both eigenvalues have the same cotangent.
  func check(valuesCotangent: NDArray?, skew: NDArray?) throws(TensorError) {
    if pairs.isEmpty { return }
    let (c, s) = (valuesCotangent?.doubles, skew?.doubles)
    // Once for each matrix, not for each pair: a matrix of low rank has n²/2 of them.
    let (sizes, largests) = (s.map(norms), c.map(largestMagnitudes))
    for (matrix, i, j) in pairs {
      let base = matrix * n
      let size = sizes?[matrix] ?? 0
      if let s, isPresent(s[(base + i) * n + j], of: size) {
        throw error(matrix, i, j, "the cotangent of the eigenvectors turns them within their common eigenspace")
      }
      if let c, let largests {
        let spectralNorm = max(abs(values[base]), abs(values[base + n - 1]))
        if isPresent(c[base + i] - c[base + j], of: max(largests[matrix], spectralNorm > 0 ? size / spectralNorm : 0)) {
          throw error(matrix, i, j, "their cotangents \(c[base + i]) and \(c[base + j]) differ")
        }
      }
    }
  }

  /// Forward mode: a tangent that couples a repeated pair splits it along other vectors than those returned.
  /// - Parameter tangent: VᵀȦV.
  func check(tangent: NDArray) throws(TensorError) {
    if pairs.isEmpty { return }
    let t = tangent.doubles
    let sizes = norms(t)
    for (matrix, i, j) in pairs where isPresent(t[(matrix * n + i) * n + j], of: sizes[matrix]) {
      throw error(matrix, i, j, "the tangent of the matrix couples them")
    }
  }

  private func isPresent(_ part: Double, of whole: Double) -> Bool { !(abs(part) <= max(vanishing * whole, rounding)) }

  /// Frobenius norms of the matrices of a batch [batch…, n, n].
  private func norms(_ entries: [Double]) -> [Double] {
    stride(from: 0, to: entries.count, by: n * n).map { first in
      entries[first..<first + n * n].reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
  }

  /// Largest magnitudes of the rows of [batch…, n].
  private func largestMagnitudes(_ entries: [Double]) -> [Double] {
    stride(from: 0, to: entries.count, by: n).map { first in entries[first..<first + n].reduce(0) { max($0, abs($1)) } }
  }

  private func error(_ matrix: Int, _ i: Int, _ j: Int, _ reason: String) -> TensorError {
    let place = values.count == n ? "" : " of matrix \(matrix)"
    return .notDifferentiable(
      Eigh.name,
      "eigenvalues \(i) and \(j)\(place) are equal (\(values[matrix * n + i]) and \(values[matrix * n + j])) and \(reason). "
        + "Use what does not depend on a basis of the eigenspace (the projector Σ v vᵀ over all vectors of the repeated "
        + "eigenvalue, or the sum of its eigenvalues), or perturb the matrix so that they differ.")
  }
}
