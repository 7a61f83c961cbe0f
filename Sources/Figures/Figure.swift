/// A file format that a figure can be rendered to.
public enum FigureFormat: String, Sendable, CaseIterable {
  case png, pdf, svg
}

/// A figure as a value: what is shown, without a file format or a size on paper.
///
/// ``render(to:format:width:pixelsPerPoint:using:)`` writes it; ``table`` gives the numbers behind it.
public protocol Figure: Sendable {
  /// The numbers that the figure shows, as the header and the rows of a CSV file. A missing number is an empty field.
  var table: (header: [String], rows: [[String]]) { get }

  /// The laid-out page.
  ///
  /// - Throws: ``FigureError/invalid(_:)`` if the data do not fit together.
  func drawing() throws(FigureError) -> Drawing
}

extension Figure {
  /// Writes the figure to `path`, under that name only when it is complete. The same figure gives the same bytes
  /// on the same machine, in every format.
  ///
  /// - Parameters:
  ///   - path: The file; replaced if it exists.
  ///   - format: PNG, PDF or SVG.
  ///   - width: The width of the page in points (1/72 inch); everything scales with it. Default: the natural width, at
  ///     which plain text is 8 to 10 points high.
  ///   - pixelsPerPoint: The resolution of a PNG; 2 is 144 dots per inch. Lowered where a side would pass 30,000 pixels.
  ///   - gnuplot: The program that draws. Default: the one on the search path.
  /// - Throws: ``FigureError``.
  public func render(
    to path: String, format: FigureFormat, width: Double? = nil, pixelsPerPoint: Double = 2, using gnuplot: Gnuplot? = nil
  ) throws(FigureError) {
    let renderer = if let gnuplot { gnuplot } else { try Gnuplot.find() }
    let drawing = try drawing()
    let zoom = width.map { $0 / drawing.width } ?? 1
    guard zoom.isFinite, zoom > 0, pixelsPerPoint.isFinite, pixelsPerPoint > 0 else {
      throw .invalid("the width and the pixels per point must be positive")
    }
    try renderer.draw(drawing, zoom: zoom, pixelsPerPoint: pixelsPerPoint, format: format, to: path)
  }
}
