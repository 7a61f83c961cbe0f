import Clew
import Foundation

/// A network's layers as a table.
struct NetworkTable {
  let rows: [LayerDescription]
  let inputs: [String: Shape]

  /// - Parameter inputShape: of the first input, as on the command line.
  init(_ network: Network, inputShape: String?) throws {
    var shapes: [String: Shape] = [:]
    for (index, input) in network.inputs.enumerated() {
      if index == 0, let inputShape {
        let numbers = inputShape.split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) ?? -1 }
        guard numbers.allSatisfy({ 0...1 << 20 ~= $0 }), numbers.count > 0, numbers.reduce(1.0, { $0 * Double($1) }) < 1e9
        else { throw CommandError.unusable("--input-shape: found '\(inputShape)', expected numbers such as 1,3,224,224") }
        shapes[input.name] = Shape(numbers)
      } else {
        shapes[input.name] = try Self.usual(input)
      }
    }
    rows = try network.table(for: shapes)
    inputs = shapes
  }

  /// One sample, of the size that networks of this kind usually read.
  private static func usual(_ input: NetworkInput) throws -> Shape {
    guard let shape = input.shape else {
      throw CommandError.unusable(
        "--input-shape: found none, expected one: the network does not tell the shape of '\(input.name)'")
    }
    let side = shape.count == 4 && shape[1] == 3 ? 224 : 32
    return Shape(shape.enumerated().map { $0.element ?? ($0.offset == 0 ? 1 : side) })
  }

  func print(_ common: CommonOptions, files: [String]) throws {
    if common.json {
      let report = Report(
        entries: rows.map(Entry.init), inputs: inputs.mapValues(\.extents),
        parameters: rows.reduce(0) { $0 + $1.parameterCount }, multiplyAdds: rows.reduce(0) { $0 + $1.multiplyAdds },
        warnings: [], provenance: try Provenance(common, inputs: files))
      try standardOutput(jsonDocument(report))
    } else {
      try standardOutput(text)
    }
  }

  private struct Report: Encodable {
    let entries: [Entry]
    let inputs: [String: [Int]]
    let parameters: Int
    let multiplyAdds: Int
    let warnings: [String]
    let provenance: Provenance
  }

  private struct Entry: Encodable {
    let name: String
    let operation: String
    let shapes: [[Int]]
    let parameters: Int
    let multiplyAdds: Int

    init(_ row: LayerDescription) {
      name = row.name
      operation = row.operation
      shapes = row.shapes.map(\.extents)
      parameters = row.parameterCount
      multiplyAdds = row.multiplyAdds
    }
  }

  private var text: String {
    let header = ["layer", "operation", "output", "parameters", "multiply-adds"]
    var cells = [header]
    for row in rows {
      let shapes = row.shapes.map { "\($0)" }.joined(separator: " ")
      cells.append([row.name, row.operation, shapes, "\(row.parameterCount)", "\(row.multiplyAdds)"])
    }
    cells.append([
      "total", "", "", "\(rows.reduce(0) { $0 + $1.parameterCount })", "\(rows.reduce(0) { $0 + $1.multiplyAdds })",
    ])
    let widths = header.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    let lines = cells.map { row in
      row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column < 3 ? cell + space : space + cell
      }.joined(separator: "  ")
    }
    let read = inputs.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    return "for \(read)\n" + lines.joined(separator: "\n") + "\n"
  }
}
