import Foundation

/// Points in planes, coloured by a number. Both axes of a panel have one scale, so that distances can be compared.
public struct ScatterPlot: Figure {
  public struct Panel: Sendable, Equatable {
    public var title: String
    public var x: [Double]
    public var y: [Double]
    /// What each point's colour stands for; one that is not finite is grey.
    public var values: [Double]
    /// What stands beside a point; empty for nothing. Default: nothing.
    public var labels: [String]

    /// - Parameters:
    ///   - title: above the panel.
    ///   - x: of each point; one that is not finite is left out.
    ///   - y: of each point, as many.
    ///   - values: what the colours stand for, as many.
    ///   - labels: what stands beside the points, as many, or none at all (the default).
    public init(_ title: String, x: [Double], y: [Double], values: [Double], labels: [String] = []) {
      self.title = title
      self.x = x
      self.y = y
      self.values = values
      self.labels = labels
    }
  }

  public var title: String
  public var panels: [Panel]
  /// Of the colours.
  public var valueName: String
  /// Small print at the bottom. Default: none.
  public var caption: String

  public init(_ title: String, panels: [Panel], valueName: String, caption: String = "") {
    self.title = title
    self.panels = panels
    self.valueName = valueName
    self.caption = caption
  }

  /// One row per point.
  public var table: (header: [String], rows: [[String]]) {
    let rows = panels.flatMap { panel in
      panel.x.indices.map { index in
        [panel.title, "\(index)"] + [panel.x[index], panel.y[index], panel.values[index]].map(NumberText.full)
      }
    }
    return (header: ["panel", "point", "x", "y", "value"], rows: rows)
  }

  public func drawing() throws(FigureError) -> Drawing {
    for panel in panels {
      guard panel.y.count == panel.x.count, panel.values.count == panel.x.count,
        panel.labels.isEmpty || panel.labels.count == panel.x.count
      else {
        throw .invalid(
          "panel \"\(panel.title)\": \(panel.x.count) and \(panel.y.count) coordinates, \(panel.values.count) values, "
            + "\(panel.labels.count) labels")
      }
    }
    let layout = ScatterPlotLayout(self)
    var drawing = Drawing(width: layout.width, height: layout.height)
    layout.draw(into: &drawing)
    return drawing
  }
}

/// Sizes in points.
private struct ScatterPlotLayout {
  static let margin = 18.0
  static let gap = 24.0

  let plot: ScatterPlot
  let columns: Int
  let side: Double
  let width: Double
  let height: Double
  private let titleLines: [String]
  private let captionLines: [String]
  private let top: Double

  init(_ plot: ScatterPlot) {
    self.plot = plot
    let count = max(plot.panels.count, 1)
    columns = count == 1 ? 1 : count <= 4 ? 2 : 3
    side = columns == 1 ? 320 : columns == 2 ? 250 : 200
    let content = Double(columns) * side + Double(columns - 1) * Self.gap
    width = (content + 2 * Self.margin).rounded(.up)
    titleLines = TextStyle.title.wrapped(plot.title, to: content, maximumLines: 3)
    captionLines = TextStyle.note.wrapped(plot.caption, to: content, maximumLines: 6)
    top = Self.margin + Double(titleLines.count) * TextStyle.title.leading + (titleLines.isEmpty ? 0 : 8)
    let rows = Double((count + columns - 1) / columns)
    height =
      (top + rows * Self.panelHeight(side) + Double(captionLines.count) * TextStyle.note.leading + Self.margin).rounded(.up)
  }

  private static func panelHeight(_ side: Double) -> Double { TextStyle.heading.leading + 3 + side + 34 }

  func draw(into drawing: inout Drawing) {
    drawing.paragraph(titleLines, x: Self.margin, y: Self.margin, style: .title)
    for (place, panel) in plot.panels.enumerated() {
      let x = Self.margin + Double(place % columns) * (side + Self.gap)
      let y = top + Double(place / columns) * Self.panelHeight(side)
      drawing.paragraph(
        TextStyle.heading.wrapped(panel.title, to: side, maximumLines: 1), x: x, y: y, style: .heading)
      let box = Box(x: x, y: y + TextStyle.heading.leading + 3, width: side, height: side)
      draw(panel, into: &drawing, box)
    }
    let bottom = height - Self.margin - Double(captionLines.count) * TextStyle.note.leading
    drawing.paragraph(captionLines, x: Self.margin, y: bottom, style: .note)
  }

  private func draw(_ panel: ScatterPlot.Panel, into drawing: inout Drawing, _ box: Box) {
    let shown = panel.x.indices.filter { panel.x[$0].isFinite && panel.y[$0].isFinite }
    drawing.frame(box, .border)
    if shown.isEmpty {
      drawing.text(
        Drawing.Text(
          string: "no data", x: box.x + side / 2, y: box.y + side / 2, alignment: .center, color: .quietInk))
      return
    }
    func middle(_ values: [Double]) -> (centre: Double, reach: Double) {
      let (low, high) = (values.min() ?? 0, values.max() ?? 0)
      return (low / 2 + high / 2, high / 2 - low / 2)
    }
    let (x, y) = (middle(shown.map { panel.x[$0] }), middle(shown.map { panel.y[$0] }))
    let reach = max(x.reach, y.reach)
    let scale = reach > 0 ? (side / 2 - 14) / reach : 0
    let values = panel.values.filter(\.isFinite)
    let (low, high) = (values.min() ?? 0, values.max() ?? 0)
    func color(_ value: Double) -> RGBColor {
      Colormap.sequential.color(at: high > low ? (value - low) / (high - low) : value.isFinite ? 0 : .nan)
    }
    func height(_ index: Int) -> Double { panel.values[index].isFinite ? panel.values[index] : -.infinity }
    // The highest on top.
    for index in shown.sorted(by: { height($0) < height($1) }) {
      let (px, py) = (
        box.x + side / 2 + (panel.x[index] - x.centre) * scale, box.y + side / 2 - (panel.y[index] - y.centre) * scale
      )
      drawing.fill(Box(x: px - 3.5, y: py - 3.5, width: 7, height: 7), .white)
      drawing.fill(Box(x: px - 3, y: py - 3, width: 6, height: 6), color(panel.values[index]))
      if !panel.labels.isEmpty, !panel.labels[index].isEmpty {
        drawing.text(
          Drawing.Text(string: panel.labels[index], x: px + 5, y: py - 5, size: TextStyle.tick.size, color: .quietInk))
      }
    }
    drawBar(into: &drawing, Box(x: box.x, y: box.bottom + 6, width: side, height: 6), low, high)
  }

  private func drawBar(into drawing: inout Drawing, _ bar: Box, _ low: Double, _ high: Double) {
    drawing.image(Raster(width: 256, height: 1, colors: Colormap.sequential.table(256)), in: bar)
    drawing.frame(bar, .border)
    let y = bar.bottom + 2 + TextStyle.tick.leading / 2
    for (text, x, alignment) in [
      (NumberText.short(low), bar.x, Drawing.Alignment.left), (plot.valueName, bar.x + bar.width / 2, .center),
      (NumberText.short(high), bar.right, .right),
    ] {
      drawing.text(
        Drawing.Text(string: text, x: x, y: y, size: TextStyle.tick.size, alignment: alignment, color: TextStyle.tick.color))
    }
  }
}
