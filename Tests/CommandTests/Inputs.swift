import Formats
import Foundation
import TensorCore

/// Features in a few groups, for tests that need some answer.
func groups(_ shape: Shape, groups: Int = 3, seed: UInt64 = 1) -> NDArray {
  var random = RandomSource(seed: seed)
  let channels = shape[shape.rank - 1]
  let nodes = shape.elementCount / channels
  let centres = random.normals(groups * channels)
  let values = (0..<nodes * channels).map { index in
    centres[(index / channels * groups / nodes) * channels + index % channels] + 0.3 * random.normal()
  }
  return NDArray(values.map { Float($0) }, shape: shape)
}

extension Folder {
  /// Writes `values` to the .npy file `name` and returns its name.
  @discardableResult
  func save(_ array: NDArray, _ name: String = "features.npy") throws -> String {
    try NPY.write(array, to: path(name))
    return name
  }

  /// Writes an .npy file with a header of the test's choosing.
  func saveRaw(descriptor: String, shape: String, fortran: Bool = false, bytes: [UInt8], _ name: String) throws {
    var header = "{'descr': '\(descriptor)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }"
    header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
    try write(
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count & 255), UInt8(header.utf8.count >> 8)]
        + Array(header.utf8) + bytes, name)
  }
}

/// Files of the tests of the libraries.
func libraryFixture(_ path: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: path).path
}

/// What `clew trace --json` prints.
struct TraceDocument: Decodable {
  struct Channel: Decodable {
    let index: Int
    let name: String
    let meanSigned, meanAbsolute, rootMeanSquare, gradientTimesInput: Double
  }
  struct Segment: Decodable {
    let id, size: Int
    let firstPixel: Int?
    let objective: Double
    let channels: [Channel]
    let ranking: [Int]
  }
  struct Planted: Decodable { let plantedCount, foundCount: Int }
  struct Input: Decodable {
    let path: String
    let sha256: String?
  }
  struct Provenance: Decodable {
    let version: String
    let command: [String]
    let seed: UInt64
    let threads: Int
    let inputs: [Input]
  }
  let shape, grid: [Int]
  let sigma: Double
  let eigenvalues: [Double]
  let spectralGap: Double?
  let residuals: [Double]
  let heldFixed: [String]
  let assignment: [Int]
  let segments: [Segment]
  let planted: Planted?
  let warnings: [String]
  let provenance: Provenance

  init(_ data: Data) throws { self = try JSONDecoder().decode(TraceDocument.self, from: data) }

  /// Every number under `segments`, in order.
  var scores: [Double] {
    segments.flatMap { segment in
      [segment.objective]
        + segment.channels.flatMap { [$0.meanSigned, $0.meanAbsolute, $0.rootMeanSquare, $0.gradientTimesInput] }
    }
  }
}

/// A document without its provenance, as bytes in a fixed order of keys.
func withoutProvenance(_ data: Data) throws -> Data {
  var object = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
  object["provenance"] = nil
  return try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
}
