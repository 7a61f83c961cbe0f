/// Drawing the inside of a panel.
extension ImagePanel {
  var hasColorBar: Bool {
    if case .heat = content { return true }
    return false
  }

  /// The picture in `box`, its outline, and a colour bar below of at most `barWidth`.
  func draw(into drawing: inout Drawing, _ box: Box, barWidth: Double) {
    guard let raster else {
      drawing.fill(box, RGBColor(hex: 0xf4f4f4))
      drawing.text(
        Drawing.Text(
          string: "no data", x: box.x + box.width / 2, y: box.y + box.height / 2, alignment: .center, color: .quietInk))
      return
    }
    drawing.image(raster, in: box)
    drawing.frame(box, .border)
    if let outline, outline.height > 0, outline.width > 0 { draw(outline, into: &drawing, box) }
    if case .heat(let map) = content {
      // Below a narrow picture the bar is wider than the picture, so that its two numbers do not touch.
      let width = box.width >= PanelGridLayout.narrowestCell ? box.width : min(barWidth, PanelGridLayout.narrowestCell)
      let bar = Box(x: box.x, y: box.bottom + 5, width: width, height: PanelGridLayout.barHeight)
      drawColorBar(of: map, into: &drawing, bar)
    }
  }

  private func draw(_ outline: RegionMask, into drawing: inout Drawing, _ box: Box) {
    let xScale = box.width / Double(outline.width)
    let yScale = box.height / Double(outline.height)
    let lines = outline.borders.map { loop in
      // One edge further than closed, so that the first corner is mitred like the others.
      (loop + loop.dropFirst().prefix(1)).map { (x: box.x + Double($0.x) * xScale, y: box.y + Double($0.y) * yScale) }
    }
    if lines.isEmpty { return }
    // White on black can be seen on any colour.
    drawing.lines(lines, width: 2, .black)
    drawing.lines(lines, width: 0.9, .white)
  }

  private func drawColorBar(of map: HeatMap, into drawing: inout Drawing, _ bar: Box) {
    let middle = bar.bottom + 2 + TextStyle.tick.leading / 2
    func number(_ text: String, _ x: Double, _ alignment: Drawing.Alignment) {
      drawing.text(
        Drawing.Text(
          string: text, x: x, y: middle, size: TextStyle.tick.size, alignment: alignment, color: TextStyle.tick.color))
    }
    guard let limits = map.limits, let extremes = map.extremes else {
      drawing.fill(bar, .missing)
      number("no finite value", bar.x, .left)
      return
    }
    drawing.image(Raster(width: 256, height: 1, colors: map.colormap.table(256)), in: bar)
    drawing.frame(bar, .border)
    if limits.low == limits.high {
      number("constant " + NumberText.short(limits.low), bar.x, .left)
      return
    }
    // A sign of inequality where numbers beyond the end share its colour.
    number((extremes.low < limits.low ? "≤ " : "") + NumberText.short(limits.low), bar.x, .left)
    number((extremes.high > limits.high ? "≥ " : "") + NumberText.short(limits.high), bar.right, .right)
    if map.colormap == .diverging { number("0", bar.x + bar.width / 2, .center) }
  }
}
