extension NDArray {
  /// op(A)·op(B) over the last two axes, leading axes broadcast; op transposes without a copy. Shapes must fit.
  package static func matmul(_ a: NDArray, _ b: NDArray, transposeA: Bool, transposeB: Bool) -> NDArray {
    let (aRows, aColumns) = (a.shape[a.rank - 2], a.shape[a.rank - 1])
    let (bRows, bColumns) = (b.shape[b.rank - 2], b.shape[b.rank - 1])
    let (m, k) = transposeA ? (aColumns, aRows) : (aRows, aColumns)
    let n = transposeB ? bRows : bColumns
    let (aBatch, bBatch) = (Shape(Array(a.shape.dropLast(2))), Shape(Array(b.shape.dropLast(2))))
    let batch = trapping { () throws(TensorError) in try Shape.broadcast(aBatch, bBatch, operation: "matmul") }
    let aOffsets = batchOffsets(aBatch, batch, matrix: aRows * aColumns)
    let bOffsets = batchOffsets(bBatch, batch, matrix: bRows * bColumns)
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      NDArray.building(Shape(batch.extents + [m, n]), as: T.self) { output in
        guard output.count > 0, let c = output.baseAddress else { return }
        if k == 0 {
          output.initialize(repeating: 0)
          return
        }
        a.withUnsafeBufferPointer(as: T.self) { a in
          b.withUnsafeBufferPointer(as: T.self) { b in
            guard let pa = a.baseAddress, let pb = b.baseAddress else { return }
            let blocks = ProductBlocks(m: m, n: n, k: k)
            Parallel.forEach(aOffsets.count * blocks.count) { index in
              let matrix = index / blocks.count
              let (rows, columns) = blocks[index % blocks.count]
              T.gemm(
                transposeA, transposeB, rows.count, columns.count, k, 1,
                pa + aOffsets[matrix] + rows.lowerBound * (transposeA ? 1 : aColumns), aColumns,
                pb + bOffsets[matrix] + columns.lowerBound * (transposeB ? bColumns : 1), bColumns,
                0, c + matrix * m * n + rows.lowerBound * n + columns.lowerBound, n)
            }
          }
        }
      }
    }
    return withRealType(a.dtype, "matmul") { run($0) }
  }
}

/// Where each matrix of the broadcast batch starts in an operand.
private func batchOffsets(_ own: Shape, _ batch: Shape, matrix: Int) -> [Int] {
  let strides = own.broadcastStrides(to: batch)
  var offsets = [0]
  for axis in batch.indices {
    offsets = offsets.flatMap { base in (0..<batch[axis]).map { base + $0 * strides[axis] } }
  }
  return offsets.map { $0 * matrix }
}

/// The output of one product cut into blocks for threads. The cut depends on the shape alone.
private struct ProductBlocks {
  let (m, n): (Int, Int)
  let rowBlock: Int
  let columnBlock: Int
  var rowCount: Int { (m + rowBlock - 1) / rowBlock }
  var count: Int { rowCount * ((n + columnBlock - 1) / columnBlock) }

  init(m: Int, n: Int, k: Int) {
    (self.m, self.n) = (m, n)
    // Below about two million multiply-adds a thread costs more than it brings.
    let small = m * n * k < 1 << 21
    // Two long blocks pack each operand once more at most; tall matrices are cut by rows, wide ones by columns.
    rowBlock = small || m < n ? max(1, m) : max(64, (m + 3) / 4)
    columnBlock = small || m >= n ? max(1, n) : max(64, (n + 3) / 4)
  }

  subscript(index: Int) -> (rows: Range<Int>, columns: Range<Int>) {
    let row = index % rowCount * rowBlock
    let column = index / rowCount * columnBlock
    return (row..<min(m, row + rowBlock), column..<min(n, column + columnBlock))
  }
}
