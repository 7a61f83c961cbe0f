/// The column matrix of a convolution: row (channel, ky, kx), column = output position (row-major), entry = the input that
/// this tap reads there, 0 in the padding. Convolution is then a matrix product (Chellapilla, Puri & Simard 2006).
///
/// Built in blocks of channels and output positions, so that it never exists as a whole.
struct ColumnMatrix {
  let window: Window2D
  let input: Size2D
  let output: Size2D

  init(_ shape: Convolution2DShape) { (window, input, output) = (shape.window, shape.input, shape.output) }

  /// Calls `body` for each run of output positions in one output row that one tap reads: the row of the block, where the run
  /// starts in the block's row, the output columns, those of them inside the input, and the flat input index of the first inside.
  @inline(__always)
  private func forEachRun(
    channels: Int, positions: Range<Int>,
    _ body: (_ row: Int, _ at: Int, _ run: Range<Int>, _ inside: Range<Int>, _ source: Int) -> Void
  ) {
    let (kernel, stride, dilation, padding) = (window.kernel, window.stride, window.dilation, window.padding)
    var row = 0
    for channel in 0..<channels {
      for ky in 0..<kernel.height {
        for kx in 0..<kernel.width {
          let offset = kx * dilation.width - padding.width
          let all = window.insideColumns(kx, width: input.width, of: 0..<output.width)
          var position = positions.lowerBound
          var (oy, ox) = position.quotientAndRemainder(dividingBy: output.width)
          while position < positions.upperBound {
            let run = ox..<min(output.width, ox + positions.upperBound - position)
            let iy = oy * stride.height - padding.height + ky * dilation.height
            let inside = iy >= 0 && iy < input.height ? all.clamped(to: run) : run.lowerBound..<run.lowerBound
            let source = (channel * input.height + iy) * input.width + inside.lowerBound * stride.width + offset
            body(row, position - positions.lowerBound, run, inside, source)
            position += run.count
            (oy, ox) = (oy + 1, 0)
          }
          row += 1
        }
      }
    }
  }

  /// Writes the block for `channels` planes that start at `x`, rows of `positions.count` elements.
  @inline(__always)
  func gather<T: RealScalar>(
    _ x: UnsafePointer<T>, channels: Int, positions: Range<Int>, into block: UnsafeMutablePointer<T>
  ) {
    let step = window.stride.width
    forEachRun(channels: channels, positions: positions) { row, at, run, inside, source in
      let target = block + row * positions.count + at
      let before = inside.lowerBound - run.lowerBound
      target.update(repeating: 0, count: before)
      if step == 1 {
        (target + before).update(from: x + source, count: inside.count)
      } else {
        for index in 0..<inside.count { target[before + index] = x[source + index * step] }
      }
      (target + before + inside.count).update(repeating: 0, count: run.upperBound - inside.upperBound)
    }
  }

  /// The adjoint of `gather`: adds the block to the planes that start at `x`.
  @inline(__always)
  func scatterAdd<T: RealScalar>(
    _ block: UnsafePointer<T>, channels: Int, positions: Range<Int>, to x: UnsafeMutablePointer<T>
  ) {
    let step = window.stride.width
    forEachRun(channels: channels, positions: positions) { row, at, run, inside, source in
      let values = block + row * positions.count + at + inside.lowerBound - run.lowerBound
      for index in 0..<inside.count { x[source + index * step] += values[index] }
    }
  }
}
