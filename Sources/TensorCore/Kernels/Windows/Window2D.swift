/// Height and width.
public struct Size2D: Sendable, Hashable, Codable, CustomStringConvertible {
  public var height: Int
  public var width: Int

  public init(_ height: Int, _ width: Int) { (self.height, self.width) = (height, width) }
  public init(_ size: (Int, Int)) { self.init(size.0, size.1) }

  public var area: Int { height * width }
  public var description: String { "\(height)×\(width)" }
}

/// A window that slides over the last two axes: what convolution and pooling have in common.
///
/// Output position o reads the input at `o·stride − padding + tap·dilation` for each tap of the kernel.
package struct Window2D: Sendable, Hashable {
  package let kernel: Size2D
  package let stride: Size2D
  /// Zeros (for a maximum: nothing) added on both sides of each axis.
  package let padding: Size2D
  package let dilation: Size2D
  /// Whether a last window may reach beyond the far padding, if it begins inside the input or its near padding.
  package let roundsUp: Bool

  package init(kernel: Size2D, stride: Size2D, padding: Size2D, dilation: Size2D, roundsUp: Bool = false) {
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.roundsUp = roundsUp
  }

  /// The kernel's extent in the input: (kernel − 1)·dilation + 1.
  package var span: Size2D {
    Size2D((kernel.height - 1) * dilation.height + 1, (kernel.width - 1) * dilation.width + 1)
  }

  /// Number of window positions on each axis; a stride that does not reach the far edge leaves it unread.
  package func outputSize(_ input: Size2D, operation: String) throws(TensorError) -> Size2D {
    let sizes = [("kernel", kernel, 1), ("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1)]
    for (name, size, least) in sizes {
      guard size.height >= least, size.width >= least else {
        throw .argument(operation, "\(name) \(size) must be at least \(least) in both directions")
      }
    }
    let padded = Size2D(input.height + 2 * padding.height, input.width + 2 * padding.width)
    guard padded.height >= span.height, padded.width >= span.width else {
      throw .shape(
        operation,
        "the kernel \(kernel) with dilation \(dilation) spans \(span), more than the input \(input) padded to \(padded)")
    }
    func count(_ rest: Int, _ stride: Int, _ end: Int) -> Int {
      let steps = rest / stride
      return roundsUp && steps * stride < rest && (steps + 1) * stride < end ? steps + 2 : steps + 1
    }
    return Size2D(
      count(padded.height - span.height, stride.height, input.height + padding.height),
      count(padded.width - span.width, stride.width, input.width + padding.width))
  }

  /// Output columns in `columns` whose tap `kx` lies inside an input of `width`.
  @inline(__always)
  func insideColumns(_ kx: Int, width: Int, of columns: Range<Int>) -> Range<Int> {
    let offset = kx * dilation.width - padding.width
    let first = offset >= 0 ? 0 : (stride.width - 1 - offset) / stride.width
    let last = width > offset ? (width - 1 - offset) / stride.width + 1 : 0
    let lower = min(max(first, columns.lowerBound), columns.upperBound)
    return lower..<max(lower, min(last, columns.upperBound))
  }
}
