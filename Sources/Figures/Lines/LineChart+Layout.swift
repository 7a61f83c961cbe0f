/// Where everything in a ``LineChart`` goes.
extension LineChart {
  public func drawing() throws(FigureError) -> Drawing {
    for curve in panels.flatMap(\.curves) {
      guard curve.x.count == curve.y.count, curve.band == nil || curve.band?.count == curve.y.count else {
        throw .invalid(
          "curve \"\(curve.name)\": \(curve.x.count) places, \(curve.y.count) values, \(curve.band?.count ?? 0) bands")
      }
    }
    let layout = LineChartLayout(self)
    var drawing = Drawing(width: layout.width, height: layout.height)
    layout.draw(into: &drawing)
    return drawing
  }
}

/// Sizes in points.
struct LineChartLayout {
  static let margin = 18.0
  static let gap = 26.0

  let chart: LineChart
  let columns: Int
  let panelWidth: Double
  let width: Double
  let height: Double
  private let titleLines: [String]
  private let captionLines: [String]
  private let rowTops: [Double]
  private let commonLegend: LegendLayout?
  private let legendTop: Double
  private let captionTop: Double

  init(_ chart: LineChart) {
    self.chart = chart
    let count = chart.panels.count
    let columns = max(1, min(chart.columns ?? (count <= 1 ? 1 : count <= 4 ? 2 : count <= 9 ? 3 : 5), max(count, 1)))
    let panelWidth: Double = columns == 1 ? 400 : columns == 2 ? 300 : columns == 3 ? 210 : 150
    let content = Double(columns) * panelWidth + Double(columns - 1) * Self.gap
    (self.columns, self.panelWidth) = (columns, panelWidth)
    width = (content + 2 * Self.margin).rounded(.up)
    titleLines = TextStyle.title.wrapped(chart.title, to: content, maximumLines: 3)
    captionLines = TextStyle.note.wrapped(chart.caption, to: content, maximumLines: 6)
    var y = Self.margin + Double(titleLines.count) * TextStyle.title.leading + (titleLines.isEmpty ? 0 : 10)
    var tops: [Double] = []
    for start in stride(from: 0, to: count, by: columns) {
      tops.append(y)
      let heights = (start..<min(start + columns, count)).map {
        LinePanelLayout(chart, chart.panels[$0], width: panelWidth).height
      }
      y += (heights.max() ?? 0) + 14
    }
    rowTops = tops
    legendTop = y
    commonLegend = chart.namesEachPanel ? nil : chart.panels.first.map { LegendLayout(Self.entries($0), width: content) }
    y += commonLegend.map { $0.height + 8 } ?? 0
    captionTop = y
    y += Double(captionLines.count) * TextStyle.note.leading
    height = (y + Self.margin - (captionLines.isEmpty ? 6 : 0)).rounded(.up)
  }

  static func entries(_ panel: LineChart.Panel) -> [PanelGrid.LegendEntry] {
    panel.curves.filter { !$0.name.isEmpty }.map { PanelGrid.LegendEntry($0.name, color: $0.color) }
  }

  func draw(into drawing: inout Drawing) {
    drawing.paragraph(titleLines, x: Self.margin, y: Self.margin, style: .title)
    for (index, panel) in chart.panels.enumerated() {
      let left = Self.margin + Double(index % columns) * (panelWidth + Self.gap)
      LinePanelLayout(chart, panel, width: panelWidth).draw(into: &drawing, left: left, top: rowTops[index / columns])
    }
    commonLegend?.draw(into: &drawing, x: Self.margin, y: legendTop)
    drawing.paragraph(captionLines, x: Self.margin, y: captionTop, style: .note)
  }
}

/// One panel: heading, the plot with its axes, the names of the curves.
struct LinePanelLayout {
  private static let tickRoom = 34.0

  private let chart: LineChart
  private let panel: LineChart.Panel
  private let width: Double
  private let headingLines: [String]
  private let legend: LegendLayout?
  private let xRange: (low: Double, high: Double)
  private let yRange: (low: Double, high: Double)

