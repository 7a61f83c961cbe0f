extension NormalizedAffinity {
  /// X̄ = −(2/σ²)(diag(B·1)·X − B·X) with B_ij = (s_i s_j Ā_ij + ½(d̄_i + d̄_j))·W_ij, for several Ā at once: each gives
  /// the rows that are asked of it, so that disjoint rows cost one pass over W in all.
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
    let (left, right) = (
      cotangents.map { paired($0, leading, factorFirst: true) },
      cotangents.map { paired($0, leading, factorFirst: false) }
    )
    Parallel.forEach(tasks.count) { task in
      let (index, nodes) = tasks[task]
      self.cotangentRows(
        Array(nodes), left: left[index], right: right[index], degrees: cotangents[index].degrees, into: result)
    }
  }

  /// [L V] or [V L], so that L·Vᵀ + V·Lᵀ is one product.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func paired(_ cotangent: AffinityCotangent<T>, _ leading: Matrix<Double>, factorFirst: Bool) -> Matrix<T> {
    let k = leading.columns
    let result = Matrix<T>(uninitialized: nodeCount, 2 * k)
    Parallel.forEachChunk(of: nodeCount, size: tallChunk) { rows in
      for i in rows {
        let (row, factor, vector) = (result.row(i), cotangent.factor.row(i), leading.row(i))
        for j in 0..<k {
          row[factorFirst ? j : k + j] = factor[j]
          row[factorFirst ? k + j : j] = T(vector[j])
        }
      }
    }
    return result
  }

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func cotangentRows(
    _ nodes: [Int], left: Matrix<T>, right: Matrix<T>, degrees: Matrix<T>, into result: Matrix<Double>
  ) {
    let (n, d, rank, width) = (nodeCount, features.channelCount, left.columns, 1024)
    let leftRows = Matrix<T>(uninitialized: nodes.count, rank)
    for (index, node) in nodes.enumerated() { leftRows.row(index).update(from: left.row(node), count: rank) }
    let tile = Matrix<T>(uninitialized: nodes.count, width)
    let product = Matrix<T>(uninitialized: nodes.count, d)
    let sum = Matrix<Double>(nodes.count, d)
    var rowSums = [Double](repeating: 0, count: nodes.count)
    for first in stride(from: 0, to: n, by: width) {
      let count = min(width, n - first)
      T.gemm(
        false, true, nodes.count, count, rank, 1, leftRows.pointer, rank, right.row(first), rank, 0, tile.pointer, count)
      for (index, node) in nodes.enumerated() {
        let row = tile.pointer + index * count
        let add = { (piece: Range<Int>) in
          rowSums[index] += T.affinityCotangent(
            self.scalesInPrecision.pointer[node], self.scalesInPrecision.row(first + piece.lowerBound), degrees.pointer[node],
            degrees.row(first + piece.lowerBound), self.weights.row(node) + first + piece.lowerBound, row + piece.lowerBound,
            piece.count)
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
      if d == 0 { continue }
      T.gemm(
        false, false, nodes.count, d, count, 1, tile.pointer, count, features.values.row(first), d, 0, product.pointer, d)
      T.accumulate(product.pointer, sum.pointer, nodes.count * d)
    }
    for (index, node) in nodes.enumerated() {
      for c in 0..<d {
        // Adding zero turns −0 into 0.
        let difference = rowSums[index] * Double(features.values[node, c]) - sum[index, c]
        // In an order in which nothing overflows: σ² might.
        result[node, c] = -2 * (difference * inverseWidth) / sigma + 0
      }
    }
  }
}
