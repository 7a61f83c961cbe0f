/// Cotangents of points from those of their affinities towards other points, c_ij = ⟨l_i, r_j⟩ + ρ_i + κ_j, the other points held
/// constant.
struct RectangleCotangent<T: SpectralScalar> {
  let rectangle: AffinityRectangle<T>
  /// l and r: [rows, K] and [columns, K].
  let left: Matrix<T>
  let right: Matrix<T>
  /// 2ρ and 2κ: [rows, 1] and [columns, 1].
  let rowTerms: Matrix<T>
  let columnTerms: Matrix<T>
  /// The column that is the same node as a row, if there is one.
  let ownColumn: (Int) -> Int?

  /// Columns of one tile.
  private static var width: Int { 1024 }

  /// Adds the cotangents of the features of some rows.
  ///
  /// - Parameters:
  ///   - nodes: rows.
  ///   - target: where that of a row is to be added, D numbers.
  func add(_ nodes: [Int], to target: (Int) -> UnsafeMutablePointer<Double>) {
    switch rectangle.affinity.tiles.source {
    case .profile(let profile): add(profile, nodes, to: target)
    case .custom(let custom): add(custom, nodes, to: target)
    }
  }

  /// Calls `body` with ⟨l_i, r_j⟩ of these rows and the columns of each tile.
  private func forEachTile(_ nodes: [Int], _ body: (Range<Int>, Matrix<T>) -> Void) {
    let (n, k) = (rectangle.columns.count, left.columns)
    let own = Matrix<T>(uninitialized: nodes.count, k)
    for (index, node) in nodes.enumerated() { own.row(index).update(from: left.row(node), count: k) }
    let tile = Matrix<T>(uninitialized: nodes.count, min(n, Self.width))
    for first in stride(from: 0, to: n, by: Self.width) {
      let count = min(Self.width, n - first)
      T.gemm(false, true, nodes.count, count, k, 1, own.pointer, k, right.row(first), k, 0, tile.pointer, count)
      body(first..<first + count, tile)
    }
  }

  private func add(_ profile: KernelProfile<T>, _ nodes: [Int], to target: (Int) -> UnsafeMutablePointer<Double>) {
    let (points, others) = (rectangle.rows.values, rectangle.columns.values)
    let d = points.channelCount
    let (product, sum) = (Matrix<T>(uninitialized: nodes.count, d), Matrix<Double>(nodes.count, d))
    var rowSums = [Double](repeating: 0, count: nodes.count)
    let block = TileRows(nodes, of: points)
    let slopes = Matrix<T>(uninitialized: nodes.count, min(others.nodeCount, Self.width))
    let ones = onesRow()
    forEachTile(nodes) { columns, tile in
      let (first, count) = (columns.lowerBound, columns.count)
      rectangle.fill(.slope, block, columns, into: slopes.pointer)
      for (index, node) in nodes.enumerated() {
        let row = tile.pointer + index * count
        let add = { (piece: Range<Int>) in
          rowSums[index] += self.multiply(node, first, piece, ones, slopes.pointer + index * count, row)
        }
        // A node's distance to itself has no derivative; left in, it would cancel only up to rounding, which a small σ magnifies.
        if let own = ownColumn(node).map({ $0 - first }), (0..<count).contains(own) {
          add(0..<own)
          add(own + 1..<count)
          row[own] = 0
        } else {
          add(0..<count)
        }
      }
      if d == 0 { return }
      T.gemm(false, false, nodes.count, d, count, 1, tile.pointer, count, others.values.row(first), d, 0, product.pointer, d)
      T.accumulate(product.pointer, sum.pointer, nodes.count * d)
    }
    for (index, node) in nodes.enumerated() {
      // The factor is that of an affinity whose both halves count.
      let row = (0..<d).map { c in
        0.5 * profile.slopeFactor(rowSums[index] * Double(points.values[node, c]) - sum[index, c])
      }
      rectangle.rows.addCotangent(row, of: node, to: target(node))
    }
  }

  private func add(_ custom: CustomTiles, _ nodes: [Int], to target: (Int) -> UnsafeMutablePointer<Double>) {
    let (rows, ones, d) = (rectangle.features(of: nodes), onesRow(), rectangle.rows.channelCount)
    var sum = [Double](repeating: 0, count: nodes.count * d)
    forEachTile(nodes) { columns, tile in
      for (index, node) in nodes.enumerated() {
        _ = multiply(node, columns.lowerBound, 0..<columns.count, ones, ones.pointer, tile.pointer + index * columns.count)
      }
      let cotangent = NDArray.building([nodes.count, columns.count], as: Double.self) { buffer in
        for index in buffer.indices { buffer.initializeElement(at: index, to: Double(tile.pointer[index])) }
      }
      let part = custom.pullback(cotangent, rows, rectangle.columnFeatures(columns)).doubles
      for index in sum.indices { sum[index] += part[index] }
    }
    for (index, node) in nodes.enumerated() {
      rectangle.rows.addCotangent(Array(sum[index * d..<(index + 1) * d]), of: node, to: target(node))
    }
  }

  private func onesRow() -> Matrix<T> { Matrix<T>(1, Self.width, [T](repeating: 1, count: Self.width)) }

  /// row ← c∘slope over a piece of the tile's columns, and its sum.
  private func multiply(
    _ node: Int, _ first: Int, _ piece: Range<Int>, _ ones: Matrix<T>, _ slope: UnsafePointer<T>,
    _ row: UnsafeMutablePointer<T>
  ) -> Double {
    let start = piece.lowerBound
    // ½·(2·1·⟨l, r⟩ + 2ρ + 2κ)·slope
    return T.affinityCotangent(
      2, ones.row(0), rowTerms.pointer[node], columnTerms.row(first + start), slope + start, row + start, piece.count)
  }
}
