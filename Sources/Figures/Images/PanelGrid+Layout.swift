/// Where everything in a ``PanelGrid`` goes.
extension PanelGrid {
  public func drawing() throws(FigureError) -> Drawing {
    for panel in rows.flatMap(\.panels) { try panel.validate() }
    if let panelWidth, !(panelWidth.isFinite && panelWidth > 0) { throw .invalid("the width of a panel must be positive") }
    let layout = PanelGridLayout(self)
    var drawing = Drawing(width: layout.width, height: layout.height)
    layout.draw(into: &drawing)
    return drawing
  }
}

/// Sizes in points; computed once for the whole grid, so that columns line up.
struct PanelGridLayout {
  static let margin = 18.0
  static let gap = 16.0
  static let barHeight = 6.0
  /// From the picture to the end of the numbers under its colour bar.
  static let barSpace = 24.0
  /// Narrower cells have no room for a title or the two numbers of a colour bar.
  static let narrowestCell = 110.0

  let grid: PanelGrid
  let pictureWidth: Double
  let cellWidth: Double
  let rows: [PlacedRow]
  let titleLines: [String]
  let captionLines: [String]
  let legend: LegendLayout
  let legendIsBeside: Bool
  let width: Double
  let height: Double
  private let gridTop: Double

  init(_ grid: PanelGrid) {
    self.grid = grid
    let columns = max(grid.rows.map(\.panels.count).max() ?? 0, 1)
    let pictureWidth = grid.panelWidth ?? (columns <= 2 ? 260 : 150)
    self.pictureWidth = pictureWidth
    let widest = grid.rows.flatMap(\.panels).map { Self.pictureSize($0, width: pictureWidth).width }.max() ?? pictureWidth
    let cellWidth = max(widest, min(Self.narrowestCell, pictureWidth)).rounded(.up)
    self.cellWidth = cellWidth
    var rowWidth = Double(columns) * cellWidth + Double(columns - 1) * Self.gap

    let placed = grid.rows.map { PlacedRow($0, cellWidth: cellWidth, pictureWidth: pictureWidth, rowWidth: rowWidth) }
    let gridHeight = placed.map(\.height).reduce(0, +) + Self.gap * Double(max(placed.count - 1, 0))
    let entries = grid.legendEntries
    let beside = LegendLayout(entries, width: 200, columns: 1)
    legendIsBeside = !entries.isEmpty && grid.rows.count == 1 && columns <= 3 && beside.height <= gridHeight
    if legendIsBeside {
      legend = beside
      rowWidth += Self.gap + beside.width
    } else {
      rowWidth = max(rowWidth, 240)
      legend = LegendLayout(entries, width: rowWidth)
    }
    width = (rowWidth + 2 * Self.margin).rounded(.up)
    titleLines = TextStyle.title.wrapped(grid.title, to: rowWidth, maximumLines: 3)
    captionLines = TextStyle.note.wrapped(grid.caption, to: rowWidth, maximumLines: 6)

    var bottom = Self.margin + Double(titleLines.count) * TextStyle.title.leading + (titleLines.isEmpty ? 0 : 10)
    gridTop = bottom
    rows = placed
    bottom += gridHeight
    if !legendIsBeside && legend.height > 0 { bottom += Self.gap + legend.height }
    if !captionLines.isEmpty { bottom += 12 + Double(captionLines.count) * TextStyle.note.leading }
    height = (bottom + Self.margin).rounded(.up)
  }

  /// The size at which a panel's picture is shown: its own aspect ratio, whole points, at most `width` wide and 1.25 `width` high.
  static func pictureSize(_ panel: ImagePanel, width: Double) -> (width: Double, height: Double) {
    let (rows, columns) = panel.extents
    guard rows > 0, columns > 0 else { return (width: width.rounded(), height: (width / 2).rounded()) }
    let scale = min(width / Double(columns), 1.25 * width / Double(rows))
    return (width: max(1, (scale * Double(columns)).rounded()), height: max(1, (scale * Double(rows)).rounded()))
  }

