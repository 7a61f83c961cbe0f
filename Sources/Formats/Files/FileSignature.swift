/// What a file is by its first bytes; its name is never asked.
enum FileSignature: Equatable {
  case npy, zip, png, jpeg, tiff, hdf5, safetensors, text
  /// Recognised in order to be refused by its own name.
  case other(String)

  /// In words, with an article.
  var description: String {
    switch self {
    case .npy: "an .npy array"
    case .zip: "a zip archive"
    case .png: "a PNG picture"
    case .jpeg: "a JPEG picture"
    case .tiff: "a TIFF picture"
    case .hdf5: "an HDF5 file"
    case .safetensors: "a safetensors file"
    case .text: "text"
    case .other(let kind): kind
    }
  }

  /// Bytes that recognition looks at.
  static let length = 512

  /// `bytes` are the first of the file.
  init(_ bytes: [UInt8]) {
    func starts(_ magic: [UInt8], at offset: Int = 0) -> Bool { bytes.dropFirst(offset).starts(with: magic) }
    func starts(_ text: String, at offset: Int = 0) -> Bool { starts(Array(text.utf8), at: offset) }
    if starts(NPYHeader.magic) {
      self = .npy
    } else if starts("PK\u{3}\u{4}") || starts("PK\u{5}\u{6}") {
      self = .zip
    } else if starts([0x89] + Array("PNG\r\n\u{1A}\n".utf8)) {
      self = .png
    } else if starts([0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if starts([0x89] + Array("HDF\r\n\u{1A}\n".utf8)) {
      self = .hdf5
    } else if Self.isSafetensors(bytes) {
      self = .safetensors
    } else if starts([0x80]) && bytes.count > 1 && (2...5).contains(bytes[1]) {
      self = .other("a bare Python pickle (a PyTorch checkpoint from before 1.6, perhaps)")
    } else if starts("II*\0") || starts("MM\0*") || starts("II+\0") || starts("MM\0+") {
      self = .tiff
    } else if starts("GIF8") {
      self = .other("a GIF picture")
    } else if starts("RIFF") && starts("WEBP", at: 8) {
      self = .other("a WebP picture")
    } else if starts([0x1F, 0x8B]) {
      self = .other("a gzip archive")
    } else if starts("%PDF-") {
      self = .other("a PDF document")
    } else if Self.isONNX(bytes) {
      self = .other("an ONNX network")
    } else if Self.isText(bytes) {
      self = .text
    } else {
      self = .other("bytes of no known format")
    }
  }

  /// Safetensors have no magic number: a 64-bit length, then that many bytes of a JSON object.
  private static func isSafetensors(_ bytes: [UInt8]) -> Bool {
    guard bytes.count > 9, bytes[8] == UInt8(ascii: "{") else { return false }
    let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return length >= 2 && length <= UInt64(SafetensorsHeader.maximalLength)
  }

  /// ONNX is a bare protocol buffer: field 1 (the version, a small number), then another field of the model.
  private static func isONNX(_ bytes: [UInt8]) -> Bool {
    let fields: Set<UInt8> = [0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42]
    return bytes.count > 2 && bytes[0] == 0x08 && (1...32).contains(bytes[1]) && fields.contains(bytes[2])
  }

  private static func isText(_ bytes: [UInt8]) -> Bool {
    let allowed: Set<UInt8> = [0x09, 0x0A, 0x0C, 0x0D]
    guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || allowed.contains($0) }) else { return false }
    // The prefix may cut the last character; up to three bytes of it are dropped.
    return (0...3).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
  }
}
