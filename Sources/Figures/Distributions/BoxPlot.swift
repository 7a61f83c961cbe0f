import Foundation

/// Distributions side by side: one row for each group, with its quartiles as a box (Tukey 1977).
///
/// Whiskers reach to the outermost value within one and a half times the box; values beyond are drawn one by one.
public struct BoxPlot: Figure {
  public struct Group: Sendable, Equatable {
    public var name: String
    /// Those that are not finite are left out.
    public var values: [Double]
    /// Where a thin dark line is drawn across the row. Default: nowhere.
    public var reference: Double?
    public var color: RGBColor

    /// - Parameters:
    ///   - name: before the row.
    ///   - values: in any order.
    ///   - reference: where a thin dark line is drawn across the row (default: nowhere).
    ///   - color: of box and single values.
    public init(_ name: String, values: [Double], reference: Double? = nil, color: RGBColor = Palette.color(0)) {
      self.name = name
      self.values = values
      self.reference = reference
      self.color = color
    }
  }

  public var title: String
  public var groups: [Group]
  /// Below the axis. Default: nothing.
  public var valueName: String
  /// Small print at the bottom. Default: none.
  public var caption: String

  public init(_ title: String, groups: [Group], valueName: String = "", caption: String = "") {
    self.title = title
    self.groups = groups
    self.valueName = valueName
    self.caption = caption
  }

  /// One row per group.
  public var table: (header: [String], rows: [[String]]) {
    let rows = groups.map { group in
      let box = Quartiles(group.values)
      let numbers = [
        box?.minimum, box?.lowerWhisker, box?.lower, box?.median, box?.upper, box?.upperWhisker, box?.maximum, group.reference,
      ]
      return [group.name, "\(box?.count ?? 0)"] + numbers.map { NumberText.full($0 ?? .nan) }
    }
    return (
      header: [
        "group", "count", "minimum", "lowerWhisker", "lowerQuartile", "median", "upperQuartile", "upperWhisker", "maximum",
        "reference",
      ], rows: rows
    )
  }

  public func drawing() throws(FigureError) -> Drawing {
    let layout = BoxPlotLayout(self)
    var drawing = Drawing(width: layout.width, height: layout.height)
    layout.draw(into: &drawing)
    return drawing
  }
}

/// What is drawn of a group.
struct Quartiles {
  let count: Int
  let minimum, lowerWhisker, lower, median, upper, upperWhisker, maximum: Double
  /// Beyond the whiskers.
  let outliers: [Double]

  /// `nil` if no value is finite.
  init?(_ values: [Double]) {
    let sorted = values.filter(\.isFinite).sorted()
    guard let first = sorted.first, let last = sorted.last else { return nil }
    // By linear interpolation between order statistics, as NumPy does it.
    func quantile(_ share: Double) -> Double {
      let place = share * Double(sorted.count - 1)
      let left = min(Int(place), sorted.count - 1)
      return sorted[left] + (sorted[min(left + 1, sorted.count - 1)] - sorted[left]) * (place - Double(left))
    }
    (count, minimum, maximum) = (sorted.count, first, last)
    (lower, median, upper) = (quantile(0.25), quantile(0.5), quantile(0.75))
    let reach = 1.5 * (upper - lower)
    let (low, high) = (lower - reach, upper + reach)
    let inside = sorted.filter { (low...high).contains($0) }
    // A box between two values may hold none of them.
    lowerWhisker = min(inside.first ?? lower, lower)
    upperWhisker = max(inside.last ?? upper, upper)
    outliers = sorted.filter { !(low...high).contains($0) }
  }
}

/// Sizes in points.
private struct BoxPlotLayout {
  static let margin = 18.0
  static let pitch = 19.0
  static let plotWidth = 340.0

  let plot: BoxPlot
  let nameWidth: Double
  let width: Double
  let height: Double
  private let titleLines: [String]
  private let captionLines: [String]
  private let plotTop: Double
  private let range: (low: Double, high: Double)

