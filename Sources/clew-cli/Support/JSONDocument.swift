import Clew
import Foundation

/// A JSON text with sorted keys and numbers in full precision.
func jsonDocument(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  do {
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
  } catch EncodingError.invalidValue(let value, let context) {
    let path = context.codingPath.map(\.stringValue).joined(separator: ".")
    throw CommandError.failed("the result holds \(value) at \(path), which JSON cannot express")
  }
}

/// A number that there may not be: `null` then, where an optional property would leave out its key.
@propertyWrapper
struct Nullable<Value: Encodable>: Encodable {
  var wrappedValue: Value?

  init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
  }
}

/// A folder for results: made if it does not exist, with every file written under its final name only when complete.
struct OutputFolder {
  let path: String

  init(_ path: String) throws {
    if path.isEmpty { throw CommandError.unusable("--output: found an empty name, expected a folder for the results") }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
      if !isFolder.boolValue { throw CommandError.unusable("\(path): found a file, expected a folder for the results") }
    } else {
      do {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      } catch {
        throw CommandError.unusable("\(path): the folder for the results cannot be made")
      }
    }
    self.path = path
  }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ text: String, _ name: String) throws { try AtomicFile.write(text, to: file(name)) }

  /// The figure as PNG and PDF, its numbers as CSV.
  func write(_ figure: some Figure, _ name: String) throws {
    try figure.render(to: file(name + ".png"), format: .png)
    try figure.render(to: file(name + ".pdf"), format: .pdf)
    var table = CSVWriter(header: figure.table.header)
    for row in figure.table.rows { table.append(row.map { .text($0) }) }
    try table.write(to: file(name + ".csv"))
  }
}
