// Pooling over the last two axes. Windows are separable: the rows of a window are combined first, a whole line of the plane at a
// time, then its columns. Planes are independent and each is swept in one order, so the bits do not depend on threads.

/// A window's sweep over planes.
private struct Sweep {
  let window: Window2D
  let input: Size2D
  let output: Size2D

  init(_ window: Window2D, input: Size2D, output: Size2D) { (self.window, self.input, self.output) = (window, input, output) }

  /// The taps of one axis at an output position that lie inside the input.
  private static func taps(
    _ position: Int, _ extent: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int
  ) -> Range<Int> {
    let origin = position * stride - padding
    let lower = min(kernel, origin >= 0 ? 0 : (dilation - 1 - origin) / dilation)
    return lower..<max(lower, min(kernel, extent > origin ? (extent - 1 - origin) / dilation + 1 : 0))
  }
  func rowTaps(_ y: Int) -> Range<Int> {
    Self.taps(y, input.height, window.kernel.height, window.stride.height, window.padding.height, window.dilation.height)
  }
  func columnTaps(_ x: Int) -> Range<Int> {
    Self.taps(x, input.width, window.kernel.width, window.stride.width, window.padding.width, window.dilation.width)
  }

  /// The place in the plane's first column that a tap of an output row reads.
  func source(_ y: Int, _ tap: Int) -> Int {
    (y * window.stride.height - window.padding.height + tap * window.dilation.height) * input.width
  }

  /// Entries of a line with its padding, to the end of the last window.
  var line: Int {
    max((output.width - 1) * window.stride.width + window.span.width, window.padding.width + input.width)
  }

  /// Runs `body` for ranges of planes, in parallel.
  @inline(__always)
  func forEachRange(planes: Int, _ body: (Range<Int>) -> Void) {
    Parallel.forEachRange(of: planes, work: output.area * window.kernel.area + input.area, body)
  }
}

extension Window2D {
  /// ``outputSize(_:operation:)``, refusing windows that lie in the padding alone: they have no maximum and no mean.
  package func outputSizeReadingEverywhere(_ input: Size2D, operation: String) throws(TensorError) -> Size2D {
    let output = try outputSize(input, operation: operation)
    if padding == Size2D(0, 0) { return output }
    let sweep = Sweep(self, input: input, output: output)
    guard (0..<output.height).allSatisfy({ !sweep.rowTaps($0).isEmpty }),
      (0..<output.width).allSatisfy({ !sweep.columnTaps($0).isEmpty })
    else {
      throw .shape(
        operation, "padding \(padding) is so wide that a kernel \(kernel) on the input \(input) would lie in it alone")
    }
    return output
  }
}

extension NDArray {
  private var planeSize: Size2D { Size2D(shape[2], shape[3]) }
  private var planes: Int { shape[0] * shape[1] }

  /// Runs a kernel with this array's elements and a new array's, both of one floating-point type.
  private func pooling(
    _ result: Shape, single: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void,
    double: (UnsafePointer<Double>, UnsafeMutablePointer<Double>) -> Void
  ) -> NDArray {
    func run<T: RealScalar>(_ kernel: (UnsafePointer<T>, UnsafeMutablePointer<T>) -> Void) -> NDArray {
      NDArray.building(result, as: T.self) { output in
        withUnsafeBufferPointer(as: T.self) { input in
          guard let x = input.baseAddress, let y = output.baseAddress else { return }
          kernel(x, y)
        }
      }
    }
    // Naming both types lets the compiler specialise the kernels' loops.
    return dtype == .float32 ? run(single) : run(double)
  }

  /// Maxima of each window, and the int32 index in its plane of the first entry that attains it. NaN counts as largest.
  package func maxPool2D(_ window: Window2D, output: Size2D) -> (values: NDArray, indices: NDArray) {
    let result: Shape = [shape[0], shape[1], output.height, output.width]
    var values: NDArray?
    let indices = NDArray.building(result, as: Int32.self) { indices in
      guard let at = indices.baseAddress else { return }
      values = pooling(
        result, single: { maximum(window, output, $0, $1, at) }, double: { maximum(window, output, $0, $1, at) })
    }
    return (values ?? self, indices)
  }

