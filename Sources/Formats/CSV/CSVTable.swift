/// A table read from comma-separated values (RFC 4180): a line of column names, then rows of text.
///
/// Semicolons or tabs separate where the first line holds no comma. Fields may stand in quotes, and then hold separators and line
/// breaks; a byte order mark and empty lines are skipped.
public struct CSVTable: Sendable, Equatable {
  /// The file.
  public let path: String
  /// Column names, all different.
  public let header: [String]
  /// As many fields as the header in each.
  public let rows: [[String]]

  /// Larger files are refused: they are taken into memory whole.
  private static let limit = 1 << 30

  /// Reads the file `path`. Throws ``FormatError`` for one that is missing, empty, no UTF-8 text, or whose rows differ in length.
  public static func read(_ path: String) throws(FormatError) -> CSVTable {
    var file = try InputFile(path)
    return try CSVTable(try file.readAll(limit: limit), path: path)
  }

  init(_ bytes: [UInt8], path: String) throws(FormatError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw FormatError(.malformed, path: path, found: "bytes that are no UTF-8 text", expected: "comma-separated values")
    }
    var records = try Self.records(Array(text.unicodeScalars), path: path)
    guard let header = records.first, !records.removeFirst().fields.isEmpty else {
      throw FormatError(.malformed, path: path, found: "no line of column names", expected: "comma-separated values")
    }
    if let name = header.fields.first(where: { name in header.fields.count { $0 == name } > 1 }) {
      throw FormatError(.malformed, path: path, found: "two columns named \(name.quoted())", expected: "different names")
    }
    if let row = records.first(where: { $0.fields.count != header.fields.count }) {
      throw FormatError(
        .malformed, path: path, found: "\(row.fields.count) fields in line \(row.line)",
        expected: "\(header.fields.count), as many as the first line has")
    }
    self.path = path
    self.header = header.fields
    rows = records.map(\.fields)
  }

  /// The fields of the column `name`. Throws ``FormatError`` with the nearest name, if there is none.
  public func column(_ name: String) throws(FormatError) -> [String] {
    guard let place = header.firstIndex(of: name) else {
      throw FormatError(
        .unknownKey, path: path, found: "no column \(name.quoted())",
        expected: "one of \(header.prefix(8).joined(separator: ", "))\(header.count > 8 ? ", …" : "")",
        suggestion: NearestName.nearest(to: name, in: header))
    }
    return rows.map { $0[place] }
  }

  private struct Record {
    var fields: [String]
    /// Where it begins, from 1.
    var line: Int
  }

  private static func records(_ text: [Unicode.Scalar], path: String) throws(FormatError) -> [Record] {
    let start = text.first == "\u{FEFF}" ? 1 : 0
    let firstLine = text[start...].prefix { $0 != "\n" }
    let separator: Unicode.Scalar =
      firstLine.contains(",") ? "," : firstLine.contains(";") ? ";" : firstLine.contains("\t") ? "\t" : ","
    var records: [Record] = []
    var record = Record(fields: [], line: 1)
    var field = String.UnicodeScalarView()
    var (line, isQuoted, wasQuoted, index) = (1, false, false, start)

    func finishField() {
      record.fields.append(wasQuoted ? String(field) : trimmed(field))
      field = String.UnicodeScalarView()
      wasQuoted = false
    }
    func finishRecord() {
      finishField()
      if record.fields != [""] { records.append(record) }
      record = Record(fields: [], line: line)
    }
    while index < text.count {
      let scalar = text[index]
      index += 1
      if scalar == "\n" { line += 1 }
      if isQuoted {
        if scalar != "\"" {
          field.append(scalar)
        } else if index < text.count, text[index] == "\"" {
          field.append(scalar)
          index += 1
        } else {
          isQuoted = false
        }
      } else if scalar == "\"" && trimmed(field).isEmpty {
        (isQuoted, wasQuoted) = (true, true)
        field = String.UnicodeScalarView()
      } else if scalar == separator {
        finishField()
      } else if scalar == "\n" {
        finishRecord()
      } else if scalar != "\r" && !(wasQuoted && scalar == " ") {
        field.append(scalar)
      }
    }
    if isQuoted {
      throw FormatError(
        .malformed, path: path, found: "a quote that line \(record.line) opens and nothing closes", expected: "its end")
    }
    if !record.fields.isEmpty || !field.isEmpty || wasQuoted { finishRecord() }
    return records
  }

  private static func trimmed(_ field: String.UnicodeScalarView) -> String {
    let isBlank = { (scalar: Unicode.Scalar) in scalar == " " || scalar == "\t" }
    guard let first = field.firstIndex(where: { !isBlank($0) }), let last = field.lastIndex(where: { !isBlank($0) }) else {
      return ""
    }
    return String(field[first...last])
  }
}
