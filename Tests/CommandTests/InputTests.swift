import Formats
import Foundation
import TensorCore
import Testing

/// The same values in any file give the same answer.
@Suite struct InputTests {
  /// Small integers, which every element type holds exactly.
  static let values: [Int] = groups([4, 5, 3], seed: 9).doubles.map { Int(($0 * 20).rounded()) + 100 }

  private func trace(_ input: String, in folder: Folder) throws -> TraceDocument {
    let result = try Clew.run(["trace", input, "--segments", "3", "--json"], in: folder)
    #expect(result.status == 0, "\(result.error)")
    return try TraceDocument(result.output)
  }

  /// The bytes of `values`, little- or big-endian, after conversion to an unsigned pattern.
  private static func bytes<T: FixedWidthInteger>(_ patterns: [T], bigEndian: Bool = false) -> [UInt8] {
    patterns.flatMap { pattern in
      withUnsafeBytes(of: bigEndian ? pattern.bigEndian : pattern.littleEndian) { Array($0) }
    }
  }

  /// An integer from 0 to 2047 as a half-precision pattern: exact.
  private static func half(_ value: Int) -> UInt16 {
    if value == 0 { return 0 }
    let exponent = Int.bitWidth - 1 - value.leadingZeroBitCount
    let fraction = (value << (10 - exponent)) & 0x3FF
    return UInt16((exponent + 15) << 10 | fraction)
  }

  @Test func anyElementTypeOrderAndEndianness() throws {
    let (folder, values) = (try Folder(), Self.values)
    try #require(values.allSatisfy { (0..<256).contains($0) })
    try folder.save(NDArray(values.map { Float($0) }, shape: [4, 5, 3]), "float32.npy")
    let expected = try trace("float32.npy", in: folder)

    let floats = values.map { Float($0).bitPattern }
    let columnMajor: [UInt32] = (0..<60).map { index in
      let (row, column, channel) = (index % 4, index / 4 % 5, index / 20)
      return floats[(row * 5 + column) * 3 + channel]
    }
    let files: [(String, [UInt8], Bool)] = [
      ("|u1", Self.bytes(values.map { UInt8($0) }), false),
      ("<i8", Self.bytes(values.map { Int64($0) }), false),
      ("<f2", Self.bytes(values.map(Self.half)), false),
      ("<f8", Self.bytes(values.map { Double($0).bitPattern }), false),
      (">f4", Self.bytes(floats, bigEndian: true), false),
      (">i2", Self.bytes(values.map { Int16($0) }, bigEndian: true), false),
      ("<f4", Self.bytes(columnMajor), true),
    ]
    for (descriptor, bytes, isFortran) in files {
      try folder.saveRaw(descriptor: descriptor, shape: "(4, 5, 3)", fortran: isFortran, bytes: bytes, "other.npy")
      let document = try trace("other.npy", in: folder)
      #expect(document.shape == [4, 5, 3] && document.assignment == expected.assignment, "\(descriptor)")
      #expect(document.scores == expected.scores && document.sigma == expected.sigma, "\(descriptor)")
    }
  }

  @Test func arraysOfAnArchive() throws {
    let folder = try Folder()
    let (one, other) = (groups([12, 3]), groups([3, 4, 3], seed: 2))
    try folder.save(other)
    try NPZ.write([("one", one), ("a:b", other)], to: folder.path("two.npz"), compressed: true)
    try NPZ.write([("only", other)], to: folder.path("sole.npz"), compressed: false)
    let expected = try trace("features.npy", in: folder)
    for input in ["two.npz:a:b", "sole.npz", "sole.npz:only"] {
      #expect(try trace(input, in: folder).scores == expected.scores)
    }
    #expect(try trace("two.npz:one", in: folder).scores != expected.scores)
  }

  @Test func shapesOfFeatures() throws {
    let folder = try Folder()
    let flat = groups([24, 3])
    try folder.save(flat)
    let expected = try trace("features.npy", in: folder)
    #expect(expected.grid == [24])
    for (shape, grid) in [([4, 6, 3], [4, 6]), ([2, 3, 4, 3], [2, 3, 4])] {
      try folder.save(flat.reshaped(to: Shape(shape)), "shaped.npy")
      let document = try trace("shaped.npy", in: folder)
      #expect(document.shape == shape && document.grid == grid)
      #expect(document.assignment == expected.assignment && document.scores == expected.scores)
    }
  }

  @Test func aNameWithAColon() throws {
    let folder = try Folder()
    try folder.save(groups([12, 3]), "run 1: größe.npy")
    #expect(try trace("run 1: größe.npy", in: folder).shape == [12, 3])
    #expect(try trace("run 1: größe.npy:array", in: folder).shape == [12, 3])
  }

  @Test(arguments: [-90, 90], ["float32", "float64"])
  func unitsDoNotMatter(exponent: Int, precision: String) throws {
    let folder = try Folder()
    let features = groups([20, 3]).converted(to: .float64)
    let unit = Double(sign: .plus, exponent: exponent, significand: 1)
    try folder.save(features)
    try folder.save(NDArray(features.doubles.map { $0 * unit }, shape: [20, 3]), "scaled.npy")
    func document(_ name: String) throws -> TraceDocument {
      try TraceDocument(try Clew.run(["trace", name, "--segments", "3", "--precision", precision, "--json"], in: folder).output)
    }
    let (plain, scaled) = (try document("features.npy"), try document("scaled.npy"))
    #expect(scaled.assignment == plain.assignment && scaled.eigenvalues == plain.eigenvalues)
    #expect(scaled.sigma == plain.sigma * unit)
    for (a, b) in zip(scaled.segments, plain.segments) {
      #expect(a.ranking == b.ranking)
      #expect(a.channels.map { $0.meanSigned * unit } == b.channels.map(\.meanSigned))
    }
  }
}
