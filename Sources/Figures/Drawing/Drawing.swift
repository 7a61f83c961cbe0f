/// A laid-out page: marks at positions in points (1/72 inch), x to the right and y downward from the top left corner.
///
/// Layout is done here and not by the plotting program, so that it can be tested without one and nothing overlaps by surprise.
public struct Drawing: Sendable {
  /// The size of the page in points.
  public let width: Double
  public let height: Double
  /// In drawing order; text is always drawn above everything else.
  var marks: [Mark] = []

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
    marks.append(.rectangle(Box(x: 0, y: 0, width: width, height: height), .white))
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

  mutating func line(_ points: [(x: Double, y: Double)], width: Double = 0.5, _ color: RGBColor) {
    marks.append(.lines([points], width: width, color))
  }

  mutating func frame(_ box: Box, width: Double = 0.5, _ color: RGBColor) {
    line([(box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom), (box.x, box.y)], width: width, color)
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
