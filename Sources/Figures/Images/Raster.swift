/// A picture of coloured pixels, row 0 on top.
struct Raster: Sendable {
  let width: Int
  let height: Int
  /// Red, green, blue of each pixel, row-major.
  let bytes: [UInt8]
  /// Pixels are categories: never mixed when the picture is made smaller.
  let isCategorical: Bool

  init(width: Int, height: Int, bytes: [UInt8], isCategorical: Bool = false) {
    self.width = width
    self.height = height
    self.bytes = bytes
    self.isCategorical = isCategorical
  }

  init(width: Int, height: Int, colors: [RGBColor], isCategorical: Bool = false) {
    var bytes = [UInt8](repeating: 0, count: colors.count * 3)
    for (index, color) in colors.enumerated() {
      bytes[3 * index] = color.red
      bytes[3 * index + 1] = color.green
      bytes[3 * index + 2] = color.blue
    }
    self.init(width: width, height: height, bytes: bytes, isCategorical: isCategorical)
  }

  /// The picture with exactly `width` × `height` pixels. Enlarging repeats pixels, so that each stays a sharp block; making it
  /// smaller averages the pixels that fall together (or takes the middle one of categories).
  func resampled(width newWidth: Int, height newHeight: Int) -> Raster {
    if newWidth == width && newHeight == height { return self }
    var result = [UInt8](repeating: 0, count: newWidth * newHeight * 3)
    let columns = Self.spans(of: width, into: newWidth, single: isCategorical)
    let rows = Self.spans(of: height, into: newHeight, single: isCategorical)
    var target = 0
    for row in rows {
      for column in columns {
        var sums = (0, 0, 0)
        for y in row {
          var source = 3 * (y * width + column.lowerBound)
          for _ in column {
            sums.0 += Int(bytes[source])
            sums.1 += Int(bytes[source + 1])
            sums.2 += Int(bytes[source + 2])
            source += 3
          }
        }
        let count = row.count * column.count
        result[target] = UInt8((sums.0 + count / 2) / count)
        result[target + 1] = UInt8((sums.1 + count / 2) / count)
        result[target + 2] = UInt8((sums.2 + count / 2) / count)
        target += 3
      }
    }
    return Raster(width: newWidth, height: newHeight, bytes: result, isCategorical: isCategorical)
  }

  /// Which of `old` pixels make up each of `new`.
  private static func spans(of old: Int, into new: Int, single: Bool) -> [Range<Int>] {
    (0..<new).map { index in
      let middle = (2 * index + 1) * old / (2 * new)
      if single || new >= old { return middle..<middle + 1 }
      return index * old / new..<max(index * old / new + 1, (index + 1) * old / new)
    }
  }

  /// Rows from the bottom to the top, the order in which the plotting program takes them.
  var bytesFromBottom: [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    for row in stride(from: height - 1, through: 0, by: -1) {
      result.append(contentsOf: bytes[row * width * 3..<(row + 1) * width * 3])
    }
    return result
  }
}
