extension NormalizedAffinity {
  /// Y = A·X in double, whatever the precision of W: eigenpairs and residuals are exact for the affinity as it is rounded.
  func apply(_ x: Matrix<Double>) -> Matrix<Double> {
    outcome(.product, of: x) { scaled(x) { self.product(.weight, $0, kernel: T.blockProduct) } }
  }

  /// Y = A·X with the rounding of W's precision: what iterations are made of.
  func applyRounded(_ x: Matrix<Double>) -> Matrix<Double> {
    outcome(.roundedProduct, of: x) { scaled(x) { self.product(.weight, $0, kernel: T.panelProduct) } }
  }

  /// Y = S·M·S·X and M·1 with M = σ·∂W/∂σ; `nil` for an affinity of someone else's.
  func applyWidthSlope(_ x: Matrix<Double>) -> (image: Matrix<Double>, rowSums: [Double])? {
    if profile == nil { return nil }
    let (n, m) = (nodeCount, x.columns)
    let input = Matrix<Double>(uninitialized: n, m + 1)
    for i in 0..<n {
      for c in 0..<m { input[i, c] = scales.pointer[i] * x[i, c] }
      input[i, m] = 1
    }
    let output = outcome(.widthProduct, of: input) { product(.width, Panels<Double>(input), kernel: T.blockProduct) }
    let image = Matrix<Double>(uninitialized: n, m)
    for i in 0..<n { for c in 0..<m { image[i, c] = scales.pointer[i] * output[i, c] } }
    return (image, (0..<n).map { output[$0, m] })
  }

  /// S·(W·(S·X))
  private func scaled<P: RealScalar>(_ x: Matrix<Double>, _ product: (Panels<P>) -> Matrix<Double>) -> Matrix<Double> {
    let result = product(Panels<P>(x, rowScales: scales))
    Parallel.forEachChunk(of: nodeCount, size: tallChunk) { rows in
      for i in rows {
        let (row, s) = (result.row(i), self.scales.pointer[i])
        for c in 0..<result.columns { row[c] *= s }
      }
    }
    return result
  }

  typealias PanelKernel<P: RealScalar> =
    (UnsafePointer<T>, Int, UnsafePointer<P>, Int, Int, UnsafeMutablePointer<Double>) -> Void

  private func product<P: RealScalar>(_ entry: TileEntry, _ x: Panels<P>, kernel: PanelKernel<P>) -> Matrix<Double> {
    let result = Matrix<Double>(nodeCount, x.columns)
    if let stored, entry == .weight {
      addStored(stored, x, result, kernel)
    } else {
      tiles.forEach(entry, progress: progress) { rows, columns, tile in
        self.addTile(tile.pointer, rows, columns, x, result, kernel)
        if rows == columns { return }
        // By symmetry. Transposed in the cache, so that the same kernel does.
        withUnsafeTemporaryAllocation(of: T.self, capacity: rows.count * columns.count) { mirrored in
          guard let base = mirrored.baseAddress else { return }
          T.transpose(tile.pointer, rows.count, columns.count, base)
          self.addTile(base, columns, rows, x, result, kernel)
        }
      }
    }
    return result
  }

  private func addStored<P: RealScalar>(
    _ weights: Matrix<T>, _ x: Panels<P>, _ result: Matrix<Double>, _ kernel: PanelKernel<P>
  ) {
    let n = nodeCount
    for panel in 0..<x.count {
      Parallel.forEachChunk(of: n, size: 132) { rows in
        let product = Matrix<Double>(uninitialized: rows.count, panelWidth)
        kernel(weights.row(rows.lowerBound), n, x.panel(panel), rows.count, n, product.pointer)
        x.add(product.pointer, to: result, rows, panel)
      }
    }
  }

