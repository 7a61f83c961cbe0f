/// A laid-out page: marks at positions in points (1/72 inch), x to the right and y downward from the top left corner.
///
/// Layout is done here and not by the plotting program, so that it can be tested without one and nothing overlaps by surprise.
public struct Drawing: Sendable {
  /// The size of the page in points.
  public let width: Double
  public let height: Double
  /// Images lie lowest, then rectangles, then lines, then text, whatever the order among kinds: so a whole kind can be handed
  /// over at once (the plotting program takes milliseconds for every piece). Rectangles lie in their order, and so do lines,
  /// except that lines of one style lie together, where the first of them lies.
  private(set) var marks: [Mark] = []

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  enum Mark: Sendable {
    case rectangle(Box, RGBColor)
    /// Polylines of one colour; each is a list of (x, y).
    case lines([[(x: Double, y: Double)]], width: Double, RGBColor)
    case image(Box, Raster)
    case text(Text)
  }

  /// One line of text; `y` is its middle.
  struct Text: Sendable {
    var string: String
    var x: Double
    var y: Double
    var size = TextStyle.plain
    var isBold = false
    var alignment = Alignment.left
    var color = RGBColor.ink
  }

  enum Alignment: String, Sendable { case left, center, right }

  mutating func fill(_ box: Box, _ color: RGBColor) { marks.append(.rectangle(box, color)) }

  mutating func image(_ raster: Raster, in box: Box) { marks.append(.image(box, raster)) }

  mutating func lines(_ lines: [[(x: Double, y: Double)]], width: Double, _ color: RGBColor) {
    marks.append(.lines(lines, width: width, color))
  }

  /// A thin horizontal line, its middle at `y`.
  mutating func rule(from x0: Double, to x1: Double, y: Double, width: Double = 0.5, _ color: RGBColor) {
    fill(Box(x: x0, y: y - width / 2, width: x1 - x0, height: width), color)
  }

  /// A thin vertical line, its middle at `x`.
  mutating func rule(x: Double, from y0: Double, to y1: Double, width: Double = 0.5, _ color: RGBColor) {
    fill(Box(x: x - width / 2, y: y0, width: width, height: y1 - y0), color)
  }

  /// A thin line around `box`.
  mutating func frame(_ box: Box, width: Double = 0.5, _ color: RGBColor) {
    for y in [box.y, box.bottom] { rule(from: box.x - width / 2, to: box.right + width / 2, y: y, width: width, color) }
    for x in [box.x, box.right] { rule(x: x, from: box.y, to: box.bottom, width: width, color) }
  }

  mutating func text(_ text: Text) { marks.append(.text(text)) }

  /// Lines of text, one below the other, from the top edge `y`. Returns the bottom edge.
  @discardableResult
  mutating func paragraph(_ lines: [String], x: Double, y: Double, style: TextStyle) -> Double {
    for (index, line) in lines.enumerated() {
      let middle = y + (Double(index) + 0.5) * style.leading
      text(Text(string: line, x: x, y: middle, size: style.size, isBold: style.isBold, color: style.color))
    }
    return y + Double(lines.count) * style.leading
  }
}

/// A rectangle in points, y downward.
struct Box: Sendable, Equatable {
  var x: Double
  var y: Double
  var width: Double
  var height: Double
  var right: Double { x + width }
  var bottom: Double { y + height }
}
