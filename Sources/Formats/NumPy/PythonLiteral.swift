/// The part of Python's literal syntax that NumPy headers are written in, and nothing more: nothing is ever evaluated.
indirect enum PythonLiteral: Equatable {
  case none
  case boolean(Bool)
  case integer(Int)
  case string(String)
  case tuple([PythonLiteral])
  case list([PythonLiteral])
  /// Pairs in the order of the text; keys are strings and distinct.
  case dictionary([Pair])

  struct Pair: Equatable {
    let key: String
    let value: PythonLiteral
  }

  /// What is wrong with the text, and at which byte.
  struct SyntaxError: Error {
    let offset: Int
    let expected: String
  }

  /// The value of `text`, which must hold one literal and white space around it.
  static func parse(_ text: [UInt8]) throws(SyntaxError) -> PythonLiteral {
    var parser = PythonLiteralParser(text: text)
    let value = try parser.value(depth: 0)
    try parser.end()
    return value
  }
}

/// A recursive descent over bytes; the depth is bounded, so that a hostile text cannot overflow the stack.
struct PythonLiteralParser {
  typealias SyntaxError = PythonLiteral.SyntaxError

  private let text: [UInt8]
  private var offset = 0
  private static let maximalDepth = 16

  init(text: [UInt8]) { self.text = text }

  mutating func value(depth: Int) throws(SyntaxError) -> PythonLiteral {
    guard depth < Self.maximalDepth else { throw error("less nesting") }
    skipSpace()
    guard let next = peek else { throw error("a value") }
    switch next {
    case UInt8(ascii: "{"): return try dictionary(depth: depth)
    case UInt8(ascii: "("): return try tuple(depth: depth)
    case UInt8(ascii: "["):
      offset += 1
      return .list(try items(until: UInt8(ascii: "]"), depth: depth).values)
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .integer(try integer())
    default: return try keyword()
    }
  }

  mutating func end() throws(SyntaxError) {
    skipSpace()
    if offset < text.count { throw error("the end") }
  }

  private var peek: UInt8? { offset < text.count ? text[offset] : nil }

  private func error(_ expected: String) -> SyntaxError { SyntaxError(offset: offset, expected: expected) }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || (0x09...0x0D).contains(byte) { offset += 1 }
  }

  /// Steps over `byte` and the space before it, if it comes next.
  private mutating func skip(_ byte: UInt8) -> Bool {
    skipSpace()
    guard peek == byte else { return false }
    offset += 1
    return true
  }

  /// Values separated by commas up to `close`; `hasComma` tells `(3)` from `(3,)`.
  private mutating func items(until close: UInt8, depth: Int) throws(SyntaxError) -> (values: [PythonLiteral], hasComma: Bool) {
    var values: [PythonLiteral] = []
    var hasComma = false
    while !skip(close) {
      values.append(try value(depth: depth + 1))
      if skip(UInt8(ascii: ",")) {
        hasComma = true
      } else if skip(close) {
        break
      } else {
        throw error("',' or '\(Character(Unicode.Scalar(close)))'")
      }
    }
    return (values, hasComma)
  }

  private mutating func tuple(depth: Int) throws(SyntaxError) -> PythonLiteral {
    offset += 1
    let (values, hasComma) = try items(until: UInt8(ascii: ")"), depth: depth)
    return values.count == 1 && !hasComma ? values[0] : .tuple(values)
  }

  private mutating func dictionary(depth: Int) throws(SyntaxError) -> PythonLiteral {
    offset += 1
    var pairs: [PythonLiteral.Pair] = []
    while !skip(UInt8(ascii: "}")) {
      skipSpace()
      let key = try string()
      guard !pairs.contains(where: { $0.key == key }) else { throw error("the key '\(key)' once") }
      guard skip(UInt8(ascii: ":")) else { throw error("':'") }
      pairs.append(.init(key: key, value: try value(depth: depth + 1)))
      if skip(UInt8(ascii: ",")) { continue }
      guard skip(UInt8(ascii: "}")) else { throw error("',' or '}'") }
      break
    }
    return .dictionary(pairs)
  }

  /// A string in single or double quotes; of the escapes, only those of quotes and backslash.
  private mutating func string() throws(SyntaxError) -> String {
    guard let quote = peek, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { throw error("a string") }
    offset += 1
    var bytes: [UInt8] = []
    while let byte = peek {
      offset += 1
      if byte == quote { return String(decoding: bytes, as: UTF8.self) }
      if byte != UInt8(ascii: "\\") {
        bytes.append(byte)
      } else if let escaped = peek, escaped == UInt8(ascii: "\\") || escaped == UInt8(ascii: "'") || escaped == UInt8(ascii: "\"")
      {
        bytes.append(escaped)
        offset += 1
      } else {
        throw error("no escape in a string")
      }
    }
    throw error("the end of a string")
  }

  private mutating func integer() throws(SyntaxError) -> Int {
    let start = offset
    let isNegative = skip(UInt8(ascii: "-"))
    var magnitude = 0
    let firstDigit = offset
    while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      let (shifted, overflowed) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, carried) = shifted.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
      if overflowed || carried { throw SyntaxError(offset: start, expected: "an integer of 64 bits") }
      magnitude = sum
      offset += 1
    }
    if offset == firstDigit { throw error("digits") }
    // Python 2 wrote long integers with a suffix.
    if peek == UInt8(ascii: "L") { offset += 1 }
    return isNegative ? -magnitude : magnitude
  }

  private mutating func keyword() throws(SyntaxError) -> PythonLiteral {
    for (word, value) in [("True", PythonLiteral.boolean(true)), ("False", .boolean(false)), ("None", .none)]
    where text[offset...].starts(with: word.utf8) {
      offset += word.utf8.count
      return value
    }
    throw error("a value")
  }
}
