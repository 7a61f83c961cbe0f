/// How values between elements are found.
public enum InterpolationMode: Sendable, Equatable {
  /// The element under the near corner of the new one, as PyTorch's `nearest`.
  case nearest
  /// Linear along both axes. With `aligningCorners` the centres of the corner elements stay where they are, otherwise the
  /// outer edges do.
  case bilinear(aligningCorners: Bool = false)
}

/// Pictures resized along their last two axes.
///
/// - Parameters:
///   - x: [N, C, H, W], neither H nor W 0.
///   - size: (height, width) of the result, both at least 1.
///   - mode: bilinear without aligned corners unless given.
/// - Returns: [N, C, height, width]. Traps if shapes do not fit. No low-pass filter: reduce by averaging instead.
public func interpolate(_ x: Tensor, size: (Int, Int), mode: InterpolationMode = .bilinear()) -> Tensor {
  trapping { () throws(TensorError) in try resized(x, Size2D(size), factors: nil, mode) }
}

/// Pictures resized along their last two axes by (vertical, horizontal) factors.
///
/// - Parameters:
///   - x: [N, C, H, W], neither H nor W 0.
///   - scale: positive. The factor itself, not the ratio of the rounded sizes, says which places are read (as in PyTorch).
///   - mode: bilinear without aligned corners unless given.
/// - Returns: [N, C, ⌊H·scale⌋, ⌊W·scale⌋]. Traps if that is empty.
public func interpolate(_ x: Tensor, scale: (Double, Double), mode: InterpolationMode = .bilinear()) -> Tensor {
  trapping { () throws(TensorError) in
    // The bound keeps the conversion from trapping without a name.
    guard x.rank == 4, 0..<1e9 ~= scale.0 * Double(x.shape[2]), 0..<1e9 ~= scale.1 * Double(x.shape[3]) else {
      throw .argument("interpolate", "cannot scale \(x.shape) by \(scale.0) and \(scale.1)")
    }
    let size = Size2D(Int(scale.0 * Double(x.shape[2])), Int(scale.1 * Double(x.shape[3])))
    return try resized(x, size, factors: scale, mode)
  }
}

/// The rules of both: throwing, so that they can be tested.
func resized(
  _ x: Tensor, _ size: Size2D, factors: (Double, Double)?, _ mode: InterpolationMode
) throws(TensorError) -> Tensor {
  guard x.rank == 4, x.shape[2] > 0, x.shape[3] > 0, size.height > 0, size.width > 0 else {
    throw .shape("interpolate", "cannot resize \(x.shape) to \(size)")
  }
  func taps(_ inputs: Int, _ outputs: Int, _ factor: Double?) -> AxisTaps {
    switch mode {
    case .nearest: .nearest(inputs, outputs, scale: factor.map { 1 / $0 })
    case .bilinear(let aligned): .linear(inputs, outputs, scale: factor.map { 1 / $0 }, aligningCorners: aligned)
    }
  }
  let primitive = Resample2D(
    rows: taps(x.shape[2], size.height, factors?.0), columns: taps(x.shape[3], size.width, factors?.1))
  return try primitive.apply([x])[0]
}

/// Pictures resampled along their last two axes by given tables of weights, one for each axis.
///
/// - Parameter x: [N, C, H, W] with the extents that the tables read. Throws for others.
package func resample(_ x: Tensor, rows: AxisTaps, columns: AxisTaps) throws(TensorError) -> Tensor {
  try Resample2D(rows: rows, columns: columns).apply([x])[0]
}
