import TensorCore

/// A table as comma-separated values (RFC 4180, with `\n` line ends). Numbers are written in full precision:
/// the shortest text that reads back as the same number.
public struct CSVWriter: Sendable {
  /// One entry of a row.
  public enum Cell: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    case text(String)
    /// NaN and the infinities are written `nan`, `inf` and `-inf`, which Python and R read.
    case number(Double)
    case integer(Int)

    public init(stringLiteral value: String) { self = .text(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
  }

  private let columnCount: Int
  /// The table written so far.
  public private(set) var text: String

  /// A table of one column for each name.
  public init(header: [String]) {
    columnCount = header.count
    text = Self.line(header.map(Cell.text))
  }

  /// Adds a row. Traps unless it has as many cells as the header.
  public mutating func append(_ row: [Cell]) {
    if row.count != columnCount { fail(.shape("CSVWriter", "\(row.count) cells in a table of \(columnCount) columns")) }
    text += Self.line(row)
  }

  /// Writes the table so that it never stands half-written under `path`.
  public func write(to path: String) throws(FormatError) {
    try AtomicFile.write(text, to: path)
  }

  private static func line(_ cells: [Cell]) -> String {
    cells.map(field).joined(separator: ",") + "\n"
  }

  private static func field(_ cell: Cell) -> String {
    switch cell {
    case .text(let text): quoted(text)
    case .number(let value): "\(value)"
    case .integer(let value): "\(value)"
    }
  }

  private static func quoted(_ text: String) -> String {
    // Scalars, not characters: "\r\n" is one character that equals neither of its halves.
    let needsQuotes = text.unicodeScalars.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }
    if !needsQuotes { return text }
    var result = String.UnicodeScalarView("\"".unicodeScalars)
    for scalar in text.unicodeScalars {
      if scalar == "\"" { result.append("\"") }
      result.append(scalar)
    }
    result.append("\"")
    return String(result)
  }
}
