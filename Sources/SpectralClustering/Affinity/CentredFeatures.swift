/// Features with each channel moved to zero mean (which changes no distance, but keeps products from cancelling).
struct CentredFeatures<T: SpectralScalar>: Sendable {
  /// [N, D]
  let values: Matrix<T>
  /// ‖x_i‖² of the centred rows.
  let squaredNorms: Matrix<T>
  var nodeCount: Int { values.rows }
  var channelCount: Int { values.columns }

  /// - Throws: ``SpectralError/notFinite(value:node:channel:)`` with the first position in row-major order.
  init(_ features: NDArray) throws(SpectralError) {
    let (n, d) = (features.shape[0], features.shape[1])
    let source = features.doubles
    if let bad = source.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(value: source[bad], node: bad / max(1, d), channel: bad % max(1, d))
    }
    var centre = [Double](repeating: 0, count: d)
    for i in 0..<n { for c in 0..<d { centre[c] += source[i * d + c] } }
    for c in 0..<d {
      centre[c] /= Double(n)
      // The mean of a constant channel may be one rounding away from it; its gradient has to be exactly zero.
      let first = source[c]
      if (0..<n).allSatisfy({ source[$0 * d + c] == first }) { centre[c] = first }
    }
    let matrix = Matrix<T>(uninitialized: n, d)
    let norms = Matrix<T>(uninitialized: n, 1)
    for i in 0..<n {
      for c in 0..<d { matrix[i, c] = T(source[i * d + c] - centre[c]) }
      norms[i, 0] = T(T.dot(matrix.row(i), matrix.row(i), d))
    }
    (values, squaredNorms) = (matrix, norms)
  }
}
