/// Where everything in a ``BarChart`` goes.
extension BarChart {
  public func drawing() throws(FigureError) -> Drawing {
    let layout = BarChartLayout(self)
    var drawing = Drawing(width: layout.width, height: layout.height)
    layout.draw(into: &drawing)
    return drawing
  }
}

/// Sizes in points. Panels of one row start on one line; the room for names is the same everywhere, so that axes line up.
struct BarChartLayout {
  static let margin = 18.0
  static let columnGap = 28.0
  static let rowGap = 18.0
  static let widestLabel = 150.0

  let chart: BarChart
  let columns: Int
  let labelWidth: Double
  let axisWidth: Double
  let width: Double
  let height: Double
  private let titleLines: [String]
  private let captionLines: [String]
  private let rowTops: [Double]
  private let captionTop: Double
  private let sharedExtent: (low: Double, high: Double)?

  init(_ chart: BarChart) {
    self.chart = chart
    let count = chart.panels.count
    let columns = max(1, min(chart.columns ?? (count <= 1 ? 1 : count <= 4 ? 2 : count <= 9 ? 3 : 4), max(count, 1)))
    self.columns = columns
    let widest = chart.panels.flatMap(\.bars).map { TextStyle.panelTitle.width(of: TextStyle.singleLine($0.label)) }.max() ?? 0
    labelWidth = min(widest, columns == 1 ? 220 : Self.widestLabel).rounded(.up)
    axisWidth = columns == 1 ? 300 : 150
    let panelWidth = labelWidth + 6 + axisWidth
    let content = max(Double(columns) * panelWidth + Double(columns - 1) * Self.columnGap, 260)
    width = (content + 2 * Self.margin).rounded(.up)
    titleLines = TextStyle.title.wrapped(chart.title, to: content, maximumLines: 3)
    captionLines = TextStyle.note.wrapped(chart.caption, to: content, maximumLines: 6)
    let extents = chart.panels.map(\.extent)
    sharedExtent = chart.sharesAxis ? (low: extents.map(\.low).min() ?? 0, high: extents.map(\.high).max() ?? 0) : nil

    var y = Self.margin + Double(titleLines.count) * TextStyle.title.leading + (titleLines.isEmpty ? 0 : 10)
    var tops: [Double] = []
    for start in stride(from: 0, to: count, by: columns) {
      tops.append(y)
      let heights = (start..<min(start + columns, count)).map { index in
        BarPanelLayout.height(chart.panels[index], hasAxisName: index + columns >= count && !chart.valueName.isEmpty)
      }
      y += (heights.max() ?? 0) + Self.rowGap
    }
    rowTops = tops
    captionTop = y - (tops.isEmpty ? 0 : Self.rowGap) + 10
    let captionHeight = captionLines.isEmpty ? -10 : Double(captionLines.count) * TextStyle.note.leading
    height = (captionTop + captionHeight + Self.margin).rounded(.up)
  }

  func draw(into drawing: inout Drawing) {
    drawing.paragraph(titleLines, x: Self.margin, y: Self.margin, style: .title)
    for (index, panel) in chart.panels.enumerated() {
      let left = Self.margin + Double(index % columns) * (labelWidth + 6 + axisWidth + Self.columnGap)
      let layout = BarPanelLayout(
        panel: panel, left: left, top: rowTops[index / columns], labelWidth: labelWidth, axisWidth: axisWidth,
        extent: sharedExtent ?? panel.extent,
        // The name stands below the lowest axis of each column.
        axisName: index + columns >= chart.panels.count ? chart.valueName : "")
      layout.draw(into: &drawing)
    }
    drawing.paragraph(captionLines, x: Self.margin, y: captionTop, style: .note)
  }
}

/// One panel: heading, names on the left, bars on the right above their axis.
struct BarPanelLayout {
  static let pitch = 14.0
  static let thickness = 9.0
  static let headingSpace = 19.0
  static let tickSpace = 16.0

  let panel: BarChart.Panel
  let left: Double
  let top: Double
  let labelWidth: Double
  let axisWidth: Double
  /// The values at the two ends of the axis, before rounding outward.
  let extent: (low: Double, high: Double)
  let axisName: String

  static func height(_ panel: BarChart.Panel, hasAxisName: Bool) -> Double {
    (panel.title.isEmpty ? 0 : headingSpace) + Double(max(panel.bars.count, 2)) * pitch + tickSpace
      + (hasAxisName ? TextStyle.note.leading : 0)
  }

  private var axisLeft: Double { left + labelWidth + 6 }
  private var barsTop: Double { top + (panel.title.isEmpty ? 0 : Self.headingSpace) }
  private var barsBottom: Double { barsTop + Double(max(panel.bars.count, 2)) * Self.pitch }

