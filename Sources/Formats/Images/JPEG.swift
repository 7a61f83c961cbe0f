import CImage
import TensorCore

/// JPEG pictures, by libjpeg-turbo: grey and three-channel, baseline and progressive. CMYK is refused.
enum JPEG {
  static func decode(_ bytes: [UInt8], path: String) throws(FormatError) -> Picture {
    var info = clew_image_info()
    try ImageDecoding.run("JPEG", path: path) { clew_jpeg_read_info(bytes, bytes.count, &info, $0) }
    // Every block of 8 × 8 samples takes at least one bit, for its mean. The tables before them are not counted off.
    let pixelBound = bytes.count * 8 * 64
    let channels = Int(info.channels)
    try ImageDecoding.check(info, "JPEG", bytesPerPixel: channels, pixelBound: pixelBound, path: path)
    let shape: Shape = [Int(info.height), Int(info.width), channels]
    let pixels = try NDArray.building(shape, as: UInt8.self) { (target) throws(FormatError) in
      try ImageDecoding.run("JPEG", path: path) {
        clew_jpeg_read(bytes, bytes.count, &info, target.baseAddress, target.count, $0)
      }
    }
    let oriented = ExifOrientation(jpeg: bytes).applied(to: pixels)
    return Picture(pixels: oriented, storedType: "JPEG, \(channels) channels of 8 bits")
  }
}
