import ArgumentParser
import Foundation
import TensorCore

/// Writes features that both sides of a comparison read.
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write seeded features [rows, columns] as a float32 .npy file.",
    discussion: """
      Examples:
        clew-bench generate --rows 10000 --columns 300 --clusters 12 --output features.npy
        clew-bench generate --rows 100000 --columns 64 --clusters 8 --output large.npy   # for ncut-tiles --segments 8
      """)

  @Option var rows: Int
  @Option var columns: Int
  @Option(help: "Planted clusters: each adds a standard normal centre to a run of rows. 0: plain standard normals.")
  var clusters = 0
  @Option var seed: UInt64 = 1
  @Option var output: String

  func validate() throws {
    guard rows > 0, columns > 0, clusters >= 0, clusters <= rows else {
      throw ValidationError("rows and columns must be positive, clusters between 0 and rows")
    }
  }

  func run() throws {
    var source = RandomSource(seed: seed)
    let centres = source.normals(clusters * columns)
    var values = [Float](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for column in 0..<columns {
        let centre = clusters == 0 ? 0 : centres[row * clusters / rows * columns + column]
        values[row * columns + column] = Float(source.normal() + centre)
      }
    }
    try npy(values, rows: rows, columns: columns).write(to: URL(fileURLWithPath: output), options: .atomic)
  }

  /// NumPy's format 1.0: magic, header length, a Python dict padded to 64 bytes, the values.
  private func npy(_ values: [Float], rows: Int, columns: Int) -> Data {
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
    header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
    var data = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0])
    data.append(UInt8(header.utf8.count & 0xFF))
    data.append(UInt8(header.utf8.count >> 8))
    data.append(Data(header.utf8))
    values.withUnsafeBytes { data.append(contentsOf: $0) }
    return data
  }
}