  private func maximum<T: LayerScalar>(
    _ window: Window2D, _ output: Size2D, _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>,
    _ indices: UnsafeMutablePointer<Int32>
  ) {
    let sweep = Sweep(window, input: planeSize, output: output)
    sweep.forEachRange(planes: planes) { planes in
      withScratch(T.self, sweep.line) { line in
        withScratch(Int32.self, sweep.line) { places in
          // The padding loses against every entry, −∞ too.
          line.update(repeating: -.infinity, count: sweep.line)
          places.update(repeating: .max, count: sweep.line)
          for plane in planes {
            let source = x + plane * sweep.input.area
            for oy in 0..<output.height {
              let at = plane * output.area + oy * output.width
              if !sweep.ordinaryMaxima(oy, source, line, places, y + at, indices + at) {
                sweep.anyMaxima(oy, source, y + at, indices + at)
              }
            }
          }
        }
      }
    }
  }

  /// Entries at `indices` of each plane.
  package func gatheredFromPlanes(_ indices: NDArray) -> NDArray {
    let (size, result) = (planeSize, indices.shape)
    func gather<T: RealScalar>(_ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>) {
      indices.withUnsafeBufferPointer(as: Int32.self) { indices in
        let area = result[2] * result[3]
        Parallel.forEachRange(of: planes, work: area) { range in
          for plane in range {
            for at in plane * area..<(plane + 1) * area { y[at] = x[plane * size.area + Int(indices[at])] }
          }
        }
      }
    }
    return pooling(result, single: { gather($0, $1) }, double: { gather($0, $1) })
  }

  /// The adjoint of ``gatheredFromPlanes(_:)``: adds each entry to its index in planes of `size`.
  package func scatteredToPlanes(_ indices: NDArray, size: Size2D) -> NDArray {
    let result: Shape = [shape[0], shape[1], size.height, size.width]
    func scatter<T: RealScalar>(_ g: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>) {
      indices.withUnsafeBufferPointer(as: Int32.self) { indices in
        let area = planeSize.area
        Parallel.forEachRange(of: planes, work: area + size.area) { range in
          for plane in range {
            let target = y + plane * size.area
            target.update(repeating: 0, count: size.area)
            for at in plane * area..<(plane + 1) * area { target[Int(indices[at])] += g[at] }
          }
        }
      }
    }
    return pooling(result, single: { scatter($0, $1) }, double: { scatter($0, $1) })
  }

  /// Mean of each window; divides by its area in the padded input if `countIncludePad`, else by the entries inside the input.
  package func averagePool2D(_ window: Window2D, output: Size2D, countIncludePad: Bool) -> NDArray {
    let sweep = Sweep(window, input: planeSize, output: output)
    func average<T: LayerScalar>(_ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>) {
      let divisors = Divisors<T>(sweep, countIncludePad)
      sweep.forEachRange(planes: planes) { planes in
        withScratch(T.self, sweep.line) { line in
          line.update(repeating: 0, count: sweep.line)
          for plane in planes {
            for oy in 0..<output.height {
              let (taps, inside) = (sweep.rowTaps(oy), line + window.padding.width)
              if taps.isEmpty {
                inside.update(repeating: 0, count: sweep.input.width)
              } else {
                let source = x + plane * sweep.input.area + sweep.source(oy, taps.lowerBound)
                T.rowSums(source, taps.count, sweep.input.width, inside, sweep.input.width)
              }
              T.windowMeans(
                line, window.kernel.width, window.stride.width, divisors.rows[oy], divisors.columns,
                y + plane * output.area + oy * output.width, output.width)
            }
          }
        }
      }
    }
    return pooling(
      [shape[0], shape[1], output.height, output.width], single: { average($0, $1) }, double: { average($0, $1) })
  }

