import Foundation
import TensorCore

/// A table read from comma-separated values (RFC 4180): a row of names, then rows of as many fields. Fields may stand in quotes
/// and hold commas, line ends and doubled quotes; lines end in `\n` or `\r\n`. Where the first line holds tabs or semicolons
/// and no comma outside quotes, those separate.
///
/// A column whose fields are all numbers (`nan`, `inf` and an empty field, read as NaN, among them) is one of numbers; any other
/// is one of texts. Where the first row holds nothing but numbers, it counts as a row, and columns are called `0`, `1`, ….
public struct CSVTable: Sendable {
  /// A column.
  public enum Column: Sendable, Equatable {
    case numbers([Double])
    case texts([String])
  }

  /// The file.
  public let path: String
  /// The columns' names, distinct.
  public let names: [String]
  /// As many as there are names.
  public let columns: [Column]
  /// Rows without that of names.
  public let rowCount: Int

  /// The largest file that is read.
  static let byteLimit = 256 << 20
  /// Fields of the largest table.
  private static let fieldLimit = 16 << 20

  /// Reads the file `path`. Throws ``FormatError`` with the number of the line where it stops being a table.
  public init(_ path: String) throws(FormatError) {
    var file = try InputFile(path)
    try self.init(&file)
  }

  init(_ file: inout InputFile) throws(FormatError) {
    let bytes = try file.readAll(limit: Self.byteLimit)
    try self.init(bytes, path: file.path)
  }

  init(_ bytes: [UInt8], path: String) throws(FormatError) {
    self.path = path
    var parser = CSVParser(bytes)
    var rows: [[String]] = []
    var count = 0
    do throws(CSVParser.Problem) {
      while let row = try parser.row() {
        if let first = rows.first, row.count != first.count {
          throw CSVParser.Problem(
            line: parser.rowLine, found: "\(row.count) fields", expected: "\(first.count), as in the first line")
        }
        count += row.count
        if count > Self.fieldLimit {
          throw CSVParser.Problem(line: parser.rowLine, found: "more than \(Self.fieldLimit) fields", expected: "fewer")
        }
        rows.append(row)
      }
    } catch {
      // One column is what any text has: then it is no table at all.
      guard (rows.first?.count ?? 0) > 1 else { throw Self.noTable(path) }
      throw FormatError(.malformed, path: path, found: "line \(error.line): \(error.found)", expected: error.expected)
    }
    guard let first = rows.first else { throw Self.noTable(path) }
    let hasNames = !first.allSatisfy { Self.number($0) != nil }
    names = hasNames ? first.map { $0.trimmingCharacters(in: .whitespaces) } : first.indices.map(String.init)
    let body = hasNames ? Array(rows.dropFirst()) : rows
    rowCount = body.count
    columns = first.indices.map { index in Self.column(body.map { $0[index] }) }
    let isOfNumbers = columns.contains { if case .numbers(let values) = $0 { !values.isEmpty } else { false } }
    guard first.count > 1 || isOfNumbers else { throw Self.noTable(path) }
    var seen: Set<String> = []
    if let twice = names.first(where: { !seen.insert($0).inserted }) {
      throw FormatError(.malformed, path: path, found: "line 1: two columns \(twice.quoted())", expected: "distinct names")
    }
  }

  private static func noTable(_ path: String) -> FormatError {
    FormatError(.unsupported, path: path, found: "text", expected: NamedArrays.readable)
  }

  private static func column(_ fields: [String]) -> Column {
    var values: [Double] = []
    for field in fields {
      guard let value = number(field) else { return .texts(fields) }
      values.append(value)
    }
    // Nothing but empty fields is no column of numbers.
    return !fields.isEmpty && fields.allSatisfy(\.isEmpty) ? .texts(fields) : .numbers(values)
  }

  private static func number(_ field: String) -> Double? {
    let text = field.trimmingCharacters(in: .whitespaces)
    if text.isEmpty || text == "NA" { return .nan }
    // Swift also takes hexadecimal, which a table means as a text.
    guard let first = text.utf8.first, !text.utf8.contains(UInt8(ascii: "x")), !text.utf8.contains(UInt8(ascii: "X")) else {
      return nil
    }
    return first == UInt8(ascii: "n") && text != "nan" ? nil : Double(text)
  }
}

/// A table as an array: the columns of numbers together, those of texts each.
struct TableFile: ArrayFile {
  private let table: CSVTable
  let entries: [ArrayDescription]
  var path: String { table.path }
  private static let numbersName = "table"

  init(_ table: CSVTable) {
    self.table = table
    var numbers: [String] = []
    var texts: [ArrayDescription] = []
    for (name, column) in zip(table.names, table.columns) {
      switch column {
      case .numbers: numbers.append(name)
      case .texts: texts.append(ArrayDescription(name: name, texts: [table.rowCount]))
      }
    }
    let array = ArrayDescription(
      name: Self.numbersName, storedType: "CSV", dtype: .float64, shape: [table.rowCount, numbers.count], channelNames: numbers)
    entries = (numbers.isEmpty ? [] : [array]) + texts
  }

  /// `table`, or a single column of numbers, [rows].
  func array(named name: String) throws(FormatError) -> NDArray {
    let columns = zip(table.names, table.columns).compactMap { name, column -> (name: String, values: [Double])? in
      if case .numbers(let values) = column { return (name, values) }
      return nil
    }
    if name == Self.numbersName, !columns.isEmpty {
      return NDArray.building([table.rowCount, columns.count], as: Double.self) { target in
        for (index, column) in columns.enumerated() {
          for row in 0..<table.rowCount { target[row * columns.count + index] = column.values[row] }
        }
      }
    }
    if let column = columns.first(where: { $0.name == name }) { return NDArray(column.values, shape: [table.rowCount]) }
    guard table.names.contains(name) else {
      throw .unknownKey(name, in: path, names: entries.map(\.name) + columns.map(\.name))
    }
    throw FormatError(.unsupported, path: "\(path):\(name)", found: "texts", expected: "numbers")
  }

  func texts(named name: String) throws(FormatError) -> [String] {
    for (own, column) in zip(table.names, table.columns) where own == name {
      if case .texts(let texts) = column { return texts }
      throw FormatError(.unsupported, path: "\(path):\(name)", found: "numbers", expected: "texts")
    }
    throw .unknownKey(name, in: path, names: entries.map(\.name))
  }
}
