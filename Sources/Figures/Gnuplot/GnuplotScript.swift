import Foundation

/// A ``Drawing`` in gnuplot's language: the script and the data files that it reads by relative name.
///
/// gnuplot serves as a canvas: one plot that fills the page, with coordinates in points, text as labels.
struct GnuplotScript {
  static let outputName = "figure.out"
  static let font = "Arial"
  /// Beyond this many pixels the cairo library refuses to make a picture.
  static let largestSide = 30_000.0

  private(set) var text = ""
  private(set) var files: [(name: String, data: Data)] = []
  private let drawing: Drawing
  private let zoom: Double
  /// Pixels of a PNG per unit of the drawing.
  private let pixelsPerUnit: Double
  private let format: FigureFormat

  init(_ drawing: Drawing, zoom: Double, pixelsPerPoint: Double, format: FigureFormat) {
    self.drawing = drawing
    self.zoom = zoom
    self.format = format
    pixelsPerUnit = min(zoom * pixelsPerPoint, Self.largestSide / max(drawing.width, drawing.height))
    writePage()
    writeLabels()
    writePlot()
  }

  private mutating func add(_ line: String) { text += line + "\n" }

  private mutating func writePage() {
    add("set encoding utf8")
    switch format {
    case .png:
      let width = max(1, Int((drawing.width * pixelsPerUnit).rounded()))
      let height = max(1, Int((drawing.height * pixelsPerUnit).rounded()))
      // The terminal counts 96 pixels to the inch, so that a font size in pixels is 3/4 of it in points.
      add("set terminal pngcairo noenhanced size \(width),\(height) font '\(Self.font),9' fontscale \(number(pixelsPerUnit * 0.75))")
    case .pdf:
      // The page is cut to whole points; the small addition keeps the size from being rounded down.
      let inches = [drawing.width, drawing.height].map { number(($0 * zoom + 0.05) / 72) }
      add("set terminal pdfcairo noenhanced size \(inches[0]),\(inches[1]) font '\(Self.font),9' fontscale \(number(zoom))")
    case .svg:
      let size = [drawing.width, drawing.height].map { "\(max(1, Int(($0 * zoom).rounded())))" }
      add("set terminal svg noenhanced standalone size \(size[0]),\(size[1]) font '\(Self.font),9' fontscale \(number(zoom))")
    }
    add("set output '\(Self.outputName)'")
    add("unset border; unset tics; unset key; unset colorbox; set autoscale noextend")
    add("set lmargin at screen 0; set rmargin at screen 1; set bmargin at screen 0; set tmargin at screen 1")
    add("set xrange [0:\(number(drawing.width))]; set yrange [0:\(number(drawing.height))]")
  }

  private mutating func writeLabels() {
    for case .text(let text) in drawing.marks {
      let string = Self.quoted(TextStyle.singleLine(text.string))
      let font = text.isBold ? "\(Self.font):Bold" : Self.font
      add(
        "set label \(string) at \(number(text.x)),\(number(drawing.height - text.y)) \(text.alignment.rawValue) front "
          + "noenhanced font '\(font),\(number(text.size))' tc rgb '\(Self.name(text.color))'")
    }
  }

  /// In single quotes gnuplot knows no escapes, no substitution of commands and no macros; a quote is written twice.
  static func quoted(_ text: String) -> String { "'" + text.replacingOccurrences(of: "'", with: "''") + "'" }

  private static func name(_ color: RGBColor) -> String {
    let digits = String(color.hex, radix: 16)
    return "#" + String(repeating: "0", count: 6 - digits.count) + digits
  }

  private func number(_ value: Double) -> String { String(format: "%.4f", value.isFinite ? value : 0) }

  /// One plot with the marks in their order. Neighbouring rectangles share a file, to keep the plot short.
  private mutating func writePlot() {
    var elements: [String] = []
    var rectangles = ""
    func flushed(_ script: inout GnuplotScript) -> [String] {
      if rectangles.isEmpty { return [] }
      let file = script.addFile(Data(rectangles.utf8))
      rectangles = ""
      return ["'\(file)' using 1:2:3:4:5:6:7 with boxxyerror fillstyle solid 1 noborder linecolor rgb variable notitle"]
    }
    for mark in drawing.marks {
      if case .rectangle(let box, let color) = mark {
        rectangles += row(box, color)
        continue
      }
      elements += flushed(&self)
      switch mark {
      case .lines(let lines, let width, let color): elements.append(lineElement(lines, width, color))
      case .image(let box, let raster): elements.append(imageElement(box, raster))
      case .rectangle, .text: break
      }
    }
    elements += flushed(&self)
    add("plot " + elements.joined(separator: ", \\\n  "))
    add("unset output")
  }

  private func row(_ box: Box, _ color: RGBColor) -> String {
    let top = drawing.height - box.y
    let bottom = drawing.height - box.bottom
    let values = [box.x + box.width / 2, (top + bottom) / 2, box.x, box.right, bottom, top].map(number)
    return values.joined(separator: " ") + " \(color.hex)\n"
  }

  private mutating func lineElement(_ lines: [[(x: Double, y: Double)]], _ width: Double, _ color: RGBColor) -> String {
    var rows = ""
    for line in lines {
      for point in line { rows += "\(number(point.x)) \(number(drawing.height - point.y))\n" }
      rows += "\n"
    }
    let file = addFile(Data(rows.utf8))
    let scale = format == .png ? pixelsPerUnit : zoom
    return "'\(file)' using 1:2 with lines linewidth \(number(width * scale)) linecolor rgb '\(Self.name(color))' notitle"
  }

  private mutating func imageElement(_ box: Box, _ raster: Raster) -> String {
    let (picture, box) = fitted(raster, to: box)
    let file = addFile(Data(picture.bytesFromBottom))
    let dx = box.width / Double(picture.width)
    let dy = box.height / Double(picture.height)
    // The origin is the middle of the first pixel, at the bottom left.
    let origin = "(\(number6(box.x + dx / 2)),\(number6(drawing.height - box.bottom + dy / 2)))"
    return "'\(file)' binary array=(\(picture.width),\(picture.height)) dx=\(number6(dx)) dy=\(number6(dy)) origin=\(origin) "
      + "format='%uchar' using 1:2:3 with rgbimage notitle"
  }

  private func number6(_ value: Double) -> String { String(format: "%.8f", value) }

  /// The picture in the pixels of the page, so that the terminal has nothing to interpolate. On a page of vectors pixels stay
  /// as they are, unless there are more than 300 to the inch.
  private func fitted(_ raster: Raster, to box: Box) -> (Raster, Box) {
    if format == .png {
      let left = (box.x * pixelsPerUnit).rounded()
      let bottom = (box.bottom * pixelsPerUnit).rounded()
      let width = max(1, (box.right * pixelsPerUnit).rounded() - left)
      let height = max(1, bottom - (box.y * pixelsPerUnit).rounded())
      let snapped = Box(
        x: left / pixelsPerUnit, y: (bottom - height) / pixelsPerUnit, width: width / pixelsPerUnit,
        height: height / pixelsPerUnit)
      return (raster.resampled(width: Int(width), height: Int(height)), snapped)
    }
    let scale = zoom * 300 / 72
    let width = min(raster.width, max(1, Int((box.width * scale).rounded())))
    let height = min(raster.height, max(1, Int((box.height * scale).rounded())))
    return (raster.resampled(width: width, height: height), box)
  }

  private mutating func addFile(_ data: Data) -> String {
    let name = "data\(files.count)"
    files.append((name: name, data: data))
    return name
  }
}