  func draw(into drawing: inout Drawing) {
    drawing.paragraph(titleLines, x: Self.margin, y: Self.margin, style: .title)
    var y = gridTop
    for row in rows {
      row.draw(into: &drawing, x: Self.margin, y: y, step: cellWidth + Self.gap)
      y += row.height + Self.gap
    }
    y -= rows.isEmpty ? 0 : Self.gap
    if legendIsBeside, let first = rows.first {
      legend.draw(into: &drawing, x: width - Self.margin - legend.width, y: gridTop + first.pictureTop)
    } else if legend.height > 0 {
      legend.draw(into: &drawing, x: Self.margin, y: y + Self.gap)
      y += Self.gap + legend.height
    }
    drawing.paragraph(captionLines, x: Self.margin, y: y + 12, style: .note)
  }
}

/// A row with the heights that all of its panels share, so that pictures start on one line.
struct PlacedRow {
  /// Between a title and its picture.
  static let titleGap = 4.0

  let row: PanelGrid.Row
  let headingLine: String
  let titles: [[String]]
  let subtitles: [String]
  let sizes: [(width: Double, height: Double)]
  /// From the top of the row to the top of its pictures.
  let pictureTop: Double
  let height: Double
  private let titleTop: Double

  init(_ row: PanelGrid.Row, cellWidth: Double, pictureWidth: Double, rowWidth: Double) {
    self.row = row
    headingLine = row.heading.isEmpty ? "" : TextStyle.heading.fitted(row.heading, to: rowWidth - 16)
    titles = row.panels.map { TextStyle.panelTitle.wrapped($0.title, to: cellWidth, maximumLines: 2) }
    subtitles = row.panels.map { $0.subtitle.isEmpty ? "" : TextStyle.note.fitted($0.subtitle, to: cellWidth) }
    sizes = row.panels.map { PanelGridLayout.pictureSize($0, width: pictureWidth) }
    var top = headingLine.isEmpty && row.color == nil ? 0 : TextStyle.heading.leading + 5
    titleTop = top
    let textHeight = zip(titles, subtitles).map { Self.textHeight($0, $1) }.max() ?? 0
    top += textHeight + (textHeight > 0 ? Self.titleGap : 0)
    pictureTop = top
    let bottoms = zip(row.panels, sizes).map { panel, size in size.height + (panel.hasColorBar ? PanelGridLayout.barSpace : 0) }
    height = top + (bottoms.max() ?? 0)
  }

  private static func textHeight(_ titleLines: [String], _ subtitle: String) -> Double {
    Double(titleLines.count) * TextStyle.panelTitle.leading + (subtitle.isEmpty ? 0 : TextStyle.note.leading)
  }

  func draw(into drawing: inout Drawing, x: Double, y: Double, step: Double) {
    var headingX = x
    let middle = y + TextStyle.heading.leading / 2
    if let color = row.color {
      drawing.fill(Box(x: x, y: middle - 5, width: 10, height: 10), color)
      headingX += 16
    }
    if !headingLine.isEmpty {
      drawing.text(Drawing.Text(string: headingLine, x: headingX, y: middle, size: TextStyle.heading.size, isBold: true))
    }
    for (index, panel) in row.panels.enumerated() {
      let left = x + Double(index) * step
      // Titles stand on their picture: a panel with fewer lines starts lower.
      let lines = Self.textHeight(titles[index], subtitles[index])
      let top = max(y + titleTop, y + pictureTop - Self.titleGap - lines)
      let bottom = drawing.paragraph(titles[index], x: left, y: top, style: .panelTitle)
      if !subtitles[index].isEmpty { drawing.paragraph([subtitles[index]], x: left, y: bottom, style: .note) }
      let box = Box(x: left, y: y + pictureTop, width: sizes[index].width, height: sizes[index].height)
      panel.draw(into: &drawing, box, barWidth: step - PanelGridLayout.gap)
    }
  }
}
