import CImage
import TensorCore

/// What PNG and JPEG share: calls into the C functions, and the judgement of what headers state.
enum ImageDecoding {
  /// A function of CImage that takes a buffer for one line of text and returns a status.
  typealias Call = (UnsafeMutablePointer<CChar>) -> Int32

  /// Runs `call`, and throws what it reports as an error about `path`.
  static func run(_ format: String, path: String, _ call: Call) throws(FormatError) {
    var status: Int32 = 0
    let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CLEW_IMAGE_MESSAGE_SIZE)) { buffer in
      buffer.initialize(repeating: 0)
      guard let address = buffer.baseAddress else { return "" }
      status = call(address)
      return String(cString: address)
    }
    switch Int(status) {
    case Int(CLEW_IMAGE_OK): return
    case Int(CLEW_IMAGE_UNSUPPORTED):
      throw FormatError(.unsupported, path: path, found: "a \(format) with \(text)", expected: "grey or RGB pixels")
    case Int(CLEW_IMAGE_NO_MEMORY):
      throw FormatError(.tooLarge, path: path, found: "a \(format) too large for the memory left", expected: "a smaller picture")
    default:
      throw FormatError(.malformed, path: path, found: "a damaged \(format) (\(text))", expected: "a whole picture")
    }
  }

  /// Refuses extents for which no memory should be taken. `bytesPerPixel` counts what decoding needs; `pixelBound` is
  /// the number of pixels that a file of this size can hold at most, however well it is compressed.
  static func check(
    _ info: clew_image_info, _ format: String, bytesPerPixel: Int, pixelBound: Int, path: String
  ) throws(FormatError) {
    let (width, height) = (Int(info.width), Int(info.height))
    let stated = "a \(format) that states \(width) × \(height) pixels"
    let (pixels, overflowed) = width.multipliedReportingOverflow(by: height)
    guard !overflowed, pixels <= Picture.byteLimit / bytesPerPixel else {
      throw FormatError(.tooLarge, path: path, found: stated, expected: "at most \(Picture.byteLimit / bytesPerPixel) pixels")
    }
    guard pixels <= pixelBound else {
      throw FormatError(.malformed, path: path, found: stated, expected: "at most \(pixelBound) in a file of this size")
    }
  }
}
