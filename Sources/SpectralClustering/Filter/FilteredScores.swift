/// score = f(A)·Q with Q = Y·(YᵀY)^(−1/2), the normalised indicators of a fixed assignment, and its derivative.
///
/// f(A) = Σ f(λ_i)·v_i·v_iᵀ does not depend on how eigenvectors are chosen: nothing needs to be rotated, and equal eigenvalues
/// are harmless wherever they lie. For a cotangent Ḡ of f(A), symmetric, that of A is Σ_ij f[λ_i, λ_j]·v_i(v_iᵀḠv_j)v_jᵀ (Daleckii &
/// Krein 1965; Higham, "Functions of matrices", 2008, theorem 3.11). With Ḡ = ½(S̄Qᵀ + QS̄ᵀ), pairs among the eigenvectors with a
/// weight are summed up as they stand, and those of one of them and one without by the solves of ``ShiftedSolve``:
/// f(λ_i)/(λ_i − λ_j) is f(λ_i)·(λ_i − A)⁻¹ on the complement.
struct FilteredScores: Sendable {
  let spectrum: FilteredSpectrum
  private let assignment: [Int]
  /// (YᵀY)^(−1/2); 0 for an empty segment.
  private let norms: [Double]
  /// f(λ_i) of the wanted pairs.
  private let weights: [Double]
  /// V, [N, W]
  let leading: Matrix<Double>
  /// VᵀQ, [W, K]
  private let components: Matrix<Double>
  /// [N, K]
  let values: Matrix<Double>

  init(_ spectrum: FilteredSpectrum, assignment: [Int], segments: Int) {
    (self.spectrum, self.assignment) = (spectrum, assignment)
    var sizes = [Double](repeating: 0, count: segments)
    for label in assignment { sizes[label] += 1 }
    norms = sizes.map { $0 > 0 ? 1 / $0.squareRoot() : 0 }
    let count = spectrum.pairs.wanted
    leading = spectrum.pairs.vectors.selecting(columns: Array(0..<count))
    weights = spectrum.pairs.values.prefix(count).map(spectrum.filter.value)
    let indicators = Matrix<Double>(assignment.count, segments)
    for (node, label) in assignment.enumerated() { indicators[node, label] = norms[label] }
    components = Matrix.innerProducts(leading, indicators)
    values = Matrix.product(leading, components.scalingRows(by: weights))
  }

  /// The cotangent of A for one of the scores, as one of the eigenvectors: f(A) = Σ f_i·v_i·v_iᵀ gives v_j the cotangent 2·f_j·Ḡ·v_j.
  ///
  /// - Parameter cotangent: S̄, [N, K].
  func pullback(_ cotangent: Matrix<Double>) -> EigenpairCotangent {
    let (count, segments) = (components.rows, components.columns)
    let felt = Matrix.innerProducts(leading, cotangent)
    // S̄·(VᵀQ)ᵀ + Q·(VᵀS̄)ᵀ
    let vectors = Matrix<Double>(uninitialized: leading.rows, count)
    Matrix.multiply(cotangent, components, into: vectors, transposeB: true)
    for (node, label) in assignment.enumerated() {
      let row = vectors.row(node)
      for j in 0..<count { row[j] = weights[j] * (row[j] + norms[label] * felt[j, label]) }
    }
    let coupling = Matrix<Double>(count, count)
    let eigenvalues = spectrum.pairs.values
    for i in 0..<count {
      for j in 0...i {
        var sum = 0.0
        for k in 0..<segments { sum += components[i, k] * felt[j, k] + felt[i, k] * components[j, k] }
        coupling[i, j] = spectrum.filter.dividedDifference(eigenvalues[i], eigenvalues[j]) * sum / 2
        coupling[j, i] = coupling[i, j]
      }
    }
    return EigenpairCotangent(vectors: vectors, values: [], coupling: coupling)
  }

  /// The scores of other points: Σ_i f(λ_i)/λ_i·(a(x, ·)·v_i)·(v_iᵀQ), which gives a node its own.
  ///
  /// - Parameters:
  ///   - image: a(x, ·)·V, [M, W].
  ///   - tolerance: eigenvalues no larger than this are zero.
  /// - Throws: ``SpectralError/degenerate(_:)`` where one with a weight is, so that its eigenvector has no extension.
  func extended(_ image: Matrix<Double>, tolerance: Double) throws(SpectralError) -> Matrix<Double> {
    if let small = zip(weights, spectrum.pairs.values).first(where: { $0 > 0 && abs($1) <= tolerance })?.1 {
      throw .degenerate(
        "eigenvalue \(small) has a weight, and its eigenvector does not extend to other nodes; give a narrower filter")
    }
    let factors = zip(weights, spectrum.pairs.values).map { $0 > 0 ? $0 / $1 : 0 }
    return Matrix.product(image, components.scalingRows(by: factors))
  }
}

extension Matrix where T == Double {
  fileprivate func scalingRows(by factors: [Double]) -> Matrix<Double> {
    let result = copy()
    for row in 0..<rows { for column in 0..<columns { result[row, column] *= factors[row] } }
    return result
  }
}