  /// x of `value` on the page. Halves keep the difference of huge numbers finite.
  private func position(_ value: Double) -> Double {
    let span = extent.high / 2 - extent.low / 2
    if span <= 0 { return axisLeft }
    return axisLeft + axisWidth * min(max((value / 2 - extent.low / 2) / span, 0), 1)
  }

  func draw(into drawing: inout Drawing) {
    drawHeading(into: &drawing)
    let hasValues = panel.bars.contains { $0.value.isFinite }
    if hasValues {
      drawAxis(into: &drawing)
    } else {
      let middle = (barsTop + barsBottom) / 2
      let text = panel.bars.isEmpty ? "no data" : "no finite value"
      drawing.text(Drawing.Text(string: text, x: axisLeft + axisWidth / 2, y: middle, alignment: .center, color: .quietInk))
    }
    for (index, bar) in panel.bars.enumerated() {
      draw(bar, into: &drawing, middle: barsTop + (Double(index) + 0.5) * Self.pitch, showsMissing: hasValues)
    }
    if hasValues {
      // Above the bars, so that it can be seen where they begin.
      drawing.rule(x: position(0), from: barsTop, to: barsBottom, .quietInk)
    }
  }

  private func drawHeading(into drawing: inout Drawing) {
    if panel.title.isEmpty { return }
    let middle = top + TextStyle.heading.leading / 2
    var x = left
    if let color = panel.color {
      drawing.fill(Box(x: x, y: middle - 5, width: 10, height: 10), color)
      x += 16
    }
    let title = TextStyle.heading.fitted(panel.title, to: axisLeft + axisWidth - x)
    drawing.text(Drawing.Text(string: title, x: x, y: middle, size: TextStyle.heading.size, isBold: true))
  }

  private func drawAxis(into drawing: inout Drawing) {
    var lastEnd = -Double.infinity
    for tick in AxisTicks.positions(from: extent.low, to: extent.high, about: axisWidth > 200 ? 5 : 3) {
      let x = position(tick)
      drawing.rule(x: x, from: barsTop, to: barsBottom, .grid)
      let text = NumberText.short(tick)
      let half = TextStyle.tick.width(of: text) / 2
      if x - half < lastEnd + 4 { continue }
      lastEnd = x + half
      drawing.text(
        Drawing.Text(
          string: text, x: x, y: barsBottom + Self.tickSpace / 2, size: TextStyle.tick.size, alignment: .center,
          color: TextStyle.tick.color))
    }
    drawing.rule(from: axisLeft, to: axisLeft + axisWidth, y: barsBottom, .border)
    if !axisName.isEmpty {
      let name = TextStyle.note.fitted(axisName, to: labelWidth + 6 + axisWidth)
      let half = TextStyle.note.width(of: name) / 2
      // Centred under the axis, unless that would pass the right end of the panel.
      let x = min(axisLeft + axisWidth / 2, max(axisLeft + axisWidth - half, left + half))
      drawing.text(
        Drawing.Text(
          string: name, x: x, y: barsBottom + Self.tickSpace + TextStyle.note.leading / 2, size: TextStyle.note.size,
          alignment: .center, color: .quietInk))
    }
  }

  private func draw(_ bar: BarChart.Bar, into drawing: inout Drawing, middle: Double, showsMissing: Bool) {
    let label = TextStyle.panelTitle.fitted(bar.label, to: labelWidth)
    drawing.text(
      Drawing.Text(string: label, x: axisLeft - 6, y: middle, size: TextStyle.panelTitle.size, alignment: .right))
    guard bar.value.isFinite else {
      if showsMissing {
        drawing.text(Drawing.Text(string: "n/a", x: position(0) + 4, y: middle, size: 7.5, color: .quietInk))
      }
      return
    }
    if bar.value == 0 && bar.interval == nil { return }
    let from = min(position(0), position(bar.value))
    let to = max(position(0), position(bar.value))
    let color = bar.color ?? panel.color ?? Palette.color(0)
    drawing.fill(Box(x: from, y: middle - Self.thickness / 2, width: to - from, height: Self.thickness), color)
    guard let interval = bar.interval, interval.lower.isFinite, interval.upper.isFinite else { return }
    let low = position(min(interval.lower, interval.upper))
    let high = position(max(interval.lower, interval.upper))
    // The pale line around the whisker keeps it visible on a dark bar.
    drawing.rule(from: low, to: high, y: middle, width: 2, .white)
    drawing.rule(from: low, to: high, y: middle, width: 1, .ink)
    for end in [low, high] { drawing.rule(x: end, from: middle - 2.5, to: middle + 2.5, width: 1, .ink) }
  }
}