  init(_ plot: BoxPlot) {
    self.plot = plot
    let widest = plot.groups.map { TextStyle.note.width(of: $0.name) }.max() ?? 0
    nameWidth = min(max(widest, 20), 190)
    let content = nameWidth + 8 + Self.plotWidth
    width = (content + 2 * Self.margin).rounded(.up)
    titleLines = TextStyle.title.wrapped(plot.title, to: content, maximumLines: 3)
    captionLines = TextStyle.note.wrapped(plot.caption, to: content, maximumLines: 6)
    plotTop = Self.margin + Double(titleLines.count) * TextStyle.title.leading + (titleLines.isEmpty ? 0 : 10)
    let rows = Double(max(plot.groups.count, 1)) * Self.pitch
    height =
      (plotTop + rows + 18 + (plot.valueName.isEmpty ? 0 : TextStyle.note.leading)
      + Double(captionLines.count) * TextStyle.note.leading + (captionLines.isEmpty ? 0 : 6) + Self.margin - 6).rounded(.up)
    let numbers = plot.groups.flatMap { $0.values + [$0.reference ?? .nan] }.filter(\.isFinite)
    let (low, high) = (numbers.min() ?? 0, numbers.max() ?? 1)
    let room = high > low ? 0.03 * (high - low) : max(abs(low), 1) * 0.05
    // Shares begin at 0: an axis that does not would exaggerate.
    range = (low >= 0 && low - room < 0.4 * high ? min(0, low) : low - room, high + room)
  }

  private var left: Double { Self.margin + nameWidth + 8 }
  private func x(_ value: Double) -> Double { left + Self.plotWidth * (value - range.low) / (range.high - range.low) }

  func draw(into drawing: inout Drawing) {
    drawing.paragraph(titleLines, x: Self.margin, y: Self.margin, style: .title)
    let box = Box(x: left, y: plotTop, width: Self.plotWidth, height: Double(max(plot.groups.count, 1)) * Self.pitch)
    for tick in AxisTicks.positions(from: range.low, to: range.high, about: 6) {
      drawing.rule(x: x(tick), from: box.y, to: box.bottom, .grid)
      drawing.text(
        Drawing.Text(
          string: NumberText.short(tick), x: x(tick), y: box.bottom + 8, size: TextStyle.tick.size, alignment: .center,
          color: TextStyle.tick.color))
    }
    for (place, group) in plot.groups.enumerated() {
      draw(group, into: &drawing, middle: plotTop + (Double(place) + 0.5) * Self.pitch)
    }
    drawing.frame(box, .border)
    var y = box.bottom + 16
    if !plot.valueName.isEmpty {
      drawing.text(
        Drawing.Text(
          string: TextStyle.note.fitted(plot.valueName, to: Self.plotWidth), x: left + Self.plotWidth / 2,
          y: y + TextStyle.note.leading / 2, size: TextStyle.note.size, alignment: .center, color: .quietInk))
      y += TextStyle.note.leading
    }
    drawing.paragraph(captionLines, x: Self.margin, y: y + 6, style: .note)
  }

  private func draw(_ group: BoxPlot.Group, into drawing: inout Drawing, middle: Double) {
    drawing.text(
      Drawing.Text(
        string: TextStyle.note.fitted(group.name, to: nameWidth), x: left - 6, y: middle, size: TextStyle.note.size,
        alignment: .right))
    guard let box = Quartiles(group.values) else {
      drawing.text(
        Drawing.Text(string: "no data", x: left + 6, y: middle, size: TextStyle.note.size, color: .quietInk))
      return
    }
    drawing.rule(from: x(box.lowerWhisker), to: x(box.upperWhisker), y: middle, width: 0.8, group.color)
    for end in [box.lowerWhisker, box.upperWhisker] {
      drawing.rule(x: x(end), from: middle - 3, to: middle + 3, width: 0.8, group.color)
    }
    let body = Box(x: x(box.lower), y: middle - 5.5, width: max(x(box.upper) - x(box.lower), 0.8), height: 11)
    drawing.fill(body, group.color.paler)
    drawing.frame(body, width: 0.8, group.color)
    for value in box.outliers { drawing.fill(Box(x: x(value) - 1.5, y: middle - 1.5, width: 3, height: 3), group.color) }
    drawing.rule(x: x(box.median), from: body.y, to: body.bottom, width: 1.8, group.color)
    if let reference = group.reference, reference.isFinite {
      drawing.rule(x: x(reference), from: middle - 7.5, to: middle + 7.5, width: 0.6, .ink)
    }
  }
}
