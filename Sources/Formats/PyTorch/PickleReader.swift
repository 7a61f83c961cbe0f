/// The bytes of a pickle, from front to back.
struct PickleReader {
  let bytes: [UInt8]
  private(set) var offset = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func byte() throws(PickleError) -> UInt8 {
    guard offset < bytes.count else { throw error("the end", "more of the pickle") }
    offset += 1
    return bytes[offset - 1]
  }

  /// The next `count` bytes, which must be there.
  mutating func slice(_ count: Int) throws(PickleError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - offset else {
      throw error("\(bytes.count - offset) bytes", "\(count) of an object")
    }
    offset += count
    return bytes[(offset - count)..<offset]
  }

  /// An unsigned little-endian number of `size` bytes that fits in an `Int`.
  mutating func unsigned(_ size: Int) throws(PickleError) -> Int {
    let value = try slice(size).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let result = Int(exactly: value) else { throw error("a length of \(value)", "one that is possible") }
    return result
  }

  /// Bytes behind their length, which takes `size` bytes.
  mutating func counted(_ size: Int) throws(PickleError) -> ArraySlice<UInt8> { try slice(try unsigned(size)) }

  /// Text behind its length. What is not UTF-8 in it becomes a replacement character.
  mutating func text(_ size: Int) throws(PickleError) -> String { String(decoding: try counted(size), as: UTF8.self) }

  /// Text up to the end of the line.
  mutating func line() throws(PickleError) -> String {
    guard let end = bytes[offset...].firstIndex(of: 0x0A) else { throw error("no end of a line", "one") }
    defer { offset = end + 1 }
    return String(decoding: bytes[offset..<end], as: UTF8.self)
  }

  func error(_ found: String, _ expected: String) -> PickleError {
    PickleError(.malformed, found: "a pickle with \(found) at byte \(offset)", expected: expected)
  }
}

/// Why a pickle is refused; the file's name is added by who knows it.
struct PickleError: Error {
  let kind: FormatError.Kind
  let found: String
  let expected: String

  init(_ kind: FormatError.Kind, found: String, expected: String) {
    self.kind = kind
    self.found = found
    self.expected = expected
  }
}
