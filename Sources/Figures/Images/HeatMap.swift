import TensorCore

/// A number per pixel, shown by colour beside a colour bar. NaN is grey; infinities take the colours of the ends.
public struct HeatMap: Sendable {
  /// Which numbers the two ends of the colours stand for.
  public enum Span: Sendable, Equatable {
    /// The smallest and the largest finite number.
    case full
    /// The quantiles at `share` and 1 − `share` of the finite numbers, so that a few extreme pixels do not hide all others.
    /// 0 ≤ `share` < 0.5.
    case trimmed(share: Double)
    case fixed(low: Double, high: Double)
  }

  /// [H, W], of any dtype.
  public var values: NDArray
  public var colormap: Colormap
  /// For ``Colormap/diverging`` it is widened to be symmetric about 0.
  public var span: Span

  public init(_ values: NDArray, colormap: Colormap = .sequential, span: Span = .full) {
    self.values = values
    self.colormap = colormap
    self.span = span
  }

  /// The numbers at the two ends of the colours; `nil` if no number is finite.
  var limits: (low: Double, high: Double)? {
    if case .fixed(let low, let high) = span {
      guard low.isFinite, high.isFinite else { return nil }
      return symmetric(min(low, high), max(low, high))
    }
    var finite = values.doubles.filter(\.isFinite)
    guard var low = finite.min(), var high = finite.max() else { return nil }
    if case .trimmed(let share) = span {
      finite.sort()
      let share = share > 0 ? min(share, 0.5) : 0
      let skip = min(Int(share * Double(finite.count)), (finite.count - 1) / 2)
      low = finite[skip]
      high = finite[finite.count - 1 - skip]
    }
    return symmetric(low, high)
  }

  private func symmetric(_ low: Double, _ high: Double) -> (low: Double, high: Double) {
    if colormap == .sequential { return (low, high) }
    let reach = max(abs(low), abs(high))
    return (-reach, reach)
  }

  /// The smallest and largest finite number, whatever the span.
  var extremes: (low: Double, high: Double)? {
    let finite = values.doubles.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return nil }
    return (low, high)
  }

  func raster(height: Int, width: Int) -> Raster {
    // 1,024 steps cannot be told from a continuum in 8 bits per component, and save a polynomial per pixel.
    let steps = colormap.table(1024)
    let limits = limits
    let colors = values.doubles.map { value -> RGBColor in
      guard let limits, !value.isNaN else { return .missing }
      if limits.high <= limits.low {
        return value > limits.high ? steps[1023] : value < limits.low ? steps[0] : steps[colormap == .diverging ? 512 : 0]
      }
      // Halves, because the difference of two large numbers may overflow.
      let position = (value / 2 - limits.low / 2) / (limits.high / 2 - limits.low / 2)
      return steps[Int(min(max(position, 0), 1) * 1023 + 0.5)]
    }
    return Raster(width: width, height: height, colors: colors)
  }
}
