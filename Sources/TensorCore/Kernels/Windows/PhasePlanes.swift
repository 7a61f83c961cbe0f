// Copies of planes with their padding, laid out so that each tap of a window reads the entries of successive positions from
// successive places, whatever the stride: rows and columns are sorted by their remainders modulo the stride ("phases").
// A convolution is then a sum of runs of vectors, one for each tap, without bounds to test.

/// One axis of a window: where its taps fall among the phases of the stride.
private struct PhaseAxis {
  /// For each tap: (tap·dilation) divided by the stride.
  let quotients: [Int]
  let remainders: [Int]
  /// The remainders that occur, ascending.
  let used: [Int]
  var reach: Int { quotients.max() ?? 0 }

  init(kernel: Int, stride: Int, dilation: Int) {
    quotients = (0..<kernel).map { $0 * dilation / stride }
    remainders = (0..<kernel).map { $0 * dilation % stride }
    used = Set(remainders).sorted()
  }
}

/// Floats that kernels may read behind the last plane.
let planeSlack = 128

/// Planes of a convolution's input: position (oy, ox) of the output, at oy·stride + ox, reads tap t at `offsets[t]` from there.
struct InputPhases {
  private let window: Window2D
  private let input: Size2D
  private let axes: (PhaseAxis, PhaseAxis)
  private let rows: Int
  /// Distance of successive rows, at least the output's width.
  let stride: Int
  /// For each tap of the kernel, row by row.
  let offsets: [Int]
  /// Floats of one plane.
  let count: Int

  init(_ shape: Convolution2DShape) {
    (window, input) = (shape.window, shape.input)
    let (kernel, step, dilation) = (window.kernel, window.stride, window.dilation)
    let y = PhaseAxis(kernel: kernel.height, stride: step.height, dilation: dilation.height)
    let x = PhaseAxis(kernel: kernel.width, stride: step.width, dilation: dilation.width)
    let (rows, stride) = (shape.output.height + y.reach, shape.output.width + x.reach)
    func place(_ axis: PhaseAxis, _ tap: Int) -> Int { axis.used.firstIndex(of: axis.remainders[tap]) ?? 0 }
    offsets = (0..<kernel.area).map { tap in
      let (ky, kx) = tap.quotientAndRemainder(dividingBy: kernel.width)
      return ((place(y, ky) * x.used.count + place(x, kx)) * rows + y.quotients[ky]) * stride + x.quotients[kx]
    }
    (axes, self.rows, self.stride) = ((y, x), rows, stride)
    count = y.used.count * x.used.count * rows * stride
  }

  /// Copies one plane, zeros in place of the padding.
  func gather(_ plane: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    var row = target
    let step = window.stride.width
    for ry in axes.0.used {
      for rx in axes.1.used {
        let shift = rx - window.padding.width  // column b holds input column b·step + shift
        let first = min(stride, shift >= 0 ? 0 : (step - 1 - shift) / step)
        let last = max(first, min(stride, input.width > shift ? (input.width - 1 - shift) / step + 1 : 0))
        for a in 0..<rows {
          let iy = a * window.stride.height + ry - window.padding.height
          if iy < 0 || iy >= input.height {
            row.update(repeating: 0, count: stride)
          } else {
            let source = plane + iy * input.width + shift
            row.update(repeating: 0, count: first)
            if step == 1 {
              (row + first).update(from: source + first, count: last - first)
            } else {
              for b in first..<last { row[b] = source[b * step] }
            }
            (row + last).update(repeating: 0, count: stride - last)
          }
          row += stride
        }
      }
    }
  }
}

/// Planes of a cotangent, for the adjoint of a convolution in its input: entries of one phase of the padded input, position (a, b)
/// at a·stride + b, are sums over the taps of that phase.
struct CotangentPhases {
  /// The taps that reach one phase, and where they read.
  struct Phase {
    let row: Int
    let column: Int
    let taps: [Int]
    let offsets: [Int]
  }

  private let window: Window2D
  private let input: Size2D
  private let output: Size2D
  private let reach: Size2D
  /// Positions of a phase.
  let size: Size2D
  let stride: Int
  let phases: [Phase]
  let count: Int

  init(_ shape: Convolution2DShape) {
    (window, input, output) = (shape.window, shape.input, shape.output)
    let (kernel, step, dilation) = (window.kernel, window.stride, window.dilation)
    let y = PhaseAxis(kernel: kernel.height, stride: step.height, dilation: dilation.height)
    let x = PhaseAxis(kernel: kernel.width, stride: step.width, dilation: dilation.width)
    let reach = Size2D(y.reach, x.reach)
    size = Size2D(
      (window.padding.height + input.height - 1) / step.height + 1, (window.padding.width + input.width - 1) / step.width + 1)
    let stride = size.width + reach.width
    phases = y.used.flatMap { row in
      x.used.map { column in
        let taps = (0..<kernel.area).filter {
          y.remainders[$0 / kernel.width] == row && x.remainders[$0 % kernel.width] == column
        }
        let offsets = taps.map {
          (reach.height - y.quotients[$0 / kernel.width]) * stride + reach.width - x.quotients[$0 % kernel.width]
        }
        return Phase(row: row, column: column, taps: taps, offsets: offsets)
      }
    }
    (self.reach, self.stride) = (reach, stride)
    count = (size.height + reach.height) * stride
  }

  /// Whether each entry of the input belongs to a phase that some tap reaches.
  var coversInput: Bool { phases.count == window.stride.area }

  /// Copies one plane of the cotangent, zeros around it.
  func gather(_ plane: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    let columns = min(output.width, size.width)
    for a in 0..<size.height + reach.height {
      let (row, source) = (target + a * stride, a - reach.height)
      if source < 0 || source >= output.height {
        row.update(repeating: 0, count: stride)
      } else {
        row.update(repeating: 0, count: reach.width)
        (row + reach.width).update(from: plane + source * output.width, count: columns)
        (row + reach.width + columns).update(repeating: 0, count: stride - reach.width - columns)
      }
    }
  }

  /// Writes rows of one phase, of which the first is row `first`, to their places in a plane of the input.
  func scatter(_ values: UnsafePointer<Float>, rows: Range<Int>, of phase: Phase, to plane: UnsafeMutablePointer<Float>) {
    let (step, shift) = (window.stride.width, phase.column - window.padding.width)
    let first = min(size.width, shift >= 0 ? 0 : (step - 1 - shift) / step)
    let last = max(first, min(size.width, input.width > shift ? (input.width - 1 - shift) / step + 1 : 0))
    for a in rows {
      let iy = a * window.stride.height + phase.row - window.padding.height
      if iy < 0 || iy >= input.height { continue }
      let (row, target) = (values + (a - rows.lowerBound) * stride, plane + iy * input.width + shift)
      if step == 1 {
        (target + first).update(from: row + first, count: last - first)
      } else {
        for b in first..<last { target[b * step] = row[b] }
      }
    }
  }
}
