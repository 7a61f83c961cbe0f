/// Rows in one chunk of a tall product; fixed, so that bits do not depend on the number of threads.
let tallChunk = 1024

/// Products with no more columns than this are taken a panel at a time, by kernels that leave the tall matrix as it lies;
/// with more, a library's are faster.
private let narrowProduct = 3 * panelWidth

extension MatrixView where T: SpectralScalar {
  /// C = alpha·A·B + beta·C with A tall: rows in parallel.
  static func multiply(
    _ a: MatrixView, _ b: Matrix<T>, alpha: T = 1, beta: T = 0, into c: MatrixView, transposeB: Bool = false
  ) {
    let (n, k) = (c.columns, a.columns)
    if n == 0 || a.rows == 0 { return }
    if n <= narrowProduct && !transposeB { return multiplyNarrow(a, b, alpha: alpha, beta: beta, into: c) }
    Parallel.forEachChunk(of: a.rows, size: tallChunk) { rows in
      T.gemm(
        false, transposeB, rows.count, n, k, alpha, a.row(rows.lowerBound), max(1, a.stride), b.pointer, max(1, b.columns),
        beta, c.row(rows.lowerBound), c.stride)
    }
  }

  /// As ``multiply(_:_:alpha:beta:into:transposeB:)``, for few columns.
  private static func multiplyNarrow(_ a: MatrixView, _ b: Matrix<T>, alpha: T, beta: T, into c: MatrixView) {
    let panels = b.view.panels()
    Parallel.forEachChunk(of: a.rows, size: tallChunk) { chunk in
      // So few rows at a time that they stay in the cache from panel to panel.
      for first in Swift.stride(from: chunk.lowerBound, to: chunk.upperBound, by: 64) {
        let rows = min(64, chunk.upperBound - first)
        for (index, column) in Swift.stride(from: 0, to: c.columns, by: panelWidth).enumerated() {
          T.tallProduct(
            a.row(first), a.stride, panels.row(index * b.rows), rows, a.columns, alpha, beta, c.row(first) + column, c.stride,
            min(panelWidth, c.columns - column))
        }
      }
    }
  }

  static func product(_ a: MatrixView, _ b: Matrix<T>) -> Matrix<T> {
    let c = Matrix<T>(uninitialized: a.rows, b.columns)
    multiply(a, b, into: c.view)
    return c
  }

  /// AᵀB for tall A and B: partial products of fixed chunks, added in order.
  static func innerProducts(_ a: MatrixView, _ b: MatrixView) -> Matrix<T> {
    let (m, n) = (a.columns, b.columns)
    let result = Matrix<T>(m, n)
    if m == 0 || n == 0 { return result }
    let chunks = (a.rows + tallChunk - 1) / tallChunk
    let isNarrow = n <= narrowProduct
    let width = isNarrow ? (n + panelWidth - 1) / panelWidth * panelWidth : n
    let partial = Matrix<T>(uninitialized: chunks, m * width)
    Parallel.forEachChunk(of: a.rows, size: tallChunk) { rows in
      let (first, target) = (rows.lowerBound, partial.row(rows.lowerBound / tallChunk))
      if isNarrow {
        target.update(repeating: 0, count: m * width)
        let panels = b.rows(rows).panels()
        for index in 0..<width / panelWidth {
          T.tallInner(
            a.row(first), a.stride, panels.row(index * rows.count), rows.count, m, target + index * m * panelWidth)
        }
      } else {
        T.gemm(true, false, m, n, rows.count, 1, a.row(first), a.stride, b.row(first), b.stride, 0, target, n)
      }
    }
    for chunk in 1..<max(1, chunks) { T.axpy(1, partial.row(chunk), partial.pointer, m * width) }
    let (group, sums) = (isNarrow ? panelWidth : n, partial.pointer)
    for column in 0..<n {
      let source = sums + column / group * m * group + column % group
      for row in 0..<m { result[row, column] = source[row * group] }
    }
    return result
  }

  /// Panels of ``panelWidth`` columns below one another, each packed, the last filled up with zeros.
  private func panels() -> Matrix<T> {
    let count = (columns + panelWidth - 1) / panelWidth
    let result = Matrix<T>(uninitialized: count * rows, panelWidth)
    for panel in 0..<count {
      let width = min(panelWidth, columns - panel * panelWidth)
      for row in 0..<rows {
        let target = result.row(panel * rows + row)
        target.update(from: self.row(row) + panel * panelWidth, count: width)
        if width < panelWidth { (target + width).update(repeating: 0, count: panelWidth - width) }
      }
    }
    return result
  }
}

extension Matrix where T: SpectralScalar {
  /// C = alpha·A·B + beta·C with A tall: rows in parallel.
  static func multiply(
    _ a: Matrix, _ b: Matrix, alpha: T = 1, beta: T = 0, into c: Matrix, transposeB: Bool = false
  ) { MatrixView.multiply(a.view, b, alpha: alpha, beta: beta, into: c.view, transposeB: transposeB) }

  static func product(_ a: Matrix, _ b: Matrix) -> Matrix { MatrixView.product(a.view, b) }

  /// AᵀB for tall A and B.
  static func innerProducts(_ a: Matrix, _ b: Matrix) -> Matrix { MatrixView.innerProducts(a.view, b.view) }
}
