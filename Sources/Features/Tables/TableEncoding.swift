import Formats
import TensorCore

/// From a table's columns to numbers between 0 and 1: numeric columns by their range, others as one column for each category.
///
/// Ranges and categories are those of the table that it is fitted on, so that nothing of the samples that are judged later flows into
/// it. A value outside the range becomes one outside 0 to 1; an unknown category has 0 in all of its columns.
public struct TableEncoding: Sendable {
  enum Column: Sendable, Equatable {
    /// (x − low) / (high − low); 0 for a constant column.
    case range(low: Double, high: Double)
    case categories([String])
  }

  /// The columns that are encoded, in the order of the fitted table.
  public let columns: [String]
  private let encodings: [Column]

  /// - Parameters:
  ///   - table: what ranges and categories are taken from; at least one row.
  ///   - excluded: columns that are no inputs, such as the label.
  ///   - categorical: columns of numbers that are categories; columns of texts always are.
  /// - Throws: `FormatError` for columns that do not exist or lack numbers, and a table without rows.
  public init(fitting table: CSVTable, excluding excluded: [String], categorical: [String] = []) throws(FormatError) {
    for name in excluded + categorical { _ = try Self.column(name, of: table) }
    if table.rowCount == 0 {
      throw FormatError(.malformed, path: table.path, found: "no rows", expected: "at least one to fit the encoding on")
    }
    columns = table.names.filter { !excluded.contains($0) }
    var encodings: [Column] = []
    for name in columns {
      let column = try Self.column(name, of: table)
      if case .numbers = column, !categorical.contains(name) {
        let numbers = try Self.numbers(name, of: table)
        encodings.append(.range(low: numbers.min() ?? 0, high: numbers.max() ?? 0))
      } else {
        encodings.append(.categories(ClassNames.sorted(Set(Self.texts(column)))))
      }
    }
    self.encodings = encodings
  }

  /// What the columns of an encoded table are called: a category's is `column=category`.
  public var names: [String] {
    zip(columns, encodings).flatMap { name, encoding in
      switch encoding {
      case .range: [name]
      case .categories(let categories): categories.map { "\(name)=\($0)" }
      }
    }
  }

  /// [rows, ``names``] float64, and how many fields were categories that the fitted table does not have.
  ///
  /// - Throws: `FormatError` for a table that lacks a column, or has no number where the fitted one had numbers.
  public func encode(_ table: CSVTable) throws(FormatError) -> (values: NDArray, unknown: Int) {
    let width = names.count
    var values = [Double](repeating: 0, count: table.rowCount * width)
    var (first, unknown) = (0, 0)
    for (name, encoding) in zip(columns, encodings) {
      switch encoding {
      case .range(let low, let high):
        for (row, number) in try Self.numbers(name, of: table).enumerated() {
          values[row * width + first] = high > low ? (number - low) / (high - low) : 0
        }
        first += 1
      case .categories(let categories):
        for (row, field) in Self.texts(try Self.column(name, of: table)).enumerated() {
          if let place = categories.firstIndex(of: field) { values[row * width + first + place] = 1 } else { unknown += 1 }
        }
        first += categories.count
      }
    }
    return (NDArray(values, shape: [table.rowCount, width]), unknown)
  }

  /// The fields of a column as texts, whole numbers without a fraction: labels, categories.
  ///
  /// - Throws: `FormatError` with the nearest name if there is no such column.
  public static func texts(_ name: String, of table: CSVTable) throws(FormatError) -> [String] {
    texts(try column(name, of: table))
  }

  private static func texts(_ column: CSVTable.Column) -> [String] {
    switch column {
    case .texts(let texts): texts
    case .numbers(let numbers): numbers.map { number in Int(exactly: number).map(String.init) ?? "\(number)" }
    }
  }

  private static func column(_ name: String, of table: CSVTable) throws(FormatError) -> CSVTable.Column {
    guard let place = table.names.firstIndex(of: name) else {
      throw FormatError(
        .unknownKey, path: table.path, found: "no column '\(name)'",
        expected: "one of \(table.names.prefix(8).joined(separator: ", "))\(table.names.count > 8 ? ", …" : "")",
        suggestion: NearestName.nearest(to: name, in: table.names))
    }
    return table.columns[place]
  }

  /// A column of finite numbers.
  private static func numbers(_ name: String, of table: CSVTable) throws(FormatError) -> [Double] {
    guard case .numbers(let numbers) = try column(name, of: table) else {
      throw FormatError(.malformed, path: table.path, found: "texts in the column '\(name)'", expected: "numbers")
    }
    if let row = numbers.firstIndex(where: { !$0.isFinite }) {
      throw FormatError(
        .malformed, path: table.path, found: "no number in row \(row + 1) of the column '\(name)'", expected: "finite numbers")
    }
    return numbers
  }
}

/// An order of names that people expect.
enum ClassNames {
  /// Numbers by value, before other names by alphabet.
  static func sorted(_ names: Set<String>) -> [String] {
    names.sorted { a, b in
      switch (Double(a), Double(b)) {
      case (let x?, let y?): x == y ? a < b : x < y
      case (_?, nil): true
      case (nil, _?): false
      case (nil, nil): a < b
      }
    }
  }
}
