/// Coloured squares with names, in columns read downward.
struct LegendLayout {
  private static let pitch = 14.0
  private static let square = 9.0
  private static let gap = 16.0

  let entries: [PanelGrid.LegendEntry]
  let columns: Int
  let columnWidth: Double
  let width: Double
  let height: Double
  private let rowsPerColumn: Int

  /// - Parameters:
  ///   - width: The room in points.
  ///   - columns: Default: as many as fit.
  init(_ entries: [PanelGrid.LegendEntry], width: Double, columns wanted: Int? = nil) {
    self.entries = entries
    let widestText = entries.map { TextStyle.note.width(of: $0.text) }.max() ?? 0
    let natural = min(widestText + Self.square + 6, width)
    let fitting = max(1, Int((width + Self.gap) / (natural + Self.gap)))
    let limit = max(1, min(wanted ?? fitting, entries.count))
    rowsPerColumn = (entries.count + limit - 1) / limit
    columns = rowsPerColumn == 0 ? 1 : (entries.count + rowsPerColumn - 1) / rowsPerColumn
    columnWidth = natural
    self.width = Double(columns) * natural + Double(columns - 1) * Self.gap
    height = Double(rowsPerColumn) * Self.pitch
  }

  func draw(into drawing: inout Drawing, x: Double, y: Double) {
    for (index, entry) in entries.enumerated() {
      let left = x + Double(index / rowsPerColumn) * (columnWidth + Self.gap)
      let top = y + Double(index % rowsPerColumn) * Self.pitch
      let box = Box(x: left, y: top + (Self.pitch - Self.square) / 2, width: Self.square, height: Self.square)
      drawing.fill(box, entry.color)
      let text = TextStyle.note.fitted(entry.text, to: columnWidth - Self.square - 6)
      drawing.text(Drawing.Text(string: text, x: left + Self.square + 6, y: top + Self.pitch / 2, size: TextStyle.note.size))
    }
  }
}
