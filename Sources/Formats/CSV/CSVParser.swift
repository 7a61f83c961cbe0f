/// Rows of comma-separated values, from front to back.
struct CSVParser {
  /// What is wrong, and in which line (the first is 1).
  struct Problem: Error {
    let line: Int
    let found: String
    let expected: String
  }

  private let bytes: [UInt8]
  private let separator: UInt8
  private var offset = 0
  private var line = 1
  /// The line in which the last row began.
  private(set) var rowLine = 1

  private static let (quote, newline, carriageReturn) = (UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"))

  init(_ bytes: [UInt8]) {
    // Spreadsheets start a file in UTF-8 with a mark.
    self.bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    separator = Self.separator(of: self.bytes)
  }

  /// A comma, unless the first line has none outside quotes but a tab or a semicolon.
  private static func separator(of bytes: [UInt8]) -> UInt8 {
    var isQuoted = false
    var found: UInt8?
    for byte in bytes {
      if byte == quote { isQuoted.toggle() }
      if isQuoted { continue }
      if byte == newline || byte == UInt8(ascii: ",") { return byte == newline ? found ?? UInt8(ascii: ",") : byte }
      if found == nil, byte == UInt8(ascii: "\t") || byte == UInt8(ascii: ";") { found = byte }
    }
    return found ?? UInt8(ascii: ",")
  }

  /// The fields of the next row; `nil` behind the last. Lines without anything are skipped.
  mutating func row() throws(Problem) -> [String]? {
    while offset < bytes.count, isLineEnd { skipLineEnd() }
    guard offset < bytes.count else { return nil }
    rowLine = line
    var fields: [String] = []
    while true {
      fields.append(bytes[offset...].first == Self.quote ? try quotedField() : try plainField())
      if offset < bytes.count, bytes[offset] == separator {
        offset += 1
        if offset < bytes.count { continue }
        fields.append("")
      }
      if offset < bytes.count { skipLineEnd() }
      return fields
    }
  }

  private var isLineEnd: Bool {
    bytes[offset] == Self.newline
      || bytes[offset] == Self.carriageReturn && offset + 1 < bytes.count && bytes[offset + 1] == Self.newline
  }

  private mutating func skipLineEnd() {
    offset += bytes[offset] == Self.newline ? 1 : 2
    line += 1
  }

  private mutating func plainField() throws(Problem) -> String {
    let start = offset
    while offset < bytes.count, bytes[offset] != separator, !isLineEnd {
      if bytes[offset] == Self.quote {
        throw Problem(
          line: line, found: "a quote inside a field without quotes", expected: "quotes around the whole field, doubled inside")
      }
      offset += 1
    }
    return try text(bytes[start..<offset])
  }

  private mutating func quotedField() throws(Problem) -> String {
    let first = line
    var content: [UInt8] = []
    offset += 1
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      if byte == Self.newline { line += 1 }
      if byte != Self.quote {
        content.append(byte)
      } else if offset < bytes.count, bytes[offset] == Self.quote {
        content.append(byte)
        offset += 1
      } else {
        guard offset == bytes.count || bytes[offset] == separator || isLineEnd else {
          throw Problem(line: line, found: "text behind a closing quote", expected: "a separator or the end of the line")
        }
        return try text(content[...])
      }
    }
    throw Problem(line: first, found: "a quote that is never closed", expected: "a closing quote")
  }

  private func text(_ content: ArraySlice<UInt8>) throws(Problem) -> String {
    guard let text = String(validating: content, as: UTF8.self) else {
      throw Problem(line: line, found: "bytes that are not UTF-8", expected: "a text in UTF-8")
    }
    return text
  }
}
