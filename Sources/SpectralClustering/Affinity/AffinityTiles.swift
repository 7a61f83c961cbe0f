import Synchronization

/// The affinity of any two nodes, made from the features a tile at a time.
struct AffinityTiles<T: SpectralScalar>: Sendable {
  enum Source: Sendable {
    case profile(KernelProfile<T>)
    case custom(CustomTiles)
  }
  /// What distances are taken between: the features, or their directions.
  let points: CentredFeatures<T>
  let source: Source
  /// Tiles along each side of what one task computes. Sums do not depend on it.
  let group: Int
  private let spare = TilePool<T>()

  init(_ points: CentredFeatures<T>, _ source: Source, group: Int) {
    (self.points, self.source, self.group) = (points, source, group)
  }

  /// What is asked for of each row with each of `columns`, packed. An affinity of someone else's has weights only.
  func fill(_ entry: TileEntry, _ rows: TileRows<T>, _ columns: Range<Int>, into tile: UnsafeMutablePointer<T>) {
    switch source {
    case .profile(let profile):
      points.squaredDistances(rows, columns, into: tile)
      profile.apply(entry, tile, rows.nodes.count * columns.count)
    case .custom(let custom):
      let weights = custom.weights(custom.features(of: rows.nodes), custom.features(of: Array(columns)))
      weights.withUnsafeBufferPointer(as: Double.self) { values in
        for index in values.indices { tile[index] = T(values[index]) }
      }
    }
  }

  /// Calls `body` with every tile on and above the diagonal, once, several at a time.
  ///
  /// Tiles (I, J) are walked through along antidiagonals I + J: those of one have no row or column in common, so what `body`
  /// adds to sums of the rows I and, by symmetry, of the rows J does not collide, and every row receives its columns in
  /// ascending order, however tiles are grouped and threads are scheduled.
  func forEach(
    _ entry: TileEntry, progress: AffinityProgress? = nil, _ body: (Range<Int>, Range<Int>, Matrix<T>) -> Void
  ) {
    let n = points.nodeCount
    let tiles = (n + affinityTile - 1) / affinityTile
    let groups = (tiles + group - 1) / group
    var done = 0
    for wave in 0..<max(0, 2 * groups - 1) {
      // I ≤ J < groups and I + J = wave.
      let first = max(0, wave - groups + 1)
      Parallel.forEach(wave / 2 - first + 1) { index in
        let (row, column) = (first + index, wave - first - index)
        let tile = self.spare.take()
        for i in row * self.group..<min(tiles, (row + 1) * self.group) {
          let rows = affinityRange(i, n)
          let block = TileRows(rows, of: self.points)
          for j in max(i, column * self.group)..<max(i, min(tiles, (column + 1) * self.group)) {
            let columns = affinityRange(j, n)
            self.fill(entry, block, columns, into: tile.pointer)
            body(rows, columns, tile)
          }
        }
        self.spare.give(tile)
      }
      done += wave / 2 - first + 1
      progress?.report(Double(done) / Double(groups * (groups + 1) / 2))
    }
  }

  /// All weights, [N, N]: one triangle is computed, the other mirrored.
  ///
  /// - Parameter fill: writes the tile of rows and columns, packed.
  static func stored(
    _ points: CentredFeatures<T>, _ fill: (TileRows<T>, Range<Int>, UnsafeMutablePointer<T>) -> Void
  ) -> Matrix<T> {
    let n = points.nodeCount
    let result = Matrix<T>(uninitialized: n, n)
    let tiles = (n + affinityTile - 1) / affinityTile
    // Tiles (i, j ≥ i) in one list, so that threads share them evenly.
    Parallel.forEach(tiles * (tiles + 1) / 2) { index in
      let (rowTile, columnTile) = upperTriangle(index)
      let (rows, columns) = (affinityRange(rowTile, n), affinityRange(columnTile, n))
      let tile = Matrix<T>(uninitialized: rows.count, columns.count)
      fill(TileRows(rows, of: points), columns, tile.pointer)
      for i in rows {
        (result.row(i) + columns.lowerBound).update(from: tile.row(i - rows.lowerBound), count: columns.count)
      }
      // Of a tile on the diagonal the upper half is mirrored, which is exact there too.
      for j in columns {
        let target = result.row(j) + rows.lowerBound
        for i in 0..<(rowTile == columnTile ? j - rows.lowerBound : rows.count) {
          target[i] = tile.pointer[i * columns.count + j - columns.lowerBound]
        }
      }
    }
    return result
  }
}

/// Memory of tiles that is used again, so that it is neither allocated nor cleared for each.
private final class TilePool<T: SpectralScalar>: Sendable {
  private let free = Mutex<[Matrix<T>]>([])

  func take() -> Matrix<T> {
    free.withLock { $0.popLast() } ?? Matrix(uninitialized: affinityTile, affinityTile)
  }

  func give(_ tile: Matrix<T>) { free.withLock { $0.append(tile) } }
}