  init(_ chart: LineChart, _ panel: LineChart.Panel, width: Double) {
    self.chart = chart
    self.panel = panel
    self.width = width
    headingLines = TextStyle.heading.wrapped(panel.title, to: width, maximumLines: 2)
    legend =
      chart.namesEachPanel ? LegendLayout(LineChartLayout.entries(panel), width: width, columns: width > 250 ? nil : 1) : nil
    let x = panel.curves.flatMap(\.x).filter(\.isFinite)
    var y = panel.curves.flatMap(\.y) + panel.curves.flatMap { ($0.band ?? []).flatMap { [$0.low, $0.high] } }
    if let reference = panel.reference { y.append(reference) }
    y = y.filter(\.isFinite)
    xRange = Self.padded(x.min() ?? 0, x.max() ?? 1, share: 0)
    yRange = Self.padded(y.min() ?? 0, y.max() ?? 1, share: 0.06)
  }

  /// A range that is not empty, a little wider than the numbers.
  private static func padded(_ low: Double, _ high: Double, share: Double) -> (low: Double, high: Double) {
    let span = high - low
    if !(span > 0) { return (low: low - max(abs(low), 1) * 0.05, high: high + max(abs(high), 1) * 0.05) }
    return (low: low - share * span, high: high + share * span)
  }

  private var headingHeight: Double { Double(headingLines.count) * TextStyle.heading.leading + (headingLines.isEmpty ? 0 : 3) }
  private var yNameHeight: Double { panel.yName.isEmpty ? 0 : TextStyle.note.leading + 2 }
  private var xNameHeight: Double { panel.xName.isEmpty ? 0 : TextStyle.note.leading }

  var height: Double {
    headingHeight + yNameHeight + chart.plotHeight + 15 + xNameHeight + (legend.map { $0.height + 6 } ?? 0)
  }

  func draw(into drawing: inout Drawing, left: Double, top: Double) {
    drawing.paragraph(headingLines, x: left, y: top, style: .heading)
    var y = top + headingHeight
    if !panel.yName.isEmpty {
      // Above the axis: text that stands on its head is hard to read.
      let name = TextStyle.note.fitted(panel.yName, to: width)
      drawing.text(
        Drawing.Text(string: name, x: left, y: y + TextStyle.note.leading / 2, size: TextStyle.note.size, color: .quietInk))
      y += yNameHeight
    }
    let plot = Box(x: left + Self.tickRoom, y: y, width: width - Self.tickRoom, height: chart.plotHeight)
    drawAxes(into: &drawing, plot)
    for curve in panel.curves { drawBand(curve, into: &drawing, plot) }
    for curve in panel.curves { drawCurve(curve, into: &drawing, plot) }
    drawing.frame(plot, .border)
    y = plot.bottom + 15
    if !panel.xName.isEmpty {
      drawing.text(
        Drawing.Text(
          string: TextStyle.note.fitted(panel.xName, to: plot.width), x: plot.x + plot.width / 2,
          y: y + TextStyle.note.leading / 2, size: TextStyle.note.size, alignment: .center, color: .quietInk))
    }
    legend?.draw(into: &drawing, x: left, y: y + xNameHeight + 6)
  }

  private func x(_ value: Double, _ plot: Box) -> Double {
    let (low, high) = (chart.scale.place(xRange.low), chart.scale.place(xRange.high))
    return plot.x + plot.width * (chart.scale.place(value) - low) / (high - low)
  }

  private func y(_ value: Double, _ plot: Box) -> Double {
    plot.bottom - plot.height * (value - yRange.low) / (yRange.high - yRange.low)
  }

  private var xTicks: [Double] {
    switch chart.scale {
    case .linear: return AxisTicks.positions(from: xRange.low, to: xRange.high, about: width > 250 ? 6 : 3)
    case .symmetricLogarithm(let threshold):
      return [0] + sequence(first: threshold) { $0 * 2 }.prefix { $0 <= xRange.high * 1.0001 }
    }
  }

