extension NormalizedAffinity {
  /// X̄ from B_ij = (s_i s_j Ā_ij + ½(d̄_i + d̄_j)), the cotangent of W_ij, for several Ā at once: each gives the rows that are
  /// asked of it, so that disjoint rows cost one pass over W in all.
  ///
  /// For a function of ‖u_i − u_j‖² that is ū_i = 4·Σ_j B_ij·∂W_ij/∂‖u_i − u_j‖²·(u_i − u_j); of the Gaussian,
  /// X̄ = −(2/σ²)(diag(C·1)·X − C·X) with C = B∘W.
  ///
  /// - Parameters:
  ///   - rows: for each cotangent, the nodes whose row is wanted.
  ///   - result: [N, D], of which the wanted rows are written.
  func writeFeatureCotangent(
    _ cotangents: [AffinityCotangent<T>], leading: Matrix<Double>, rows: [[Int]], into result: Matrix<Double>
  ) {
    let block = 128
    var tasks: [(cotangent: Int, nodes: ArraySlice<Int>)] = []
    for (index, nodes) in rows.enumerated() {
      for first in stride(from: 0, to: nodes.count, by: block) {
        tasks.append((index, nodes[first..<min(nodes.count, first + block)]))
      }
    }
    let vectors = Matrix<T>(uninitialized: nodeCount, leading.columns)
    Parallel.forEachChunk(of: nodeCount, size: tallChunk) { rows in
      for row in rows { for c in 0..<leading.columns { vectors[row, c] = T(leading[row, c]) } }
    }
    Parallel.forEach(tasks.count) { task in
      let (index, nodes) = tasks[task]
      let rows = CotangentRows(affinity: self, nodes: Array(nodes), cotangent: cotangents[index], vectors: vectors)
      switch self.tiles.source {
      case .profile(let profile): rows.write(profile, into: result)
      case .custom(let custom): rows.write(custom, into: result)
      }
    }
  }

  /// dℓ/dσ of each cotangent, all in one pass over M = σ·∂W/∂σ: with Ā = ½(L·Vᵀ + V·Lᵀ),
  /// σ·σ̄ = Σ_ij B_ij M_ij = ⟨L, S·M·S·V⟩ + d̄·(M·1). `nil` for an affinity of someone else's.
  func widthCotangents(_ cotangents: [AffinityCotangent<T>], leading: Matrix<Double>) -> [Double]? {
    guard let slope = applyWidthSlope(leading) else { return nil }
    return cotangents.map { cotangent in
      let chunks = (nodeCount + tallChunk - 1) / tallChunk
      let partial = Matrix<Double>(chunks, 1)
      Parallel.forEachChunk(of: nodeCount, size: tallChunk) { rows in
        var sum = 0.0
        for i in rows {
          let (factor, image) = (cotangent.factor.row(i), slope.image.row(i))
          for j in 0..<leading.columns { sum += Double(factor[j]) * image[j] }
          sum += Double(cotangent.degrees.pointer[i]) * slope.rowSums[i]
        }
        partial.pointer[rows.lowerBound / tallChunk] = sum
      }
      return (0..<chunks).reduce(0) { $0 + partial.pointer[$1] } / sigma + 0
    }
  }

  /// Adds σ̄·∂σ/∂x of a σ that is the median distance, to the wanted rows of the pairs that attain it.
  func addMedianCotangent(_ width: Double, nodes: [Int], into result: Matrix<Double>) {
    let (points, d) = (tiles.points, tiles.points.channelCount)
    guard let kind = profile?.kind else { return }
    for pair in medianPairs {
      let difference = (0..<d).map { (points.values[pair.first, $0] - points.values[pair.second, $0]) }.map(Double.init)
      let length = difference.reduce(0) { $0 + $1 * $1 }.squareRoot()
      // ∂‖u_a − u_b‖/∂u_a = (u_a − u_b)/‖u_a − u_b‖, and ∂(1 − cos)/∂u_a = u_a − u_b.
      let factor = width * pair.share / (kind == .gaussian ? length : points.scale)
      for (node, sign) in [(pair.first, 1.0), (pair.second, -1.0)] where nodes.contains(node) {
        addFeatureRow(node, difference.map { sign * factor * $0 }, into: result)
      }
    }
  }

  /// Adds the cotangent of a point to that of the features it was made of.
  fileprivate func addFeatureRow(_ node: Int, _ cotangent: [Double], into result: Matrix<Double>) {
    AffinityPoints(nodesOf: self).addCotangent(cotangent, of: node, to: result.row(node))
  }
}

/// Rows of the feature cotangent.
private struct CotangentRows<T: SpectralScalar> {
  let affinity: NormalizedAffinity<T>
  let nodes: [Int]
  let cotangent: AffinityCotangent<T>
  /// V
  let vectors: Matrix<T>

