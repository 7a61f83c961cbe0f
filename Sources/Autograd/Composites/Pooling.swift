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
  return Resample2D(rows: .averages(x.shape[2], size.0), columns: .averages(x.shape[3], size.1))(x)
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
    kernel: Size2D(kernel), stride: Size2D(stride ?? kernel), padding: Size2D(padding), dilation: Size2D(dilation))
  // Nothing is smaller than −∞, and of equal entries the input's own come first.
  let wide = ceilMode ? extended(x, for: window, filling: -.infinity) : x
  let outputs = trapping { () throws(TensorError) in try MaxPool2D(window: window).apply([wide]) }
  if wide.shape == x.shape { return (outputs[0], outputs[1]) }
  let places = outputs[1].value.scalars(as: Int32.self).map { index in
    let (row, column) = Int(index).quotientAndRemainder(dividingBy: wide.shape[3])
    return Int32(truncatingIfNeeded: row * x.shape[3] + column)
  }
  return (outputs[0], Tensor(NDArray(places, shape: outputs[1].shape)))
}

/// x with as many rows and columns at its far edges as the last windows lack when their number is rounded up.
///
/// A window that would begin behind the input is not counted, as in PyTorch. What no window fits is left to the shape rules.
private func extended(_ x: Tensor, for window: Window2D, filling value: Double) -> Tensor {
  func lacking(_ input: Int, _ span: Int, _ stride: Int, _ padding: Int) -> Int {
    let rest = input + 2 * padding - span
    if rest < 0 || stride < 1 { return 0 }
    var steps = (rest + stride - 1) / stride
    if steps * stride >= input + padding { steps -= 1 }
    return max(0, steps * stride - rest)
  }
  if x.rank != 4 { return x }
  let added = Size2D(
    lacking(x.shape[2], window.span.height, window.stride.height, window.padding.height),
    lacking(x.shape[3], window.span.width, window.stride.width, window.padding.width))
  if added == Size2D(0, 0) { return x }
  return x.padded(before: [0, 0, 0, 0], after: [0, 0, added.height, added.width], .constant(value))
}
