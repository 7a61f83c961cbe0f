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
  ///   - categorical: numeric columns that are categories; columns that are not numeric always are.
  /// - Throws: `FormatError` for columns that do not exist, and a table without rows.
  public init(fitting table: CSVTable, excluding excluded: [String], categorical: [String] = []) throws(FormatError) {
    for name in excluded + categorical { _ = try table.column(name) }
    if table.rows.isEmpty {
      throw FormatError(.malformed, path: table.path, found: "no rows", expected: "at least one to fit the encoding on")
    }
    columns = table.header.filter { !excluded.contains($0) }
    var encodings: [Column] = []
    for name in columns {
      let fields = try table.column(name)
      let numbers = fields.compactMap(Self.number)
      if numbers.count == fields.count && !categorical.contains(name) {
        encodings.append(.range(low: numbers.min() ?? 0, high: numbers.max() ?? 0))
      } else {
        encodings.append(.categories(Set(fields).sorted(by: Self.precedes)))
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
  /// - Throws: `FormatError` for a table that lacks a column, or has text where the fitted one had numbers.
  public func encode(_ table: CSVTable) throws(FormatError) -> (values: NDArray, unknown: Int) {
    let width = names.count
    var values = [Double](repeating: 0, count: table.rows.count * width)
    var (first, unknown) = (0, 0)
    for (name, encoding) in zip(columns, encodings) {
      let fields = try table.column(name)
      switch encoding {
      case .range(let low, let high):
        for (row, field) in fields.enumerated() {
          guard let number = Self.number(field) else {
            throw FormatError(
              .malformed, path: table.path, found: "'\(field)' in row \(row + 1) of the column '\(name)'",
              expected: "a finite number")
          }
          values[row * width + first] = high > low ? (number - low) / (high - low) : 0
        }
        first += 1
      case .categories(let categories):
        for (row, field) in fields.enumerated() {
          if let place = categories.firstIndex(of: field) { values[row * width + first + place] = 1 } else { unknown += 1 }
        }
        first += categories.count
      }
    }
    return (NDArray(values, shape: [table.rows.count, width]), unknown)
  }

  private static func number(_ field: String) -> Double? { Double(field).flatMap { $0.isFinite ? $0 : nil } }

  /// Numbers by value, before text by alphabet.
  private static func precedes(_ a: String, _ b: String) -> Bool {
    switch (number(a), number(b)) {
    case (let x?, let y?): x == y ? a < b : x < y
    case (_?, nil): true
    case (nil, _?): false
    case (nil, nil): a < b
    }
  }
}