  /// The rows' sums over these columns, added to what they have.
  func addTile<P: RealScalar>(
    _ tile: UnsafePointer<T>, _ rows: Range<Int>, _ columns: Range<Int>, _ x: Panels<P>, _ result: Matrix<Double>,
    _ kernel: PanelKernel<P>
  ) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: rows.count * panelWidth) { product in
      guard let base = product.baseAddress else { return }
      for panel in 0..<x.count {
        kernel(tile, columns.count, x.panel(panel) + columns.lowerBound * panelWidth, rows.count, columns.count, base)
        x.add(base, to: result, rows, panel)
      }
    }
  }

  /// A·X in the precision of W throughout.
  func product(_ x: Matrix<T>) -> Matrix<T> { outcome(.solveProduct, of: x) { productInPrecision(x) } }

  private func productInPrecision(_ x: Matrix<T>) -> Matrix<T> {
    let (n, m) = (nodeCount, x.columns)
    let (scaled, result) = (Matrix<T>(uninitialized: n, m), Matrix<T>(uninitialized: n, m))
    Parallel.forEachChunk(of: n, size: tallChunk) { rows in
      for i in rows {
        T.affine(scalesInPrecision.pointer[i], 0, x.row(i), scaled.row(i), m)
        if stored == nil { result.row(i).update(repeating: 0, count: m) }
      }
    }
    if stored == nil { addTiles(scaled, to: result) }
    // Fewer rows at a time would pack X more often.
    Parallel.forEachChunk(of: n, size: 1280) { rows in
      let first = rows.lowerBound
      if let stored {
        T.gemm(false, false, rows.count, m, n, 1, stored.row(first), n, scaled.pointer, m, 0, result.row(first), m)
      }
      for i in rows { T.affine(scalesInPrecision.pointer[i], 0, result.row(i), result.row(i), m) }
    }
    return result
  }

  /// Y += W·X in the precision of W.
  private func addTiles(_ x: Matrix<T>, to y: Matrix<T>) {
    let m = x.columns
    tiles.forEach(.weight, progress: progress) { rows, columns, tile in
      let (width, first, second) = (columns.count, rows.lowerBound, columns.lowerBound)
      T.gemm(false, false, rows.count, m, width, 1, tile.pointer, width, x.row(second), m, 1, y.row(first), m)
      if rows == columns { return }
      T.gemm(true, false, width, m, rows.count, 1, tile.pointer, width, x.row(first), m, 1, y.row(second), m)
    }
  }
}

/// A tall matrix as panels of ``panelWidth`` columns, each packed, the last filled up with zeros.
struct Panels<P: RealScalar>: Sendable {
  let columns: Int
  private let rows: Int
  private let values: Matrix<P>
  var count: Int { (columns + panelWidth - 1) / panelWidth }

  /// - Parameter rowScales: what each row is multiplied by; `nil` for nothing.
  @_specialize(where P == Float)
  @_specialize(where P == Double)
  init(_ x: Matrix<Double>, rowScales: Matrix<Double>? = nil) {
    (rows, columns) = (x.rows, x.columns)
    let values = Matrix<P>((columns + panelWidth - 1) / panelWidth * x.rows, panelWidth)
    Parallel.forEachChunk(of: x.rows, size: tallChunk) { chunk in
      for row in chunk {
        let (source, s) = (x.row(row), rowScales?.pointer[row] ?? 1)
        for c in 0..<x.columns { values[c / panelWidth * x.rows + row, c % panelWidth] = P(s * source[c]) }
      }
    }
    self.values = values
  }

  func panel(_ index: Int) -> UnsafePointer<P> { UnsafePointer(values.row(index * rows)) }

  /// Adds the packed product of a panel to the columns it stands for.
  func add(_ product: UnsafePointer<Double>, to result: Matrix<Double>, _ range: Range<Int>, _ panel: Int) {
    let first = panel * panelWidth
    let width = min(panelWidth, columns - first)
    for row in range {
      let (source, target) = (product + (row - range.lowerBound) * panelWidth, result.row(row) + first)
      for c in 0..<width { target[c] += source[c] }
    }
  }
}
