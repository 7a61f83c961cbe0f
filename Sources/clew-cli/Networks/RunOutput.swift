import Clew
import Foundation

/// What a run gave, as far as it is printed: the outputs, and the shapes of everything.
struct RunOutput {
  /// One row for each sample.
  private(set) var rows: [[Double?]] = []
  private(set) var shapes: [String: [Int]] = [:]
  private var names: [String] = []
  private var notFinite = 0

  mutating func note(_ arrays: [(name: String, array: NDArray)]) throws {
    for (name, array) in arrays {
      if let known = shapes[name] {
        guard Array(known.dropFirst()) == Array(array.shape.dropFirst()) else {
          throw CommandError.unusable("\(name): found \(array.shape) for one batch and \(known) for those before it")
        }
        shapes[name]?[0] += array.shape[0]
      } else {
        shapes[name] = array.shape.extents
        names.append(name)
      }
    }
    guard let output = arrays.first?.array else { return }
    let (values, count) = (output.doubles, output.shape[0])
    let width = output.count / max(1, count)
    for row in 0..<count {
      let line = values[row * width..<(row + 1) * width].map { $0.isFinite ? $0 : nil }
      notFinite += line.count { $0 == nil }
      rows.append(line)
    }
  }

  var warnings: [String] {
    notFinite == 0 ? [] : ["\(notFinite) values of the output are not finite: null in this document"]
  }

  /// The shapes, and the largest outputs of the first samples.
  var table: String {
    let width = names.map(\.count).max() ?? 0
    var lines = names.map { name in
      name + String(repeating: " ", count: width - name.count) + "  \(Shape(shapes[name] ?? []))"
    }
    for (index, row) in rows.prefix(10).enumerated() {
      let top = row.indices.sorted { (row[$0] ?? -.infinity, $1) > (row[$1] ?? -.infinity, $0) }.prefix(5)
      lines.append(
        "sample \(index): "
          + top.map { "\($0): \(row[$0].map { String(format: "%.5g", $0) } ?? "not finite")" }.joined(separator: "  "))
    }
    if rows.count > 10 { lines.append("… and \(rows.count - 10) more samples") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The file that arrays go to, recognised by its name.
  enum Format: String, CaseIterable {
    case npz, safetensors

    init(_ path: String) throws {
      let ending = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
      guard let format = Format(rawValue: ending) else {
        throw CommandError.unusable("--output: found '\(path)', expected a name that ends in .npz or .safetensors")
      }
      self = format
    }

    typealias Sink = (_ arrays: [(name: String, array: NDArray)], _ first: Int) throws -> Void

    /// Writes what `work` hands over batch by batch; it is held in memory until then.
    func write(to path: String, _ work: (Sink) throws -> Void) throws {
      var parts: [(name: String, arrays: [NDArray])] = []
      try work { arrays, _ in
        if parts.isEmpty { parts = arrays.map { (name: $0.name, arrays: []) } }
        for (index, array) in arrays.enumerated() { parts[index].arrays.append(array.array) }
      }
      let whole = parts.map { part in
        (name: part.name, array: concatenated(part.arrays.map { Tensor($0) }, along: 0).value)
      }
      try self == .npz ? NPZ.write(whole, to: path) : Safetensors.write(whole, to: path)
    }
  }
}
