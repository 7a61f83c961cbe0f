import Foundation
import TensorCore
import Testing

/// Access to the committed files, and to folders that vanish after a test.
enum Fixture {
  static let folder = Bundle.module.resourcePath.map { $0 + "/Fixtures" } ?? "Fixtures"

  static func path(_ name: String) -> String { "\(folder)/\(name)" }

  static func bytes(_ name: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(fileURLWithPath: path(name)))) }

  /// All fixtures, valid and to be refused.
  static var all: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { !$0.hasSuffix(".py") && !$0.hasSuffix(".json") }.sorted()
  }

  /// What reading `file` must give, by the library that wrote it.
  struct Expected: Decodable, CustomTestStringConvertible {
    let file, key, dtype: String
    let shape: [Int]
    /// Decimal texts, because a 64-bit integer does not fit in a number of JSON.
    let values: [String]
    let tolerance: Double
    var testDescription: String { "\(file):\(key)" }
  }

  /// From each script that writes fixtures.
  static let expected: [Expected] = ["expected.json", "expected-tensors.json", "expected-hdf5.json", "expected-tiff.json"].flatMap
  { file in
    do { return try JSONDecoder().decode([Expected].self, from: Data(try bytes(file))) } catch { return [Expected]() }
  }

  /// Runs `body` on a new folder and removes it.
  static func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("clew-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  static func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

  static func readText(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
  }
}
