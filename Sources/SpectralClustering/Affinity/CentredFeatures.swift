/// Points with each coordinate moved to zero mean (which changes no distance, but keeps products from cancelling), times a power
/// of two that makes the largest of them about 1: exact, and squares neither overflow nor vanish, whatever the units.
struct CentredFeatures<T: SpectralScalar>: Sendable {
  /// [N, D]
  let values: Matrix<T>
  /// ‖x_i‖² of the centred rows.
  let squaredNorms: Matrix<T>
  /// What was subtracted from each coordinate.
  let centre: [Double]
  /// What the features were multiplied by.
  let scale: Double
  var nodeCount: Int { values.rows }
  var channelCount: Int { values.columns }

  /// - Parameter points: [N, D], finite.
  /// - Throws: ``SpectralError/invalidInput(_:)`` for units in which gradients could not be expressed.
  init(_ points: Matrix<Double>) throws(SpectralError) {
    let (n, d) = (points.rows, points.columns)
    var reach = 0.0
    for index in 0..<points.count { reach = max(reach, abs(points.pointer[index])) }
    if reach > representableMagnitudes.upperBound {
      throw .invalidInput(
        "found features that reach \(reach), expected at most \(representableMagnitudes.upperBound); change their unit")
    }
    var centre = [Double](repeating: 0, count: d)
    for i in 0..<n { for c in 0..<d { centre[c] += points[i, c] } }
    for c in 0..<d {
      centre[c] /= Double(n)
      // The mean of a constant channel may be one rounding away from it; its gradient has to be exactly zero.
      let first = points[0, c]
      if (0..<n).allSatisfy({ points[$0, c] == first }) { centre[c] = first }
    }
    var spread = 0.0
    for i in 0..<n { for c in 0..<d { spread = max(spread, abs(points[i, c] - centre[c])) } }
    if spread > 0 && spread < representableMagnitudes.lowerBound {
      throw .invalidInput(
        "found features that differ by \(spread) at most, expected at least \(representableMagnitudes.lowerBound); change their unit"
      )
    }
    let scale = spread > 0 ? Double(sign: .plus, exponent: -spread.exponent, significand: 1) : 1
    let matrix = Matrix<T>(uninitialized: n, d)
    let norms = Matrix<T>(uninitialized: n, 1)
    for i in 0..<n {
      for c in 0..<d { matrix[i, c] = T((points[i, c] - centre[c]) * scale) }
      norms[i, 0] = T(T.dot(matrix.row(i), matrix.row(i), d))
    }
    (values, squaredNorms, self.centre, self.scale) = (matrix, norms, centre, scale)
  }

  /// Other points, moved and scaled as these were. Coordinates beyond 10¹⁵ times the reach of these are taken for that: squares
  /// do not overflow, and both are as far as can be.
  func others(_ points: Matrix<Double>) -> CentredFeatures<T> { CentredFeatures(points, like: self) }

  private init(_ points: Matrix<Double>, like other: CentredFeatures<T>) {
    let (n, d) = (points.rows, points.columns)
    let (matrix, norms) = (Matrix<T>(uninitialized: n, d), Matrix<T>(uninitialized: n, 1))
    for i in 0..<n {
      for c in 0..<d { matrix[i, c] = T(min(1e15, max(-1e15, (points[i, c] - other.centre[c]) * other.scale))) }
      norms[i, 0] = T(T.dot(matrix.row(i), matrix.row(i), d))
    }
    (values, squaredNorms, centre, scale) = (matrix, norms, other.centre, other.scale)
  }

  /// The point as it was given, up to the rounding of its storage.
  func point(_ node: Int, _ coordinate: Int) -> Double { Double(values[node, coordinate]) / scale + centre[coordinate] }
}

extension CentredFeatures where T == Double {
  /// Points whose centre and scale are known.
  ///
  /// - Parameter points: [N, D]; overwritten.
  init(centring points: Matrix<Double>, centre: [Double], scale: Double) {
    let norms = Matrix<Double>(uninitialized: points.rows, 1)
    let d = points.columns
    Parallel.forEachChunk(of: points.rows, size: tallChunk) { rows in
      for row in rows {
        let values = points.row(row)
        for c in 0..<d { values[c] = (values[c] - centre[c]) * scale }
        norms.pointer[row] = Double.dot(values, values, d)
      }
    }
    (values, squaredNorms, self.centre, self.scale) = (points, norms, centre, scale)
  }
}

/// Magnitudes of features and of σ: gradients are their reciprocals, and squares of those must fit in a double.
let representableMagnitudes = 1e-100...1e100

/// The features as finite float64 numbers, [N, D].
///
/// - Throws: ``SpectralError/notFinite(value:node:channel:)`` with the first position in row-major order.
func finiteFeatures(_ features: NDArray) throws(SpectralError) -> Matrix<Double> {
  let matrix = Matrix<Double>(features)
  for index in 0..<matrix.count where !matrix.pointer[index].isFinite {
    let d = max(1, matrix.columns)
    throw .notFinite(value: matrix.pointer[index], node: index / d, channel: index % d)
  }
  return matrix
}