  private func drawAxes(into drawing: inout Drawing, _ plot: Box) {
    for tick in AxisTicks.positions(from: yRange.low, to: yRange.high, about: 5) {
      drawing.rule(from: plot.x, to: plot.right, y: y(tick, plot), .grid)
      drawing.text(
        Drawing.Text(
          string: NumberText.short(tick), x: plot.x - 4, y: y(tick, plot), size: TextStyle.tick.size, alignment: .right,
          color: TextStyle.tick.color))
    }
    var lastEnd = -Double.infinity
    for tick in xTicks where tick >= xRange.low && tick <= xRange.high {
      let place = x(tick, plot)
      drawing.rule(x: place, from: plot.y, to: plot.bottom, .grid)
      let text = NumberText.short(tick)
      let half = TextStyle.tick.width(of: text) / 2
      if place - half < lastEnd + 3 { continue }
      lastEnd = place + half
      drawing.text(
        Drawing.Text(
          string: text, x: place, y: plot.bottom + 8, size: TextStyle.tick.size, alignment: .center, color: TextStyle.tick.color))
    }
    if let reference = panel.reference, reference.isFinite {
      drawing.rule(from: plot.x, to: plot.right, y: y(reference, plot), width: 0.8, .border)
    }
  }

  /// As columns between neighbouring points, in a paler shade of the curve's colour.
  private func drawBand(_ curve: LineChart.Curve, into drawing: inout Drawing, _ plot: Box) {
    guard let band = curve.band else { return }
    let pale = curve.color.paler
    for index in band.indices.dropLast() {
      let (a, b) = (band[index], band[index + 1])
      guard [a.low, a.high, b.low, b.high, curve.x[index], curve.x[index + 1]].allSatisfy(\.isFinite) else { continue }
      let (start, end) = (x(curve.x[index], plot), x(curve.x[index + 1], plot))
      let slices = max(1, Int(end - start))
      for slice in 0..<slices {
        let share = (Double(slice) + 0.5) / Double(slices)
        let (top, bottom) = (y(a.high + share * (b.high - a.high), plot), y(a.low + share * (b.low - a.low), plot))
        let left = start + (end - start) * Double(slice) / Double(slices)
        // A little into the next one, so that no seam shows between them.
        let reach = min((end - start) / Double(slices) + 0.6, end - left)
        drawing.fill(Box(x: left, y: top, width: reach, height: max(bottom - top, 0.3)), pale)
      }
    }
  }

  private func drawCurve(_ curve: LineChart.Curve, into drawing: inout Drawing, _ plot: Box) {
    var lines: [[(x: Double, y: Double)]] = [[]]
    for (x, y) in zip(curve.x, curve.y) {
      if x.isFinite && y.isFinite { lines[lines.count - 1].append((self.x(x, plot), self.y(y, plot))) } else { lines.append([]) }
    }
    lines = lines.filter { !$0.isEmpty }
    let drawn = curve.style == .dashed ? lines.flatMap(Self.dashes) : lines
    drawing.lines(drawn.filter { $0.count > 1 }, width: curve.style == .faint ? 0.8 : 1.6, curve.color)
    if !curve.hasMarks { return }
    for point in lines.flatMap({ $0 }) {
      drawing.fill(Box(x: point.x - 2, y: point.y - 2, width: 4, height: 4), curve.color)
    }
  }

  /// Five points drawn, four left out.
  private static func dashes(_ line: [(x: Double, y: Double)]) -> [[(x: Double, y: Double)]] {
    let (dash, gap) = (5.0, 4.0)
    var result: [[(x: Double, y: Double)]] = []
    var current: [(x: Double, y: Double)] = line.first.map { [$0] } ?? []
    var (rest, isDrawn) = (dash, true)
    for (a, b) in zip(line, line.dropFirst()) {
      let length = ((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y)).squareRoot()
      var done = 0.0
      while length - done > rest {
        done += rest
        let point = (x: a.x + (b.x - a.x) * done / length, y: a.y + (b.y - a.y) * done / length)
        if isDrawn { result.append(current + [point]) }
        isDrawn.toggle()
        current = [point]
        rest = isDrawn ? dash : gap
      }
      rest -= length - done
      if isDrawn { current.append(b) }
    }
    if isDrawn && current.count > 1 { result.append(current) }
    return result
  }
}