  /// Columns of one tile.
  private static var width: Int { 1024 }

  /// Calls `body` with twice the first part of B, L·Vᵀ + V·Lᵀ, of these rows and the columns of each tile.
  private func forEachTile(_ body: (Range<Int>, Matrix<T>) -> Void) {
    let (n, k) = (affinity.nodeCount, vectors.columns)
    let (left, right) = (gathered(cotangent.factor), gathered(vectors))
    let tile = Matrix<T>(uninitialized: nodes.count, Self.width)
    for first in stride(from: 0, to: n, by: Self.width) {
      let count = min(Self.width, n - first)
      T.gemm(
        false, true, nodes.count, count, k, 1, left.pointer, k, vectors.row(first), k, 0, tile.pointer, count)
      T.gemm(
        false, true, nodes.count, count, k, 1, right.pointer, k, cotangent.factor.row(first), k, 1, tile.pointer, count)
      body(first..<first + count, tile)
    }
  }

  private func gathered(_ matrix: Matrix<T>) -> Matrix<T> {
    let result = Matrix<T>(uninitialized: nodes.count, matrix.columns)
    for (index, node) in nodes.enumerated() { result.row(index).update(from: matrix.row(node), count: matrix.columns) }
    return result
  }

  func write(_ profile: KernelProfile<T>, into result: Matrix<Double>) {
    let points = affinity.tiles.points
    let d = points.channelCount
    let product = Matrix<T>(uninitialized: nodes.count, d)
    let sum = Matrix<Double>(nodes.count, d)
    var rowSums = [Double](repeating: 0, count: nodes.count)
    let block = TileRows(nodes, of: points)
    // A stored Gaussian is its own slope.
    let kept = profile.kind == .gaussian ? affinity.stored : nil
    let slopes = Matrix<T>(uninitialized: kept == nil ? nodes.count : 0, Self.width)
    forEachTile { columns, tile in
      let (first, count) = (columns.lowerBound, columns.count)
      if kept == nil { affinity.tiles.fill(.slope, block, columns, into: slopes.pointer) }
      for (index, node) in nodes.enumerated() {
        let row = tile.pointer + index * count
        let slope = kept.map { $0.row(node) + first } ?? slopes.pointer + index * count
        let add = { (piece: Range<Int>) in
          rowSums[index] += self.multiply(node, first, piece, slope, row)
        }
        // A node's distance to itself has no derivative; left in, it would cancel only up to rounding, which a small σ magnifies.
        let own = node - first
        if (0..<count).contains(own) {
          add(0..<own)
          add(own + 1..<count)
          row[own] = 0
        } else {
          add(0..<count)
        }
      }
      if d == 0 { return }
      T.gemm(false, false, nodes.count, d, count, 1, tile.pointer, count, points.values.row(first), d, 0, product.pointer, d)
      T.accumulate(product.pointer, sum.pointer, nodes.count * d)
    }
    for (index, node) in nodes.enumerated() {
      result.row(node).update(repeating: 0, count: result.columns)
      let row = (0..<d).map { c in
        profile.slopeFactor(rowSums[index] * Double(points.values[node, c]) - sum[index, c])
      }
      affinity.addFeatureRow(node, row, into: result)
    }
  }

  func write(_ custom: CustomTiles, into result: Matrix<Double>) {
    let rows = custom.features(of: nodes)
    var sum = [Double](repeating: 0, count: nodes.count * custom.features.columns)
    let ones = Matrix<T>(1, Self.width, [T](repeating: 1, count: Self.width))
    forEachTile { columns, tile in
      for (index, node) in nodes.enumerated() {
        _ = multiply(node, columns.lowerBound, 0..<columns.count, ones.pointer, tile.pointer + index * columns.count)
      }
      let cotangent = NDArray.building([nodes.count, columns.count], as: Double.self) { buffer in
        for index in buffer.indices { buffer.initializeElement(at: index, to: Double(tile.pointer[index])) }
      }
      let part = custom.pullback(cotangent, rows, custom.features(of: Array(columns))).doubles
      for index in sum.indices { sum[index] += part[index] }
    }
    // Both arguments move, and B and w are symmetric.
    for (index, node) in nodes.enumerated() {
      for c in 0..<result.columns { result[node, c] = 2 * sum[index * result.columns + c] + 0 }
    }
  }

  /// row ← B∘slope over a piece of the tile's columns, and its sum.
  private func multiply(
    _ node: Int, _ first: Int, _ piece: Range<Int>, _ slope: UnsafePointer<T>, _ row: UnsafeMutablePointer<T>
  ) -> Double {
    let (scales, degrees, start) = (affinity.scalesInPrecision, cotangent.degrees, piece.lowerBound)
    return T.affinityCotangent(
      scales.pointer[node], scales.row(first + start), degrees.pointer[node], degrees.row(first + start), slope + start,
      row + start, piece.count)
  }
}
