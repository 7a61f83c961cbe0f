/// Points that need not be nodes of an affinity, measured as its nodes are.
struct AffinityPoints<T: SpectralScalar>: Sendable {
  /// What distances are taken between.
  let values: CentredFeatures<T>
  /// As given, for an affinity of someone else's; otherwise `nil`.
  let features: Matrix<Double>?
  /// Of the feature vectors, where distances are taken between their directions; 0 for a vector of zeros.
  let lengths: [Double]?
  let channelCount: Int
  /// Whether a vector is zero beside nodes of which none is: it is orthogonal to all that are not, which no vector of as many
  /// coordinates can be. Empty where no vector needs that.
  private let isOrthogonal: [Bool]
  var count: Int { values.nodeCount }

  /// The nodes themselves.
  init(nodesOf affinity: NormalizedAffinity<T>) {
    values = affinity.tiles.points
    (lengths, channelCount, isOrthogonal) = (affinity.directions?.values, affinity.channelCount, [])
    if case .custom(let custom) = affinity.tiles.source { features = custom.features } else { features = nil }
  }

  /// Other points, with the centre and the scale of the nodes.
  ///
  /// - Parameters:
  ///   - features: [any, D], finite.
  ///   - affinity: of the nodes.
  init(_ features: Matrix<Double>, beside affinity: NormalizedAffinity<T>) throws(SpectralError) {
    let nodes = affinity.tiles.points
    channelCount = affinity.channelCount
    if case .custom = affinity.tiles.source { self.features = features } else { self.features = nil }
    guard affinity.directions != nil else {
      (values, lengths, isOrthogonal) = (nodes.others(features), nil, [])
      return
    }
    let directions = try FeatureDirections(features)
    // Both have a coordinate for zeros, or neither, or one of them.
    let given = directions.points
    let fitted = Matrix<Double>(features.rows, nodes.channelCount)
    for i in 0..<given.rows {
      for c in 0..<min(given.columns, nodes.channelCount) { fitted[i, c] = given[i, c] }
    }
    lengths = directions.lengths
    let hasOwnCoordinate = nodes.channelCount > affinity.channelCount
    isOrthogonal = hasOwnCoordinate || directions.zeroCount == 0 ? [] : directions.lengths.map { $0 == 0 }
    values = nodes.others(fitted)
  }

  fileprivate func isOrthogonal(_ point: Int) -> Bool { isOrthogonal.isEmpty ? false : isOrthogonal[point] }
  fileprivate var mayBeOrthogonal: Bool { !isOrthogonal.isEmpty }

  /// Adds the cotangent of a point to that of the features it was made of.
  func addCotangent(_ cotangent: [Double], of point: Int, to target: UnsafeMutablePointer<Double>) {
    guard let lengths else {
      // Adding zero turns −0 into 0.
      for c in 0..<channelCount { target[c] += cotangent[c] + 0 }
      return
    }
    // u = x/‖x‖, so x̄ = (ū − u·⟨u, ū⟩)/‖x‖.
    let length = lengths[point]
    if length == 0 { return }
    let along = (0..<channelCount).reduce(0) { $0 + values.point(point, $1) * cotangent[$1] }
    for c in 0..<channelCount { target[c] += (cotangent[c] - values.point(point, c) * along) / length + 0 }
  }
}

/// The affinities of one set of points towards another, made a tile at a time by the rule of an affinity.
struct AffinityRectangle<T: SpectralScalar>: Sendable {
  let affinity: NormalizedAffinity<T>
  let rows: AffinityPoints<T>
  let columns: AffinityPoints<T>

  /// What is asked for of each row with each of `range`, packed. An affinity of someone else's has weights only.
  func fill(_ entry: TileEntry, _ block: TileRows<T>, _ range: Range<Int>, into tile: UnsafeMutablePointer<T>) {
    switch affinity.tiles.source {
    case .profile(let profile):
      columns.values.squaredDistances(block, range, into: tile)
      if rows.mayBeOrthogonal || columns.mayBeOrthogonal { separateOrthogonal(block, range, tile) }
      profile.apply(entry, tile, block.nodes.count * range.count)
    case .custom(let custom):
      let weights = custom.weights(features(of: block.nodes), columnFeatures(range))
      weights.withUnsafeBufferPointer(as: Double.self) { values in
        for index in values.indices { tile[index] = T(values[index]) }
      }
    }
  }

  /// ‖u − v‖² of orthogonal unit vectors, one of which has no coordinates of its own.
  private func separateOrthogonal(_ block: TileRows<T>, _ range: Range<Int>, _ tile: UnsafeMutablePointer<T>) {
    let apart = T(2 * columns.values.scale * columns.values.scale)
    for (index, row) in block.nodes.enumerated() {
      let isOrthogonal = rows.isOrthogonal(row)
      for column in range where columns.isOrthogonal(column) != isOrthogonal {
        tile[index * range.count + column - range.lowerBound] = apart
      }
    }
  }

  /// The features of some rows, and of neighbouring columns, for an affinity of someone else's.
  func features(of nodes: [Int]) -> NDArray { Self.gathered(rows, nodes) }
  func columnFeatures(_ range: Range<Int>) -> NDArray { Self.gathered(columns, Array(range)) }

  private static func gathered(_ points: AffinityPoints<T>, _ nodes: [Int]) -> NDArray {
    let features = points.features ?? Matrix<Double>(points.count, points.channelCount)
    return NDArray.building([nodes.count, features.columns], as: Double.self) { buffer in
      guard let base = buffer.baseAddress else { return }
      for (index, node) in nodes.enumerated() {
        (base + index * features.columns).update(from: features.row(node), count: features.columns)
      }
    }
  }

  /// M·X, for M what is asked for of all rows, or of some, with all columns.
  ///
  /// - Parameters:
  ///   - entry: what is asked for.
  ///   - x: packed, a row for each column of M.
  ///   - chosen: rows (default: all).
  ///   - height: rows that one task takes; sums do not depend on it.
  ///   - kernel: multiplies a tile by a panel.
  func product<P: RealScalar>(
    _ entry: TileEntry, _ x: Panels<P>, rows chosen: [Int]? = nil, height: Int = affinityTile,
    kernel: NormalizedAffinity<T>.PanelKernel<P>
  ) -> Matrix<Double> {
    let count = chosen?.count ?? rows.count
    let sums = Matrix<Double>(count, x.columns)
    let tiles = (columns.count + affinityTile - 1) / affinityTile
    Parallel.forEach((count + height - 1) / height) { index in
      let range = index * height..<min(count, (index + 1) * height)
      let block =
        chosen.map { TileRows(Array($0[range]), of: self.rows.values) } ?? TileRows(range, of: self.rows.values)
      let tile = Matrix<T>(uninitialized: range.count, affinityTile)
      for own in (0..<tiles).lazy.map({ affinityRange($0, self.columns.count) }) {
        self.fill(entry, block, own, into: tile.pointer)
        self.affinity.addTile(tile.pointer, range, own, x, sums, kernel)
      }
    }
    return sums
  }
}
