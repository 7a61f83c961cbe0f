/// Rows and columns of one tile of the affinity.
let affinityTile = 256

/// All squared distances, stored in full (N×N): one triangle is computed, the other mirrored.
///
/// ‖x‖² + ‖y‖² − 2x·y turns the work into a matrix product; pairs for which it cancels are computed directly, so that
/// equal rows are at distance exactly zero and close ones keep their relative accuracy.
func squaredDistances<T: SpectralScalar>(_ features: CentredFeatures<T>) -> Matrix<T> {
  let n = features.nodeCount
  let result = Matrix<T>(uninitialized: n, n)
  let tiles = (n + affinityTile - 1) / affinityTile
  // Tiles (i, j ≥ i) in one list, so that threads share them evenly.
  Parallel.forEach(tiles * (tiles + 1) / 2) { index in
    let (rowTile, columnTile) = upperTriangle(index)
    let rows = rowTile * affinityTile..<min(n, (rowTile + 1) * affinityTile)
    let columns = columnTile * affinityTile..<min(n, (columnTile + 1) * affinityTile)
    let tile = Matrix<T>(uninitialized: rows.count, columns.count)
    distanceTile(features, rows, columns, tile)
    for i in rows {
      let source = tile.row(i - rows.lowerBound)
      (result.row(i) + columns.lowerBound).update(from: source, count: columns.count)
    }
    if rowTile != columnTile {
      for j in columns {
        let target = result.row(j) + rows.lowerBound
        for i in 0..<rows.count { target[i] = tile.pointer[i * columns.count + j - columns.lowerBound] }
      }
    }
  }
  return result
}

/// (row, column) of entry `index` of an upper triangle listed by columns: (0,0), (0,1), (1,1), (0,2), …
private func upperTriangle(_ index: Int) -> (row: Int, column: Int) {
  var column = Int((Double(8 * index + 1).squareRoot() - 1) / 2)
  while column * (column + 1) / 2 > index { column -= 1 }
  while (column + 1) * (column + 2) / 2 <= index { column += 1 }
  return (index - column * (column + 1) / 2, column)
}

private func distanceTile<T: SpectralScalar>(
  _ features: CentredFeatures<T>, _ rows: Range<Int>, _ columns: Range<Int>, _ tile: Matrix<T>
) {
  let (x, norms, d) = (features.values, features.squaredNorms, features.channelCount)
  T.gemm(
    false, true, rows.count, columns.count, d, 1, x.row(rows.lowerBound), max(1, d), x.row(columns.lowerBound),
    max(1, d), 0, tile.pointer, columns.count)
  T.squaredDistances(
    tile.pointer, norms.row(rows.lowerBound), norms.row(columns.lowerBound), rows.count, columns.count, tile.pointer)
  let threshold: T = T.dtype == .float32 ? 1e-2 : 1e-4
  for i in rows {
    let row = tile.row(i - rows.lowerBound)
    let norm = norms.pointer[i]
    for j in columns where row[j - columns.lowerBound] <= threshold * (norm + norms.pointer[j]) {
      row[j - columns.lowerBound] = i == j ? 0 : T(T.squaredDistance(x.row(i), x.row(j), d))
    }
  }
}
