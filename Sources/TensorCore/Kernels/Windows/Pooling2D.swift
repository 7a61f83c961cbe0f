// Pooling over the last two axes. Planes are independent and each is swept in one order, so the bits do not depend on threads.

/// A window's sweep over planes: for each output row the taps inside the input, each over a run of output columns, so that
/// inner loops have one stride and no bounds to test.
private struct Sweep {
  let window: Window2D
  let input: Size2D
  let output: Size2D
  /// For each tap of a kernel row, the output columns at which it lies inside the input.
  let inside: [Range<Int>]

  init(_ window: Window2D, input: Size2D, output: Size2D) {
    (self.window, self.input, self.output) = (window, input, output)
    inside = (0..<window.kernel.width).map { window.insideColumns($0, width: input.width, of: 0..<output.width) }
  }

  /// Runs `body` for each output row of each plane, planes in parallel: the plane's and the row's first element.
  @inline(__always)
  func forEachRow(planes: Int, _ body: (_ plane: Int, _ row: Int, _ y: Int) -> Void) {
    Parallel.forEachRange(of: planes, work: output.area * window.kernel.area) { range in
      for plane in range {
        for y in 0..<output.height { body(plane * input.area, plane * output.area + y * output.width, y) }
      }
    }
  }

  /// Runs `body` for the taps that output row `y` reads: the output columns, and the index in the plane that the first reads.
  @inline(__always)
  func forEachTap(_ y: Int, _ body: (_ columns: Range<Int>, _ source: Int) -> Void) {
    for ky in 0..<window.kernel.height {
      let iy = y * window.stride.height - window.padding.height + ky * window.dilation.height
      if iy < 0 || iy >= input.height { continue }
      for kx in 0..<window.kernel.width {
        let columns = inside[kx]
        let ix = columns.lowerBound * window.stride.width - window.padding.width + kx * window.dilation.width
        if !columns.isEmpty { body(columns, iy * input.width + ix) }
      }
    }
  }

  /// For each output row (or column), how many taps lie inside the input.
  var rowCounts: [Int] {
    (0..<output.height).map { y in
      (0..<window.kernel.height).count { ky in
        let iy = y * window.stride.height - window.padding.height + ky * window.dilation.height
        return iy >= 0 && iy < input.height
      }
    }
  }
  var columnCounts: [Int] { (0..<output.width).map { x in inside.count { $0.contains(x) } } }
}

extension Window2D {
  /// ``outputSize(_:operation:)``, refusing windows that lie in the padding alone: they have no maximum and no mean.
  package func outputSizeReadingEverywhere(_ input: Size2D, operation: String) throws(TensorError) -> Size2D {
    let output = try outputSize(input, operation: operation)
    if padding == Size2D(0, 0) { return output }
    let sweep = Sweep(self, input: input, output: output)
    guard sweep.rowCounts.allSatisfy({ $0 > 0 }), sweep.columnCounts.allSatisfy({ $0 > 0 }) else {
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

  private func maximum<T: RealScalar>(
    _ window: Window2D, _ output: Size2D, _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>,
    _ indices: UnsafeMutablePointer<Int32>
  ) {
    let sweep = Sweep(window, input: planeSize, output: output)
    sweep.forEachRow(planes: planes) { plane, row, oy in
      if !sweep.ordinaryMaxima(oy, x + plane, y + row, indices + row) {
        sweep.anyMaxima(oy, x + plane, y + row, indices + row)
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

  /// Mean of each window; divides by the whole kernel's area if `countIncludePad`, else by the entries inside the input.
  package func averagePool2D(_ window: Window2D, output: Size2D, countIncludePad: Bool) -> NDArray {
    func average<T: RealScalar>(_ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>) {
      let (sweep, step) = (Sweep(window, input: planeSize, output: output), window.stride.width)
      let shares = Shares<T>(sweep, countIncludePad)
      sweep.forEachRow(planes: planes) { plane, row, oy in
        let (sums, x) = (y + row, x + plane)
        sums.update(repeating: 0, count: output.width)
        sweep.forEachTap(oy) { columns, source in
          for column in columns { sums[column] += x[source + (column - columns.lowerBound) * step] }
        }
        for column in 0..<output.width { sums[column] /= shares.rows[oy] * shares.columns[column] }
      }
    }
    return pooling(
      [shape[0], shape[1], output.height, output.width], single: { average($0, $1) }, double: { average($0, $1) })
  }

  /// The adjoint of ``averagePool2D(_:output:countIncludePad:)``: spreads each entry evenly over its window in planes of `size`.
  package func averagePool2DAdjoint(_ window: Window2D, size: Size2D, countIncludePad: Bool) -> NDArray {
    func spread<T: RealScalar>(_ g: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>) {
      y.update(repeating: 0, count: planes * size.area)
      let (output, step) = (planeSize, window.stride.width)
      let sweep = Sweep(window, input: size, output: output)
      let shares = Shares<T>(sweep, countIncludePad)
      sweep.forEachRow(planes: planes) { plane, row, oy in
        withUnsafeTemporaryAllocation(of: T.self, capacity: output.width) { share in
          let (g, y) = (g + row, y + plane)
          for column in 0..<output.width { share[column] = g[column] / (shares.rows[oy] * shares.columns[column]) }
          sweep.forEachTap(oy) { columns, source in
            for column in columns { y[source + (column - columns.lowerBound) * step] += share[column] }
          }
        }
      }
    }
    return pooling(
      [shape[0], shape[1], size.height, size.width], single: { spread($0, $1) }, double: { spread($0, $1) })
  }
}

extension Sweep {
  /// One row of maxima, compiled to vector instructions. False if the row holds NaN or windows of −∞ alone; its results are
  /// then void.
  func ordinaryMaxima<T: RealScalar>(
    _ oy: Int, _ x: UnsafePointer<T>, _ best: UnsafeMutablePointer<T>, _ places: UnsafeMutablePointer<Int32>
  ) -> Bool {
    best.update(repeating: -.infinity, count: output.width)
    places.update(repeating: -1, count: output.width)
    var isOrdinary = true
    forEachTap(oy) { columns, source in
      let (first, step) = (columns.lowerBound, window.stride.width)
      if T.trackMaximum(x + source, step, source, best + first, places + first, columns.count) { isOrdinary = false }
    }
    for column in 0..<output.width where places[column] < 0 { isOrdinary = false }
    return isOrdinary
  }

  /// One row of maxima where NaN counts as the largest and −∞ as a value.
  func anyMaxima<T: RealScalar>(
    _ oy: Int, _ x: UnsafePointer<T>, _ best: UnsafeMutablePointer<T>, _ places: UnsafeMutablePointer<Int32>
  ) {
    let step = window.stride.width
    places.update(repeating: -1, count: output.width)
    forEachTap(oy) { columns, source in
      for column in columns {
        let index = source + (column - columns.lowerBound) * step
        let (candidate, largest) = (x[index], best[column])
        // The negated comparison lets NaN in; once it is in, nothing replaces it.
        if places[column] < 0 || (!(candidate <= largest) && !largest.isNaN) {
          best[column] = candidate
          places[column] = Int32(truncatingIfNeeded: index)
        }
      }
    }
  }
}

/// What a mean divides by, as a product of a factor for its row and one for its column.
private struct Shares<T: RealScalar> {
  let rows: [T]
  let columns: [T]

  init(_ sweep: Sweep, _ countIncludePad: Bool) {
    let kernel = sweep.window.kernel
    rows = sweep.rowCounts.map { T(countIncludePad ? kernel.height : $0) }
    columns = sweep.columnCounts.map { T(countIncludePad ? kernel.width : $0) }
  }
}
