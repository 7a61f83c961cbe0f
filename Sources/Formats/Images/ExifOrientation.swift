import TensorCore

/// How a camera was held (EXIF 2.32, tag 274): which stored row and column is the picture's top and left.
enum ExifOrientation: Int {
  case upright = 1
  case mirrored, turned180, mirroredVertically, transposed, turnedRight, transversed, turnedLeft

  /// The orientation that a JPEG states; upright if it states none, or something that makes no sense: a picture is
  /// not refused for its camera's notes.
  init(jpeg bytes: [UInt8]) {
    self = Self.exif(in: bytes).flatMap(Self.orientation).flatMap(ExifOrientation.init(rawValue:)) ?? .upright
  }

  /// The EXIF block: the first APP1 segment that starts with its name, before the pixels.
  private static func exif(in bytes: [UInt8]) -> ArraySlice<UInt8>? {
    let name = Array("Exif\0\0".utf8)
    var offset = 2
    while offset + 4 <= bytes.count, bytes[offset] == 0xFF, bytes[offset + 1] != 0xDA {
      let end = offset + 2 + Int(bytes[offset + 2]) << 8 + Int(bytes[offset + 3])
      guard end >= offset + 4, end <= bytes.count else { return nil }
      let content = bytes[(offset + 4)..<end]
      if bytes[offset + 1] == 0xE1, content.starts(with: name) { return content.dropFirst(name.count) }
      offset = end
    }
    return nil
  }

  /// The value of tag 274 in the first directory of a TIFF block.
  private static func orientation(_ tiff: ArraySlice<UInt8>) -> Int? {
    let isBigEndian = tiff.starts(with: "MM".utf8)
    guard isBigEndian || tiff.starts(with: "II".utf8) else { return nil }
    func number(_ offset: Int, _ count: Int) -> Int? {
      guard offset >= 0, offset + count <= tiff.count else { return nil }
      let bytes = tiff.dropFirst(offset).prefix(count)
      return isBigEndian ? bytes.reduce(0) { $0 << 8 | Int($1) } : bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    guard number(2, 2) == 42, let directory = number(4, 4), let count = number(directory, 2) else { return nil }
    let (tag, shortType) = (274, 3)
    for entry in 0..<count {
      let offset = directory + 2 + 12 * entry
      if number(offset, 2) == tag { return number(offset + 2, 2) == shortType ? number(offset + 8, 2) : nil }
    }
    return nil
  }

  private var swapsAxes: Bool { rawValue >= ExifOrientation.transposed.rawValue }

  /// `pixels` [H, W, C] as they are to be looked at: [H, W, C] or [W, H, C].
  func applied(to pixels: NDArray) -> NDArray {
    if self == .upright { return pixels }
    let (height, width, channels) = (pixels.shape[0], pixels.shape[1], pixels.shape[2])
    let shape: Shape = swapsAxes ? [width, height, channels] : [height, width, channels]
    return NDArray.building(shape, as: UInt8.self) { target in
      pixels.withUnsafeBufferPointer(as: UInt8.self) { source in
        for y in 0..<shape[0] {
          for x in 0..<shape[1] {
            let (row, column) = stored(y, x, height, width)
            for channel in 0..<channels {
              target[(y * shape[1] + x) * channels + channel] = source[(row * width + column) * channels + channel]
            }
          }
        }
      }
    }
  }

  /// The stored row and column, of `height` and `width`, that are seen at (y, x).
  private func stored(_ y: Int, _ x: Int, _ height: Int, _ width: Int) -> (Int, Int) {
    switch self {
    case .upright: (y, x)
    case .mirrored: (y, width - 1 - x)
    case .turned180: (height - 1 - y, width - 1 - x)
    case .mirroredVertically: (height - 1 - y, x)
    case .transposed: (x, y)
    case .turnedRight: (height - 1 - x, y)
    case .transversed: (height - 1 - x, width - 1 - y)
    case .turnedLeft: (x, width - 1 - y)
    }
  }
}
