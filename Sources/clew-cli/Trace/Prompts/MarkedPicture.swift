import Clew

/// A picture on which points are marked, so that one sees them on any ground: coloured, with a white rim.
struct MarkedPicture {
  struct Mark {
    enum Shape { case disc, square }
    /// As shares of height and width.
    let row: Double
    let column: Double
    let shape: Shape
    var color: RGBColor { shape == .disc ? RGBColor(hex: 0x00a651) : RGBColor(hex: 0xd62728) }
  }

  private var height: Int
  private var width: Int
  private var bytes: [UInt8]

  /// - Parameter picture: [H, W, 3] uint8; a coarse one is enlarged, so that marks do not hide it.
  init(_ picture: NDArray) {
    let factor = max(1, 480 / max(1, max(picture.shape[0], picture.shape[1])))
    (height, width) = (picture.shape[0] * factor, picture.shape[1] * factor)
    let (source, columns) = (picture.scalars(as: UInt8.self), picture.shape[1])
    bytes = []
    bytes.reserveCapacity(3 * height * width)
    for row in 0..<height {
      for column in 0..<width {
        let first = 3 * (row / factor * columns + column / factor)
        bytes += source[first..<first + 3]
      }
    }
  }

  /// [H, W, 3] uint8.
  func marked(_ marks: [Mark]) -> NDArray {
    var bytes = bytes
    let radius = max(2, 0.016 * Double(max(height, width)))
    for mark in marks {
      let (y, x) = (mark.row * Double(height) - 0.5, mark.column * Double(width) - 0.5)
      for row in max(0, Int(y - 2 * radius))..<min(height, Int(y + 2 * radius) + 1) {
        for column in max(0, Int(x - 2 * radius))..<min(width, Int(x + 2 * radius) + 1) {
          let (dy, dx) = (abs(Double(row) - y), abs(Double(column) - x))
          let distance = mark.shape == .disc ? (dy * dy + dx * dx).squareRoot() : max(dy, dx)
          if distance > radius { continue }
          let color = distance > 0.68 * radius ? RGBColor(hex: 0xffffff) : mark.color
          let first = 3 * (row * width + column)
          (bytes[first], bytes[first + 1], bytes[first + 2]) = (color.red, color.green, color.blue)
        }
      }
    }
    return NDArray(bytes, shape: [height, width, 3])
  }
}
