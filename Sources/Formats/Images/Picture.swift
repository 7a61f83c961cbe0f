import TensorCore

/// A picture of 8-bit samples.
///
/// What a file may hold beside plain pixels is brought to them like this: palettes are expanded; fewer than 8 bits are scaled
/// up and 16 bits down (v · 255 / 65535, rounded); a transparent pixel is laid over white, as a viewer shows it, in the
/// stored (not the linear-light) values; the EXIF orientation of a JPEG is applied. Colour profiles and gamma are ignored.
public struct Picture: Sendable {
  /// [H, W, C], uint8, with C = 1 (grey) or 3 (red, green, blue).
  public let pixels: NDArray
  /// What the file held, for listings: `PNG, 3 channels of 16 bits`.
  public let storedType: String
  /// Of a PNG of 16 bits all samples as they are stored, opacity among them: [H, W, C], int32.
  public let deep: NDArray?

  public var height: Int { pixels.shape[0] }
  public var width: Int { pixels.shape[1] }
  public var channels: Int { pixels.shape[2] }

  /// Traps unless `pixels` is uint8 of shape [H, W, 1] or [H, W, 3], with H and W from 1 to 2³¹ − 1.
  public init(pixels: NDArray) {
    self.init(pixels: pixels, storedType: "uint8")
  }

  init(pixels: NDArray, storedType: String, deep: NDArray? = nil) {
    if pixels.dtype != .uint8 { fail(.dtype("Picture", "pixels are \(pixels.dtype), not uint8")) }
    let limits = 1...Int(Int32.max)
    if pixels.rank != 3 || !pixels.shape.prefix(2).allSatisfy(limits.contains) || ![1, 3].contains(pixels.shape[2]) {
      fail(.shape("Picture", "pixels have the shape \(pixels.shape), not [H, W, 1] or [H, W, 3]"))
    }
    self.pixels = pixels
    self.storedType = storedType
    self.deep = deep
  }

  /// The largest file, and the most bytes of pixels, that are decoded.
  static let byteLimit = 1 << 30

  /// Reads the PNG, JPEG or TIFF file `path`, whatever its name. Throws ``FormatError`` if it is none of these, or not whole.
  public static func read(_ path: String) throws(FormatError) -> Picture {
    var file = try InputFile(path)
    return try decode(&file)
  }

  static func decode(_ file: inout InputFile) throws(FormatError) -> Picture {
    let path = file.path
    switch FileSignature(try file.peek(FileSignature.length)) {
    case .png: return try PNG.decode(try file.readAll(limit: byteLimit), path: path)
    case .jpeg: return try JPEG.decode(try file.readAll(limit: byteLimit), path: path)
    case .tiff:
      if let file = try TIFFFile.open(path) as? PictureFile { return file.picture }
      throw FormatError(
        .unsupported, path: path, found: "a TIFF of several pages or deep ones", expected: "one page of at most 8 bits")
    case let other:
      throw FormatError(.unsupported, path: path, found: other.description, expected: "a PNG, JPEG or TIFF picture")
    }
  }
}
