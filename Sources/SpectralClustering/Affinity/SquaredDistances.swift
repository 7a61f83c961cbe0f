/// Rows and columns of one tile of the affinity: 256 KB in float32, which stays in the second-level cache. Fixed, because sums
/// are taken tile by tile.
let affinityTile = 256

/// The nodes of row or column `index` of tiles.
func affinityRange(_ index: Int, _ nodes: Int) -> Range<Int> {
  index * affinityTile..<min(nodes, (index + 1) * affinityTile)
}

/// (row, column) of entry `index` of an upper triangle listed by columns: (0,0), (0,1), (1,1), (0,2), …
func upperTriangle(_ index: Int) -> (row: Int, column: Int) {
  var column = Int((Double(8 * index + 1).squareRoot() - 1) / 2)
  while column * (column + 1) / 2 > index { column -= 1 }
  while (column + 1) * (column + 2) / 2 <= index { column += 1 }
  return (index - column * (column + 1) / 2, column)
}

/// Points that make the rows of a tile: neighbours, or copied together.
struct TileRows<T: SpectralScalar>: Sendable {
  let nodes: [Int]
  let values: MatrixView<T>
  let squaredNorms: MatrixView<T>

  init(_ range: Range<Int>, of features: CentredFeatures<T>) {
    nodes = Array(range)
    values = features.values.view.rows(range)
    squaredNorms = features.squaredNorms.view.rows(range)
  }

  init(_ nodes: [Int], of features: CentredFeatures<T>) {
    self.nodes = nodes
    let (points, norms) = (
      Matrix<T>(uninitialized: nodes.count, features.channelCount), Matrix<T>(uninitialized: nodes.count, 1)
    )
    for (index, node) in nodes.enumerated() {
      points.row(index).update(from: features.values.row(node), count: features.channelCount)
      norms.pointer[index] = features.squaredNorms.pointer[node]
    }
    (values, squaredNorms) = (points.view, norms.view)
  }
}

extension CentredFeatures {
  /// Squared distances of the rows from the points of `columns`, packed.
  ///
  /// ‖x‖² + ‖y‖² − 2x·y turns the work into a matrix product; pairs for which it cancels are computed directly, so that
  /// equal rows are at distance exactly zero and close ones keep their relative accuracy.
  func squaredDistances(_ rows: TileRows<T>, _ columns: Range<Int>, into tile: UnsafeMutablePointer<T>) {
    let (d, width) = (channelCount, columns.count)
    if rows.nodes.isEmpty || width == 0 { return }
    T.gemm(
      false, true, rows.nodes.count, width, d, 1, rows.values.base, max(1, d), values.row(columns.lowerBound), max(1, d), 0,
      tile, width)
    T.squaredDistances(
      rows.values.base, rows.squaredNorms.base, rows.nodes.count, values.row(columns.lowerBound),
      squaredNorms.row(columns.lowerBound), width, d, tile)
  }
}
