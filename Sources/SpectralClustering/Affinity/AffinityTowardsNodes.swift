extension NormalizedAffinity {
  /// Σ_j w(x, x_j)·v_j/√(d(x)·d_j) and d(x) = Σ_j w(x, x_j) of points x that need not be nodes, a tile at a time; zeros where d(x)
  /// is zero.
  func towardsNodes(
    _ features: Matrix<Double>, _ vectors: Matrix<Double>
  ) throws(SpectralError) -> (image: Matrix<Double>, degrees: [Double]) {
    let (n, m, k) = (nodeCount, features.rows, vectors.columns)
    let input = Matrix<Double>(uninitialized: n, k + 1)
    for j in 0..<n {
      for c in 0..<k { input[j, c] = scales.pointer[j] * vectors[j, c] }
      input[j, k] = 1
    }
    let panels = Panels<Double>(input)
    let source = try PointsTowardsNodes(features, self)
    let sums = checkpoint.outcome(
      .placement, shape: (m, k + 1),
      input: {
        $0.add(features)
        $0.add(input)
      }
    ) { sumsTowardsNodes(source, rows: m, panels) }
    let degrees = (0..<m).map { sums[$0, k] }
    if let broken = degrees.firstIndex(where: { !($0.isFinite && $0 >= 0) }) {
      throw .invalidInput(
        "the affinity of node \(broken) to the nodes of the cut adds up to \(degrees[broken]); expected a number from 0 on")
    }
    let image = Matrix<Double>(uninitialized: m, k)
    for i in 0..<m {
      let scale = degrees[i] > 0 ? 1 / degrees[i].squareRoot() : 0
      for c in 0..<k { image[i, c] = scale * sums[i, c] }
    }
    return (image, degrees)
  }

  private func sumsTowardsNodes(_ source: PointsTowardsNodes<T>, rows m: Int, _ panels: Panels<Double>) -> Matrix<Double> {
    let (n, sums) = (nodeCount, Matrix<Double>(m, panels.columns))
    Parallel.forEach((m + affinityTile - 1) / affinityTile) { index in
      let rows = affinityRange(index, m)
      let tile = Matrix<T>(uninitialized: rows.count, affinityTile)
      for columns in (0..<(n + affinityTile - 1) / affinityTile).lazy.map({ affinityRange($0, n) }) {
        source.fill(rows, columns, into: tile.pointer)
        self.addTile(tile.pointer, rows, columns, panels, sums, T.blockProduct)
      }
    }
    return sums
  }
}

/// Affinities of other points to the nodes, in tiles.
private struct PointsTowardsNodes<T: SpectralScalar>: Sendable {
  private let affinity: NormalizedAffinity<T>
  private let points: CentredFeatures<T>
  /// As given, for an affinity of someone else's.
  private let features: Matrix<Double>
  /// Whether a vector is zero among nodes of which none is: it is orthogonal to all of them, which no vector of as many
  /// coordinates can be.
  private let isOrthogonal: [Bool]

  init(_ features: Matrix<Double>, _ affinity: NormalizedAffinity<T>) throws(SpectralError) {
    (self.affinity, self.features) = (affinity, features)
    let nodes = affinity.tiles.points
    guard affinity.directions != nil else {
      (points, isOrthogonal) = (nodes.others(features), [])
      return
    }
    let directions = try FeatureDirections(features)
    // Both have a coordinate for zeros, or neither, or one of them.
    let given = directions.points
    let fitted = Matrix<Double>(features.rows, nodes.channelCount)
    for i in 0..<given.rows {
      for c in 0..<min(given.columns, nodes.channelCount) { fitted[i, c] = given[i, c] }
    }
    let hasOwnCoordinate = nodes.channelCount > affinity.channelCount
    isOrthogonal = hasOwnCoordinate ? [] : directions.lengths.map { $0 == 0 }
    points = nodes.others(fitted)
  }

  func fill(_ rows: Range<Int>, _ columns: Range<Int>, into tile: UnsafeMutablePointer<T>) {
    switch affinity.tiles.source {
    case .profile(let profile):
      affinity.tiles.points.squaredDistances(TileRows(rows, of: points), columns, into: tile)
      // ‖u − 0‖² of orthogonal unit vectors.
      for row in rows where !isOrthogonal.isEmpty && isOrthogonal[row] {
        (tile + (row - rows.lowerBound) * columns.count).update(
          repeating: T(2 * points.scale * points.scale), count: columns.count)
      }
      profile.apply(.weight, tile, rows.count * columns.count)
    case .custom(let custom):
      let own = CustomTiles(kernel: custom.kernel, features: features)
      let weights = custom.weights(own.features(of: Array(rows)), custom.features(of: Array(columns)))
      weights.withUnsafeBufferPointer(as: Double.self) { values in
        for index in values.indices { tile[index] = T(values[index]) }
      }
    }
  }
}
