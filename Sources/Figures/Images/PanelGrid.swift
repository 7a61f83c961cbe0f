/// Rows of pictures with titles, colour bars and a legend.
public struct PanelGrid: Figure {
  /// Panels side by side under a heading.
  public struct Row: Sendable {
    /// Default: none.
    public var heading: String
    /// The colour of a small square before the heading, usually that of the segment. Default: none.
    public var color: RGBColor?
    public var panels: [ImagePanel]

    public init(_ heading: String = "", color: RGBColor? = nil, panels: [ImagePanel]) {
      self.heading = heading
      self.color = color
      self.panels = panels
    }
  }

  /// A colour and what it stands for.
  public struct LegendEntry: Sendable, Equatable {
    public var text: String
    public var color: RGBColor

    public init(_ text: String, color: RGBColor) {
      self.text = text
      self.color = color
    }
  }

  public var title: String
  public var rows: [Row]
  /// What else is explained beside the legend of the label maps. Default: nothing.
  public var legend: [LegendEntry]
  /// Small print at the bottom. Default: none.
  public var caption: String
  /// The largest width of a picture in points. Default: 260 for up to two pictures in a row, else 150.
  public var panelWidth: Double?

  public init(
    _ title: String, rows: [Row], legend: [LegendEntry] = [], caption: String = "", panelWidth: Double? = nil
  ) {
    self.title = title
    self.rows = rows
    self.legend = legend
    self.caption = caption
    self.panelWidth = panelWidth
  }

  /// `panels` in rows of `columns`.
  public init(
    _ title: String, panels: [ImagePanel], columns: Int, legend: [LegendEntry] = [], caption: String = "",
    panelWidth: Double? = nil
  ) {
    let columns = max(1, columns)
    let rows = stride(from: 0, to: panels.count, by: columns).map { start in
      Row(panels: Array(panels[start..<min(start + columns, panels.count)]))
    }
    self.init(title, rows: rows, legend: legend, caption: caption, panelWidth: panelWidth)
  }

  /// One row per panel. Minimum and maximum are those of the finite numbers shown.
  public var table: (header: [String], rows: [[String]]) {
    var result: [[String]] = []
    for (rowIndex, row) in rows.enumerated() {
      for (columnIndex, panel) in row.panels.enumerated() {
        let (kind, low, high) = panel.summary
        let (height, width) = panel.extents
        result.append([
          "\(rowIndex)", "\(columnIndex)", row.heading, panel.title, panel.subtitle, kind, "\(height)", "\(width)",
          NumberText.full(low), NumberText.full(high),
        ])
      }
    }
    return (
      header: ["row", "column", "heading", "title", "subtitle", "kind", "height", "width", "minimum", "maximum"], rows: result
    )
  }

  /// Everything that the legend shows: the labels of the label maps, each once, then ``legend``.
  var legendEntries: [LegendEntry] {
    var entries: [LegendEntry] = []
    for panel in rows.flatMap(\.panels) {
      if case .labels(let map) = panel.content, map.showsLegend { entries += map.legend.filter { !entries.contains($0) } }
    }
    return entries + legend.filter { !entries.contains($0) }
  }
}
