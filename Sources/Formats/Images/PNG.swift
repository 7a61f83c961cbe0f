import CImage
import TensorCore

/// Portable Network Graphics, by libpng.
public enum PNG {
  /// The bytes of a PNG file with the pixels of `picture`; the same pixels give the same bytes.
  public static func encode(_ picture: Picture) -> [UInt8] {
    var result: [UInt8] = []
    do throws(FormatError) {
      try ImageDecoding.run("PNG", path: "PNG.encode") { message in
        picture.pixels.withUnsafeBufferPointer(as: UInt8.self) { pixels in
          var bytes: UnsafeMutablePointer<UInt8>?
          var count = 0
          let (width, height, channels) = (UInt32(picture.width), UInt32(picture.height), UInt32(picture.channels))
          let status = clew_png_write(pixels.baseAddress, width, height, channels, &bytes, &count, message)
          result = Array(UnsafeBufferPointer(start: bytes, count: count))
          clew_image_free(bytes)
          return status
        }
      }
    } catch {
      // A picture has extents and channels that libpng takes; what is left is memory.
      fail(.argument("PNG.encode", error.description))
    }
    return result
  }

  /// Writes `picture` so that it never stands half-written under `path`.
  public static func write(_ picture: Picture, to path: String) throws(FormatError) {
    try AtomicFile.write(encode(picture), to: path)
  }

  static func decode(_ bytes: [UInt8], path: String) throws(FormatError) -> Picture {
    var info = clew_image_info()
    try ImageDecoding.run("PNG", path: path) { clew_png_read_info(bytes, bytes.count, &info, $0) }
    let (colors, alpha) = (Int(info.channels), Int(info.has_alpha))
    // Deflate cannot grow data by more than about 1032 (the exact pixel bits of a row are rounded up to bytes).
    let bitsPerPixel = Int(info.stored_bits * info.stored_samples)
    let pixelBound = bytes.count * 1032 * 8 / max(1, bitsPerPixel)
    let bytesPerSample = info.stored_bits == 16 ? 7 : 1  // twice as stored, widened and scaled
    try ImageDecoding.check(
      info, "PNG", bytesPerPixel: (colors + alpha) * bytesPerSample, pixelBound: pixelBound, path: path)
    let (height, width) = (Int(info.height), Int(info.width))
    let decoded = try NDArray.building([height, width, colors + alpha], as: UInt8.self) { (target) throws(FormatError) in
      try ImageDecoding.run("PNG", path: path) { clew_png_read(bytes, bytes.count, target.baseAddress, target.count, $0) }
    }
    let stored = "PNG, \(colors + alpha) channels of \(info.stored_bits) bits"
    let deep = info.stored_bits == 16 ? try decodeDeep(bytes, [height, width, colors + alpha], path: path) : nil
    return Picture(pixels: alpha == 0 ? decoded : overWhite(decoded), storedType: stored, deep: deep)
  }

  /// All samples of a PNG of 16 bits.
  private static func decodeDeep(_ bytes: [UInt8], _ shape: Shape, path: String) throws(FormatError) -> NDArray {
    var samples = [UInt16](repeating: 0, count: shape.elementCount)
    try ImageDecoding.run("PNG", path: path) { clew_png_read_16(bytes, bytes.count, &samples, samples.count, $0) }
    return NDArray.building(shape, as: Int32.self) { target in
      for index in target.indices { target[index] = Int32(samples[index]) }
    }
  }

  /// Pixels [H, W, C + 1], the last channel opacity, laid over white: [H, W, C].
  private static func overWhite(_ pixels: NDArray) -> NDArray {
    let colors = pixels.shape[2] - 1
    return NDArray.building([pixels.shape[0], pixels.shape[1], colors], as: UInt8.self) { target in
      pixels.withUnsafeBufferPointer(as: UInt8.self) { source in
        for pixel in 0..<(target.count / colors) {
          let alpha = Int(source[pixel * (colors + 1) + colors])
          for channel in 0..<colors {
            let value = Int(source[pixel * (colors + 1) + channel])
            target[pixel * colors + channel] = UInt8((value * alpha + 255 * (255 - alpha) + 127) / 255)
          }
        }
      }
    }
  }
}
