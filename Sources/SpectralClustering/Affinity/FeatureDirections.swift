/// Feature vectors scaled to length 1, for affinities of their directions.
struct FeatureDirections: Sendable {
  /// [N, D], or [N, D + 1] if there are vectors of zeros: those have a coordinate of their own, which makes them orthogonal to
  /// the others and equal to each other.
  let points: Matrix<Double>
  /// ‖x_i‖; 0 for a vector of zeros.
  let lengths: [Double]
  let channelCount: Int
  var zeroCount: Int { lengths.count { $0 == 0 } }

  /// - Throws: ``SpectralError/invalidInput(_:)`` for a vector so short or so long that its gradient could not be expressed.
  init(_ features: Matrix<Double>) throws(SpectralError) {
    let (n, d) = (features.rows, features.columns)
    var lengths = [Double](repeating: 0, count: n)
    for i in 0..<n {
      let row = features.row(i)
      // Scaled, so that squares neither overflow nor vanish.
      var largest = 0.0
      for c in 0..<d { largest = max(largest, abs(row[c])) }
      if largest == 0 { continue }
      if !representableMagnitudes.contains(largest) {
        throw .invalidInput(
          "found a feature vector that reaches \(largest), at node \(i); expected from \(representableMagnitudes.lowerBound) to "
            + "\(representableMagnitudes.upperBound), or zeros; change the unit")
      }
      var sum = 0.0
      for c in 0..<d { sum += (row[c] / largest) * (row[c] / largest) }
      lengths[i] = largest * sum.squareRoot()
    }
    let hasZeros = lengths.contains(0)
    points = Matrix<Double>(n, d + (hasZeros ? 1 : 0))
    for i in 0..<n {
      if lengths[i] == 0 {
        points[i, d] = 1
      } else {
        for c in 0..<d { points[i, c] = features[i, c] / lengths[i] }
      }
    }
    self.lengths = lengths
    channelCount = d
  }
}
