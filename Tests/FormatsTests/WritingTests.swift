import Formats
import Foundation
import TensorCore
import Testing

@Suite struct WritingTests {
  static func samples(_ dtype: DType) -> [NDArray] {
    var random = RandomSource(seed: 3)
    func array<T: Scalar>(_: T.Type, _ shape: Shape) -> NDArray {
      NDArray(random.normals(shape.elementCount).map { T(asDouble: abs($0) * 40) }, shape: shape)
    }
    return ([[], [0], [1], [7], [2, 3], [4, 0, 2], [2, 1, 3, 2]] as [Shape]).map { shape in
      withScalarType(dtype) { array($0, shape) }
    }
  }

  @Test(arguments: DType.allCases)
  func arraysComeBackAsWritten(_ dtype: DType) throws {
    try Fixture.withTemporaryFolder { folder in
      for array in Self.samples(dtype) {
        try NPY.write(array, to: "\(folder)/array.npy")
        #expect(try NPY.read("\(folder)/array.npy") == array)
      }
    }
  }

  @Test(arguments: [false, true])
  func archivesComeBackAsWritten(compressed: Bool) throws {
    let arrays = DType.allCases.flatMap { dtype in
      Self.samples(dtype).enumerated().map { (name: "capture:\(dtype)/größe.\($0.offset)", array: $0.element) }
    }
    try Fixture.withTemporaryFolder { folder in
      let path = "\(folder)/arrays.npz"
      try NPZ.write(arrays, to: path, compressed: compressed)
      let read = try NPZ(path)
      #expect(read.entries.map(\.name) == arrays.map(\.name))
      for (name, array) in arrays { #expect(try read.array(named: name) == array) }
      let first = try Data(contentsOf: URL(fileURLWithPath: path))
      try NPZ.write(arrays, to: path, compressed: compressed)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["arrays.npz"])
    }
  }

  @Test func anArchiveOfNothingIsAnArchive() throws {
    try Fixture.withTemporaryFolder { folder in
      try NPZ.write([], to: "\(folder)/none.npz")
      #expect(try NPZ("\(folder)/none.npz").entries.isEmpty)
    }
  }

  @Test func anArchiveRefusesANameTwice() throws {
    try Fixture.withTemporaryFolder { folder in
      let array = NDArray.zeros([2])
      let error = #expect(throws: FormatError.self) { try NPZ.write([("a", array), ("a", array)], to: "\(folder)/twice.npz") }
      #expect(error?.kind == .unwritable)
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left == [])
    }
  }

  /// What NumPy wrote in native order, row-major, and of a type that is kept must come out byte for byte.
  @Test(arguments: [
    "bool-little.npy", "uint8-little.npy", "int32-little.npy", "int64-little.npy", "float32-little.npy", "float64-little.npy",
    "row-major.npy", "scalar.npy", "vector.npy", "zero-rows.npy",
  ])
  func bytesAreThoseOfNumPy(_ file: String) throws {
    #expect(NPY.encode(try NPY.read(Fixture.path(file))) == (try Fixture.bytes(file)))
  }

  @Test(arguments: [1, 3])
  func picturesComeBackAsWritten(channels: Int) throws {
    var random = RandomSource(seed: 5)
    let values = (0..<(19 * 31 * channels)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let picture = Picture(pixels: NDArray(values, shape: [19, 31, channels]))
    try Fixture.withTemporaryFolder { folder in
      try PNG.write(picture, to: "\(folder)/picture.png")
      let read = try Picture.read("\(folder)/picture.png")
      #expect(read.pixels == picture.pixels)
      #expect((read.height, read.width, read.channels) == (19, 31, channels))
    }
    #expect(PNG.encode(picture) == PNG.encode(picture))
  }

  @Test func aPictureSaysThatItIsNoArrayFile() throws {
    let error = #expect(throws: FormatError.self) { try Picture.read(Fixture.path("vector.npy")) }
    #expect(error?.found == "an .npy array")
    #expect(#expect(throws: FormatError.self) { try NPY.read(Fixture.path("rgb.png")) }?.kind == .malformed)
    #expect(#expect(throws: FormatError.self) { try NPZ(Fixture.path("rgb.png")) }?.kind == .malformed)
  }

  @Test func tablesAreQuotedAndExact() throws {
    var table = CSVWriter(header: ["name", "a, b", "n"])
    table.append(["plain", 0.1, 3])
    table.append(["with \"quotes\"", .number(.nan), -1])
    table.append(["two\r\nlines", .number(-.infinity), .integer(.max)])
    table.append(.init([.text(""), .number(1e-300), .number(5)]))
    let text = """
      name,"a, b",n
      plain,0.1,3
      "with ""quotes""\",nan,-1
      "two\r\nlines",-inf,9223372036854775807
      ,1e-300,5.0

      """
    #expect(table.text == text)
    try Fixture.withTemporaryFolder { folder in
      try table.write(to: "\(folder)/table.csv")
      #expect(try Fixture.readText("\(folder)/table.csv") == text)
    }
  }
}