  /// The adjoint of ``averagePool2D(_:output:countIncludePad:)``: spreads each entry evenly over its window in planes of `size`.
  package func averagePool2DAdjoint(_ window: Window2D, size: Size2D, countIncludePad: Bool) -> NDArray {
    let (output, sweep) = (planeSize, Sweep(window, input: size, output: planeSize))
    func spread<T: LayerScalar>(_ g: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>) {
      let divisors = Divisors<T>(sweep, countIncludePad)
      sweep.forEachRange(planes: planes) { planes in
        withScratch(T.self, sweep.line + output.width) { line in
          for plane in planes {
            let target = y + plane * size.area
            target.update(repeating: 0, count: size.area)
            for oy in 0..<output.height {
              line.update(repeating: 0, count: sweep.line)
              T.windowSpread(
                g + plane * output.area + oy * output.width, window.kernel.width, window.stride.width, divisors.rows[oy],
                divisors.columns, line + sweep.line, line, output.width)
              for tap in sweep.rowTaps(oy) {
                T.axpy(1, line + window.padding.width, target + sweep.source(oy, tap), size.width)
              }
            }
          }
        }
      }
    }
    return pooling(
      [shape[0], shape[1], size.height, size.width], single: { spread($0, $1) }, double: { spread($0, $1) })
  }
}

extension Sweep {
  /// One row of maxima, compiled to vector instructions. False if it read a NaN; its results are then void.
  func ordinaryMaxima<T: LayerScalar>(
    _ oy: Int, _ x: UnsafePointer<T>, _ line: UnsafeMutablePointer<T>, _ linePlaces: UnsafeMutablePointer<Int32>,
    _ best: UnsafeMutablePointer<T>, _ places: UnsafeMutablePointer<Int32>
  ) -> Bool {
    let (taps, first) = (rowTaps(oy), window.padding.width)
    let source = source(oy, taps.lowerBound)
    if T.rowMaxima(
      x + source, taps.count, window.dilation.height * input.width, source, line + first, linePlaces + first, input.width)
    {
      return false
    }
    T.windowMaxima(
      line, linePlaces, window.kernel.width, window.dilation.width, window.stride.width, best, places, output.width)
    return true
  }

  /// One row of maxima where NaN counts as the largest.
  func anyMaxima<T: RealScalar>(
    _ oy: Int, _ x: UnsafePointer<T>, _ best: UnsafeMutablePointer<T>, _ places: UnsafeMutablePointer<Int32>
  ) {
    for ox in 0..<output.width {
      var place = -1
      for ky in rowTaps(oy) {
        for kx in columnTaps(ox) {
          let index = source(oy, ky) + ox * window.stride.width - window.padding.width + kx * window.dilation.width
          // The negated comparison lets NaN in; once it is in, nothing replaces it.
          if place < 0 || (!(x[index] <= x[place]) && !x[place].isNaN) { place = index }
        }
      }
      best[ox] = x[place]
      places[ox] = Int32(truncatingIfNeeded: place)
    }
  }
}

/// What a mean divides by, as a product of a factor for its row and one for its column.
private struct Divisors<T: RealScalar> {
  let rows: [T]
  let columns: [T]

  init(_ sweep: Sweep, _ countIncludePad: Bool) {
    let window = sweep.window
    // The padding counts, what lies behind it does not: there the last window of `roundsUp` ends.
    func padded(_ position: Int, _ extent: Int, _ kernel: Int, _ stride: Int, _ padding: Int) -> Int {
      let origin = position * stride - padding
      return min(origin + kernel, extent + padding) - origin
    }
    rows = (0..<sweep.output.height).map { y in
      T(
        countIncludePad
          ? padded(y, sweep.input.height, window.kernel.height, window.stride.height, window.padding.height)
          : sweep.rowTaps(y).count)
    }
    columns = (0..<sweep.output.width).map { x in
      T(
        countIncludePad
          ? padded(x, sweep.input.width, window.kernel.width, window.stride.width, window.padding.width)
          : sweep.columnTaps(x).count)
    }
  }
}
