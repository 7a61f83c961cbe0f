/// The JSON of a safetensors header, and of JSON only what may stand in one: an object of tensors, each an object of `dtype`,
/// `shape` and `data_offsets`, and of texts under `__metadata__`. Nothing nests deeper than that, so nothing recurses.
struct SafetensorsHeaderParser {
  struct Tensor {
    var name = ""
    var dtype = ""
    var shape: [Int] = []
    var start = 0
    var end = 0
  }

  /// What is wrong with the text, and at which byte.
  struct SyntaxError: Error {
    let offset: Int
    let expected: String
  }

  private(set) var tensors: [Tensor] = []
  private(set) var metadata: [(key: String, value: String)] = []
  private let text: [UInt8]
  private var offset = 0

  init(text: [UInt8]) { self.text = text }

  mutating func parse() throws(SyntaxError) {
    var hasMetadata = false
    try object { (parser, key) throws(SyntaxError) in
      if key == "__metadata__" {
        if hasMetadata { throw parser.error("__metadata__ once") }
        hasMetadata = true
        try parser.object { (parser, key) throws(SyntaxError) in parser.metadata.append((key, try parser.string())) }
      } else {
        try parser.tensor(named: key)
      }
    }
    skipSpace()
    if offset < text.count { throw error("the end") }
  }

  private mutating func tensor(named name: String) throws(SyntaxError) {
    var tensor = Tensor(name: name)
    var missing: Set<String> = ["dtype", "shape", "data_offsets"]
    try object { (parser, key) throws(SyntaxError) in
      guard missing.remove(key) != nil else { throw parser.error("dtype, shape and data_offsets, once each") }
      switch key {
      case "dtype": tensor.dtype = try parser.string()
      case "shape": tensor.shape = try parser.integers()
      default:
        let offsets = try parser.integers()
        guard offsets.count == 2 else { throw parser.error("two offsets") }
        (tensor.start, tensor.end) = (offsets[0], offsets[1])
      }
    }
    guard missing.isEmpty else { throw error("dtype, shape and data_offsets, once each") }
    tensors.append(tensor)
  }

  private var peek: UInt8? { offset < text.count ? text[offset] : nil }

  private func error(_ expected: String) -> SyntaxError { SyntaxError(offset: offset, expected: expected) }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { offset += 1 }
  }

  /// Steps over `byte` and the space before it, if it comes next.
  private mutating func skip(_ byte: Unicode.Scalar) -> Bool {
    skipSpace()
    guard peek == UInt8(ascii: byte) else { return false }
    offset += 1
    return true
  }

  private mutating func expect(_ byte: Unicode.Scalar) throws(SyntaxError) {
    guard skip(byte) else { throw error("'\(byte)'") }
  }

  /// Members of an object; `member` reads the value of each.
  private mutating func object(
    _ member: (inout SafetensorsHeaderParser, String) throws(SyntaxError) -> Void
  ) throws(SyntaxError) {
    try expect("{")
    if skip("}") { return }
    repeat {
      let key = try string()
      try expect(":")
      try member(&self, key)
    } while skip(",")
    try expect("}")
  }

  private mutating func integers() throws(SyntaxError) -> [Int] {
    try expect("[")
    if skip("]") { return [] }
    var values: [Int] = []
    repeat { values.append(try integer()) } while skip(",")
    try expect("]")
    return values
  }

  /// An integer from 0 to 2⁶³ − 1.
  private mutating func integer() throws(SyntaxError) -> Int {
    skipSpace()
    let start = offset
    var value = 0
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      let (shifted, overflowed) = value.multipliedReportingOverflow(by: 10)
      let (sum, carried) = shifted.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
      if overflowed || carried { throw SyntaxError(offset: start, expected: "an integer of 63 bits") }
      value = sum
      offset += 1
    }
    if offset == start { throw error("digits") }
    return value
  }

  private mutating func string() throws(SyntaxError) -> String {
    try expect("\"")
    let start = offset
    var bytes: [UInt8] = []
    while let byte = peek {
      offset += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let result = String(validating: bytes, as: UTF8.self) else {
          throw SyntaxError(offset: start, expected: "a text in UTF-8")
        }
        return result
      case UInt8(ascii: "\\"): bytes += try escape()
      case 0..<0x20: throw error("no control character in a string")
      default: bytes.append(byte)
      }
    }
    throw error("the end of a string")
  }

  /// What follows a backslash, in UTF-8.
  private mutating func escape() throws(SyntaxError) -> [UInt8] {
    guard let byte = peek else { throw error("an escape") }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var units = [try hexadecimal()]
      if units[0] & 0xFC00 == 0xD800 {
        guard peek == UInt8(ascii: "\\"), offset + 1 < text.count, text[offset + 1] == UInt8(ascii: "u") else {
          throw error("the second half of a surrogate pair")
        }
        offset += 2
        units.append(try hexadecimal())
      }
      guard let result = String(validating: units, as: UTF16.self) else { throw error("a character") }
      return Array(result.utf8)
    default: throw error("an escape")
    }
  }

  private mutating func hexadecimal() throws(SyntaxError) -> UInt16 {
    let digits = text.dropFirst(offset).prefix(4)
    guard digits.count == 4, let value = UInt16(String(decoding: digits, as: UTF8.self), radix: 16),
      digits.first != UInt8(ascii: "+")
    else { throw error("four hexadecimal digits") }
    offset += 4
    return value
  }
}
