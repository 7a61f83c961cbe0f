/// Features with each channel moved to zero mean (which changes no distance, but keeps products from cancelling), times a power
/// of two that makes the largest of them about 1: exact, and squares neither overflow nor vanish, whatever the units.
struct CentredFeatures<T: SpectralScalar>: Sendable {
  /// [N, D]
  let values: Matrix<T>
  /// ‖x_i‖² of the centred rows.
  let squaredNorms: Matrix<T>
  /// What the features were multiplied by.
  let scale: Double
  var nodeCount: Int { values.rows }
  var channelCount: Int { values.columns }

  /// - Throws: ``SpectralError/notFinite(value:node:channel:)`` with the first position in row-major order;
  ///   ``SpectralError/invalidInput(_:)`` for units in which gradients could not be expressed.
  init(_ features: NDArray) throws(SpectralError) {
    let (n, d) = (features.shape[0], features.shape[1])
    let source = features.doubles
    if let bad = source.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(value: source[bad], node: bad / max(1, d), channel: bad % max(1, d))
    }
    if let reach = source.map(abs).max(), reach > representableMagnitudes.upperBound {
      throw .invalidInput(
        "found features that reach \(reach), expected at most \(representableMagnitudes.upperBound); change their unit")
    }
    var centre = [Double](repeating: 0, count: d)
    for i in 0..<n { for c in 0..<d { centre[c] += source[i * d + c] } }
    for c in 0..<d {
      centre[c] /= Double(n)
      // The mean of a constant channel may be one rounding away from it; its gradient has to be exactly zero.
      let first = source[c]
      if (0..<n).allSatisfy({ source[$0 * d + c] == first }) { centre[c] = first }
    }
    var spread = 0.0
    for i in 0..<n { for c in 0..<d { spread = max(spread, abs(source[i * d + c] - centre[c])) } }
    if spread > 0 && spread < representableMagnitudes.lowerBound {
      throw .invalidInput(
        "found features that differ by \(spread) at most, expected at least \(representableMagnitudes.lowerBound); change their unit"
      )
    }
    let scale = spread > 0 ? Double(sign: .plus, exponent: -spread.exponent, significand: 1) : 1
    let matrix = Matrix<T>(uninitialized: n, d)
    let norms = Matrix<T>(uninitialized: n, 1)
    for i in 0..<n {
      for c in 0..<d { matrix[i, c] = T((source[i * d + c] - centre[c]) * scale) }
      norms[i, 0] = T(T.dot(matrix.row(i), matrix.row(i), d))
    }
    (values, squaredNorms, self.scale) = (matrix, norms, scale)
  }
}

/// Magnitudes of features and of σ: gradients are their reciprocals, and squares of those must fit in a double.
let representableMagnitudes = 1e-100...1e100
