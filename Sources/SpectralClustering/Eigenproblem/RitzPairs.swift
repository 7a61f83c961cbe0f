/// Ritz pairs of a symmetric operator A with what A leaves of each: what an iteration ends with, in the memory that it had.
struct RitzPairs {
  /// Largest first.
  var values: [Double]
  /// Orthonormal, in columns; each column's largest-magnitude entry is positive.
  let vectors: MatrixView<Double>
  /// A·v − λ·v, in columns.
  let residuals: MatrixView<Double>
  /// ‖A·v − λ·v‖ of each.
  var norms: [Double]
  let wanted: Int
  let reliable: Int
  var products: Int

  /// r + W·Θ·(λ − Θ)⁻¹·Wᵀ·r for each residual r of a pair with value λ: up to a factor, (λ − A)⁻¹·r of an A that vanishes
  /// outside of all these pairs (the correction of Davidson's method). W and Θ are the pairs from `first` on, λ is above them.
  func corrections(_ residuals: Matrix<Double>, values shifts: [Double], from first: Int) -> Matrix<Double> {
    let rest = vectors.columns(first..<values.count)
    let components = MatrixView.innerProducts(rest, residuals.view)
    for e in 0..<components.rows {
      let value = values[first + e]
      for (column, shift) in shifts.enumerated() {
        components[e, column] *= shift > value ? value / (shift - value) : 0
      }
    }
    let result = residuals.copy()
    MatrixView.multiply(rest, components, alpha: 1, beta: 1, into: result.view)
    return result
  }

  /// Puts better pairs in the place of the first ones.
  ///
  /// The two agree on those but for a small angle, along which the others are corrected.
  ///
  /// - Parameter count: of the better ones, how many are taken.
  mutating func refine(by better: RitzPairs, _ count: Int) {
    let leading = better.vectors.columns(0..<count).copied()
    for (part, refined) in [(vectors, better.vectors), (residuals, better.residuals)] {
      let others = part.columns(count..<values.count)
      MatrixView.multiply(leading.view, MatrixView.innerProducts(leading.view, others), alpha: -1, beta: 1, into: others)
      part.columns(0..<count).copy(from: refined.columns(0..<count))
    }
    values.replaceSubrange(0..<count, with: better.values.prefix(count))
    norms.replaceSubrange(0..<count, with: better.norms.prefix(count))
    products += better.products
  }
}
