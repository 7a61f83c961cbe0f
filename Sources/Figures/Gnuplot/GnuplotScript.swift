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
      // Both cairo terminals count 96 units to the inch where fonts mean 72.
      add(terminal("pngcairo", "\(width),\(height)", fontScale: pixelsPerUnit * 0.75))
    case .pdf:
      // The page is cut to whole points; the small addition keeps the size from being rounded down.
      let inches = [drawing.width, drawing.height].map { number(($0 * zoom + 0.05) / 72) }
      add(terminal("pdfcairo", "\(inches[0]),\(inches[1])", fontScale: zoom * 0.75))
    case .svg:
      let size = [drawing.width, drawing.height].map { "\(max(1, Int(($0 * zoom).rounded())))" }
      add(terminal("svg standalone", "\(size[0]),\(size[1])", fontScale: zoom))
    }
    add("set output '\(Self.outputName)'")
    add("unset border; unset tics; unset key; unset colorbox; set autoscale noextend")
    add("set lmargin at screen 0; set rmargin at screen 1; set bmargin at screen 0; set tmargin at screen 1")
    add("set xrange [0:\(number(drawing.width))]; set yrange [0:\(number(drawing.height))]")
  }

  private func terminal(_ name: String, _ size: String, fontScale: Double) -> String {
    "set terminal \(name) noenhanced size \(size) font '\(Self.font),9' fontscale \(number(fontScale))"
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

  /// A string literal with every ASCII character but letters and spaces as an octal escape: nothing is left that could end the
  /// string or be taken for a command, a macro or a format. Digits too, because gnuplot reads every digit that follows an escape
  /// as part of it. (In single quotes, gnuplot 5.4 trips over a string that begins with a quote.)
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      if !scalar.isASCII || scalar == " " || scalar.properties.isAlphabetic {
        result.unicodeScalars.append(scalar)
      } else {
        let digits = String(scalar.value, radix: 8)
        result += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
      }
    }
    return result + "\""
  }

  private static func name(_ color: RGBColor) -> String {
    let digits = String(color.hex, radix: 16)
    return "#" + String(repeating: "0", count: 6 - digits.count) + digits
  }

  private func number(_ value: Double) -> String { String(format: "%.4f", value.isFinite ? value : 0) }

  /// One plot with one element per image, one for all rectangles, and one per style of line.
  private mutating func writePlot() {
    let page = Box(x: 0, y: 0, width: drawing.width, height: drawing.height)
    var elements = [rectangleElement(row(page, .white))]
    var rectangles = ""
    var lines: [(style: LineStyle, rows: String)] = []
    for mark in drawing.marks {
      switch mark {
      case .image(let box, let raster): elements.append(imageElement(box, raster))
      case .rectangle(let box, let color): rectangles += row(box, color)
      case .lines(let paths, let width, let color):
        let style = LineStyle(width: width, color: color)
        let known = lines.firstIndex { $0.style == style }
        let index = known ?? lines.count
        if known == nil { lines.append((style: style, rows: "")) }
        lines[index].rows += rows(paths)
      case .text: break
      }
    }
    if !rectangles.isEmpty { elements.append(rectangleElement(rectangles)) }
    for (style, rows) in lines { elements.append(lineElement(style, rows)) }
    add("plot " + elements.joined(separator: ", \\\n  "))
    add("unset output")
  }

  private struct LineStyle: Equatable {
    var width: Double
    var color: RGBColor
  }

  private func row(_ box: Box, _ color: RGBColor) -> String {
    let box = format == .png ? snapped(box) : box
    let top = drawing.height - box.y
    let bottom = drawing.height - box.bottom
    let values = [box.x + box.width / 2, (top + bottom) / 2, box.x, box.right, bottom, top].map(number)
    return values.joined(separator: " ") + " \(color.hex)\n"
  }

  private mutating func rectangleElement(_ rows: String) -> String {
    let file = addFile(Data(rows.utf8))
    return "'\(file)' using 1:2:3:4:5:6:7 with boxxyerror fillstyle solid 1 noborder linecolor rgb variable notitle"
  }

  private func rows(_ paths: [[(x: Double, y: Double)]]) -> String {
    var result = ""
    for path in paths {
      for point in path { result += "\(number(point.x)) \(number(drawing.height - point.y))\n" }
      result += "\n"
    }
    return result
  }

  private mutating func lineElement(_ style: LineStyle, _ rows: String) -> String {
    let file = addFile(Data(rows.utf8))
    // A line of width 1 is one pixel in a PNG or SVG and half a point in a PDF.
    let scale =
      switch format {
      case .png: pixelsPerUnit
      case .pdf: 2 * zoom
      case .svg: zoom
      }
    let width = number(style.width * scale)
    return "'\(file)' using 1:2 with lines linewidth \(width) linecolor rgb '\(Self.name(style.color))' notitle"
  }

  private mutating func imageElement(_ box: Box, _ raster: Raster) -> String {
    let (picture, box) = fitted(raster, to: box)
    let file = addFile(Data(picture.bytesFromBottom))
    let dx = box.width / Double(picture.width)
    let dy = box.height / Double(picture.height)
    // The origin is the middle of the first pixel, at the bottom left.
    let origin = "(\(precise(box.x + dx / 2)),\(precise(drawing.height - box.bottom + dy / 2)))"
    return "'\(file)' binary array=(\(picture.width),\(picture.height)) dx=\(precise(dx)) dy=\(precise(dy)) origin=\(origin) "
      + "format='%uchar' using 1:2:3 with rgbimage notitle"
  }

  private func precise(_ value: Double) -> String { String(format: "%.8f", value) }

  /// The picture in the pixels of the page, so that the terminal has nothing to interpolate. On a page of vectors pixels stay
  /// as they are, unless there are more than 300 to the inch. Never a single row or column, which gnuplot does not draw.
  private func fitted(_ raster: Raster, to box: Box) -> (Raster, Box) {
    if format == .png {
      let box = snapped(box)
      let width = Int((box.width * pixelsPerUnit).rounded())
      let height = Int((box.height * pixelsPerUnit).rounded())
      return (raster.resampled(width: max(2, width), height: max(2, height)), box)
    }
    let scale = zoom * 300 / 72
    let width = max(2, min(raster.width, Int((box.width * scale).rounded())))
    let height = max(2, min(raster.height, Int((box.height * scale).rounded())))
    return (raster.resampled(width: width, height: height), box)
  }

  /// The box moved to whole pixels, at least one in each direction, so that edges and thin lines are sharp.
  private func snapped(_ box: Box) -> Box {
    func snap(_ start: Double, _ length: Double) -> (start: Double, length: Double) {
      let pixels = max(1, ((start + length) * pixelsPerUnit).rounded() - (start * pixelsPerUnit).rounded())
      // A thin line keeps its own width wherever it falls; a larger box keeps both of its edges.
      let count = length * pixelsPerUnit < 6 ? max(1, (length * pixelsPerUnit).rounded()) : pixels
      return (start: (start * pixelsPerUnit).rounded() / pixelsPerUnit, length: count / pixelsPerUnit)
    }
    let (x, width) = snap(box.x, box.width)
    let (y, height) = snap(box.y, box.height)
    return Box(x: x, y: y, width: width, height: height)
  }

  private mutating func addFile(_ data: Data) -> String {
    let name = "data\(files.count)"
    files.append((name: name, data: data))
    return name
  }
}
