/// Means over windows that divide the last two axes into a given number of parts, as evenly as they go.
///
/// - Parameters:
///   - x: [N, C, H, W], neither H nor W 0.
///   - size: (height, width) of the result, both at least 1. Window i of H′ reaches from ⌊i·H/H′⌋ to ⌈(i + 1)·H/H′⌉: neighbours
///     overlap where H′ does not divide H.
/// - Returns: [N, C, height, width]. Traps if shapes do not fit.
public func adaptiveAveragePool2d(_ x: Tensor, size: (Int, Int)) -> Tensor {
  if x.rank != 4 || x.shape[2] == 0 || x.shape[3] == 0 || size.0 < 1 || size.1 < 1 {
    fail(.shape("adaptiveAveragePool2d", "cannot pool \(x.shape) to \(Size2D(size))"))
  }
  if let kernel = tiling(x, size) { return averagePool2d(x, kernel: kernel) }
  return Resample2D(rows: .averages(x.shape[2], size.0), columns: .averages(x.shape[3], size.1))(x)
}

/// Maxima over the windows of ``adaptiveAveragePool2d(_:size:)``.
///
/// - Parameters:
///   - x: [N, C, H, W], neither H nor W 0.
///   - size: (height, width) of the result, both at least 1.
/// - Returns: [N, C, height, width]. Of equal entries of a window one receives the whole derivative. Traps if shapes do not fit.
public func adaptiveMaxPool2d(_ x: Tensor, size: (Int, Int)) -> Tensor {
  if x.rank != 4 || x.shape[2] == 0 || x.shape[3] == 0 || size.0 < 1 || size.1 < 1 {
    fail(.shape("adaptiveMaxPool2d", "cannot pool \(x.shape) to \(Size2D(size))"))
  }
  if let kernel = tiling(x, size) { return maxPool2d(x, kernel: kernel) }
  // Maxima of rows, then of columns.
  func parts(_ x: Tensor, _ axis: Int, _ count: Int) -> Tensor {
    let extent = x.shape[axis]
    let windows = (0..<count).map { index in
      let (first, last) = (index * extent / count, ((index + 1) * extent + count - 1) / count)
      return maxPool2d(x.sliced(axis, from: first, to: last), kernel: axis == 2 ? (last - first, 1) : (1, last - first))
    }
    return concatenated(windows, along: axis)
  }
  return parts(parts(x, 2, size.0), 3, size.1)
}

/// The kernel whose windows tile x into `size` parts, if there is one.
private func tiling(_ x: Tensor, _ size: (Int, Int)) -> (Int, Int)? {
  if x.shape[2] % size.0 != 0 || x.shape[3] % size.1 != 0 { return nil }
  return (x.shape[2] / size.0, x.shape[3] / size.1)
}

/// Mean over all positions of each channel.
///
/// - Parameter x: [N, C, …] with at least one axis of positions. Traps otherwise.
/// - Returns: [N, C, 1, …].
public func globalAveragePool(_ x: Tensor) -> Tensor {
  x.mean(along: positionAxes(x, "globalAveragePool"), keepingAxes: true)
}

/// Maximum over all positions of each channel; of several, each gets an equal share of the derivative.
///
/// - Parameter x: [N, C, …] with at least one axis of positions. Traps otherwise.
/// - Returns: [N, C, 1, …].
public func globalMaxPool(_ x: Tensor) -> Tensor { x.max(along: positionAxes(x, "globalMaxPool"), keepingAxes: true) }

private func positionAxes(_ x: Tensor, _ operation: String) -> [Int] {
  if x.rank < 3 { fail(.shape(operation, "expected [N, C, …] with positions, found \(x.shape)")) }
  return Array(2..<x.rank)
}

/// ``maxPool2d(_:kernel:stride:padding:dilation:ceilMode:)`` together with the place of each maximum.
///
/// - Returns: `values` [N, C, H′, W′], differentiable, and `indices` of the same shape, `int32`: y·W + x in the input's plane.
public func maxPool2dWithIndices(
  _ x: Tensor, kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1),
  ceilMode: Bool = false
) -> (values: Tensor, indices: Tensor) {
  let window = Window2D(
    kernel: Size2D(kernel), stride: Size2D(stride ?? kernel), padding: Size2D(padding), dilation: Size2D(dilation),
    roundsUp: ceilMode)
  let outputs = trapping { () throws(TensorError) in try MaxPool2D(window: window).apply([x]) }
  return (outputs[0], outputs[1])
}
