// Pooling over the last two axes. Planes are independent and each is swept in one order, so the bits do not depend on threads.

/// One window position along one axis: the taps inside the input, and the input index of tap 0 (which may lie outside).
private struct AxisTaps {
  let taps: Range<Int>
  let origin: Int

  static func all(
    input: Int, output: Int, kernel: Int, stride: Int, padding: Int, dilation: Int
  ) -> [AxisTaps] {
    (0..<output).map { position in
      let origin = position * stride - padding
      let first = origin >= 0 ? 0 : (dilation - 1 - origin) / dilation
      let last = input > origin ? (input - 1 - origin) / dilation + 1 : 0
      return AxisTaps(taps: min(first, kernel)..<max(min(first, kernel), min(last, kernel)), origin: origin)
    }
  }
}

extension Window2D {
  private func rows(_ input: Size2D, _ output: Size2D) -> [AxisTaps] {
    AxisTaps.all(
      input: input.height, output: output.height, kernel: kernel.height, stride: stride.height, padding: padding.height,
      dilation: dilation.height)
  }
  private func columns(_ input: Size2D, _ output: Size2D) -> [AxisTaps] {
    AxisTaps.all(
      input: input.width, output: output.width, kernel: kernel.width, stride: stride.width, padding: padding.width,
      dilation: dilation.width)
  }

  /// ``outputSize(_:operation:)``, refusing windows that lie in the padding alone: they have no maximum and no mean.
  package func outputSizeReadingEverywhere(_ input: Size2D, operation: String) throws(TensorError) -> Size2D {
    let output = try outputSize(input, operation: operation)
    if padding == Size2D(0, 0) { return output }
    guard (rows(input, output) + columns(input, output)).allSatisfy({ !$0.taps.isEmpty }) else {
      throw .shape(
        operation, "padding \(padding) is so wide that a kernel \(kernel) on the input \(input) would lie in it alone")
    }
    return output
  }

  /// Runs `body` for each plane in parallel with, for each output position in order, its index and its taps on both axes.
  @inline(__always)
  fileprivate func forEachPosition(
    planes: Int, input: Size2D, output: Size2D,
    _ body: (_ plane: Int, _ at: Int, _ row: AxisTaps, _ column: AxisTaps) -> Void
  ) {
    let (rows, columns) = (rows(input, output), columns(input, output))
    Parallel.forEachRange(of: planes, work: 2 * output.area * kernel.area) { range in
      for plane in range {
        var at = plane * output.area
        for row in rows {
          for column in columns {
            body(plane, at, row, column)
            at += 1
          }
        }
      }
    }
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
    let (size, dilation) = (planeSize, window.dilation)
    window.forEachPosition(planes: planes, input: size, output: output) { plane, at, row, column in
      let source = x + plane * size.area
      var best = (row.origin + row.taps.lowerBound * dilation.height) * size.width
      best += column.origin + column.taps.lowerBound * dilation.width
      var largest = source[best]
      for ky in row.taps {
        let start = (row.origin + ky * dilation.height) * size.width + column.origin
        for kx in column.taps {
          let index = start + kx * dilation.width
          let candidate = source[index]
          if candidate > largest || (candidate.isNaN && !largest.isNaN) { (best, largest) = (index, candidate) }
        }
      }
      y[at] = largest
      indices[at] = Int32(truncatingIfNeeded: best)
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
      let (size, area) = (planeSize, window.kernel.area)
      window.forEachPosition(planes: planes, input: size, output: output) { plane, at, row, column in
        var sum: T = 0
        for ky in row.taps {
          let start = plane * size.area + (row.origin + ky) * size.width + column.origin
          for kx in column.taps { sum += x[start + kx] }
        }
        y[at] = sum / T(countIncludePad ? area : row.taps.count * column.taps.count)
      }
    }
    return pooling(
      [shape[0], shape[1], output.height, output.width], single: { average($0, $1) }, double: { average($0, $1) })
  }

  /// The adjoint of ``averagePool2D(_:output:countIncludePad:)``: spreads each entry evenly over its window in planes of `size`.
  package func averagePool2DAdjoint(_ window: Window2D, size: Size2D, countIncludePad: Bool) -> NDArray {
    func spread<T: RealScalar>(_ g: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>) {
      y.update(repeating: 0, count: planes * size.area)
      window.forEachPosition(planes: planes, input: size, output: planeSize) { plane, at, row, column in
        let share = g[at] / T(countIncludePad ? window.kernel.area : row.taps.count * column.taps.count)
        for ky in row.taps {
          let start = plane * size.area + (row.origin + ky) * size.width + column.origin
          for kx in column.taps { y[start + kx] += share }
        }
      }
    }
    return pooling(
      [shape[0], shape[1], size.height, size.width], single: { spread($0, $1) }, double: { spread($0, $1) })
  }
}
