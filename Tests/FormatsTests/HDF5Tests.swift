import Formats
import Foundation
import TensorCore
import Testing

@Suite struct HDF5Tests {
  static func open(_ file: String) throws -> HDF5File { try HDF5File(Fixture.path(file)) }

  @Test(arguments: ["numbers.h5", "latest.h5"])
  func whatIsThereIsListed(_ file: String) throws {
    let file = try Self.open(file)
    #expect(file.groups == ["data", "data/A1", "types"])
    let image = try file.dataset("/data/A1/image")
    #expect(image.shape == [7, 9, 3] && image.chunk == [4, 4, 3] && image.filters == ["gzip"])
    #expect(image.storedType == "float32" && image.dtype == .float32 && !image.isText)
    let masks = try file.dataset("data/A1/masks")
    #expect(masks.chunk == nil && masks.filters == [])
    #expect(try file.dataset("data/shuffled").filters == ["shuffle", "gzip", "fletcher32"])
    #expect(try file.dataset("table/tag").isText)
    #expect(try file.dataset("types/float16").storedType == "float16")
  }

  /// Every part of a chunked dataset, against the whole.
  @Test(arguments: ["data/A1/image", "data/shuffled", "data/A1/masks"])
  func partsAreThoseOfTheWhole(_ name: String) throws {
    let dataset = try Self.open("numbers.h5").dataset(name)
    let whole = try dataset.array()
    let (values, strides) = (whole.doubles, whole.shape.strides)
    for first in 0..<7 {
      for second in 0..<9 {
        let rest = Array(dataset.shape.extents.dropFirst(2))
        let start = [first, second] + rest.map { _ in 0 }
        let count = [min(3, 7 - first), min(4, 9 - second)] + rest
        let part = try dataset.array(from: start, count: count)
        #expect(part.shape.extents == count)
        var expected: [Double] = []
        for row in first..<(first + count[0]) {
          for column in second..<(second + count[1]) {
            let place = row * strides[0] + column * strides[1]
            expected += values[place..<(place + rest.reduce(1, *))]
          }
        }
        #expect(part.doubles == expected)
      }
    }
    #expect(
      try dataset.array(from: [7] + dataset.shape.dropFirst().map { _ in 0 }, count: dataset.shape.map { _ in 0 }).count == 0)
  }

  @Test func textsOfEveryKind() throws {
    let file = try Self.open("texts.h5")
    #expect(try file.dataset("marker_names").texts() == ["CD3", "größe", "", "Ki67"])
    #expect(try file.dataset("grid").texts() == ["a", "b", "c", "d", "e", "f"])
    #expect(try file.dataset("grid").texts(from: [1, 1], count: [2, 1]) == ["d", "f"])
    #expect(try file.dataset("chunked").texts() == (0..<50).map { "cell \($0)" })
    #expect(try file.dataset("fixed").texts() == ["ab", "cde", ""])
    #expect(try file.dataset("padded").texts() == ["ab", "abcd"])
    #expect(try file.dataset("one").texts() == ["alone"])
    #expect(try Self.open("numbers.h5").dataset("table/tag").texts() == ["ab", "c"])
    let arrays = try NamedArrays.load(Fixture.path("texts.h5"))
    #expect(try arrays.texts(named: "marker_names").count == 4)
    let entry = try #require(arrays.entries.first { $0.name == "marker_names" })
    #expect(entry.problem == nil && entry.dtype == nil && entry.storedType == "string" && entry.shape == [4])
    #expect(throws: FormatError.self) { try arrays.array(named: "marker_names") }
    #expect(throws: FormatError.self) { try arrays.texts(named: "numbers") }
  }

  @Test func attributesOfFileAndDataset() throws {
    let file = try Self.open("texts.h5")
    func describe(_ name: String) throws -> [String] {
      try file.attributes(of: name).map { attribute in
        switch attribute.value {
        case .texts(let texts): "\(attribute.name) \(texts)"
        case .numbers(let array): "\(attribute.name) \(array.dtype) \(array.shape) \(array.doubles)"
        }
      }
    }
    #expect(try describe("/") == ["scale float64 [1, 2] [0.5, 2.0]", "title [\"a title\"]"])
    #expect(try describe("numbers") == ["count int32 [] [3.0]", "flag bool [] [1.0]", "units [\"px\", \"µm\"]"])
    #expect(#expect(throws: FormatError.self) { try file.attributes(of: "nothing") }?.kind == .unknownKey)
  }

  @Test func linksAreFollowedInsideTheFileAlone() throws {
    let file = try Self.open("links.h5")
    let problems = file.datasets.compactMap { dataset in dataset.problem.map { "\(dataset.name): \($0.found)" } }
    #expect(
      problems == [
        "a/back: a link back to a group that it stands in", "dangling: a link that leads nowhere, or into another file",
        "elsewhere: a link that leads nowhere, or into another file",
      ])
  }

  @Test func whatIsNotReadIsNamedAndLeavesTheRestReadable() throws {
    let file = try Self.open("refused-kinds.h5")
    func problem(_ name: String) throws -> String? {
      let error = #expect(throws: FormatError.self) { try file.dataset(name).array() }
      return error?.found
    }
    #expect(try file.dataset("fine").array() == NDArray([1, 1] as [Float], shape: [2]))
    #expect(try problem("ragged") == "elements of variable length")
    #expect(try problem("arrays") == "elements that are arrays")
    #expect(try problem("reference") == "references")
    #expect(try problem("opaque") == "opaque bytes")
    #expect(try problem("null") == "no elements and no shape")
    #expect(try problem("outside") == "elements in other files")
    #expect(try problem("virtual") == "elements in other files")
    #expect(try problem("uint64") == "a uint64 value above 2^63 - 1")
    #expect(try problem("overflow") == "a shape whose product overflows")
    #expect(try problem("chunky") == "chunks of more than 256 MB")
    #expect(try problem("promise")?.contains("1099511627776 elements, of which the file can hold") == true)
    // A part of it is there: zeros.
    #expect(try file.dataset("promise").array(from: [1 << 19, 5], count: [2, 3]) == .zeros([2, 3]))
    #expect(try file.dataset("fine").array().count == 2)
    let error = #expect(throws: FormatError.self) { try file.dataset("fien") }
    #expect(error?.suggestion == "fine")
  }

  @Test func whatIsNoHDF5FileSaysSo() throws {
    try Fixture.withTemporaryFolder { folder in
      try Fixture.write([0x89] + Array("HDF\r\n\u{1A}\n".utf8) + [UInt8](repeating: 0, count: 90), to: "\(folder)/no.h5")
      let error = #expect(throws: FormatError.self) { try NamedArrays.load("\(folder)/no.h5") }
      #expect(error?.kind == .malformed && error?.found.hasPrefix("damaged HDF5 (") == true)
    }
    #expect(#expect(throws: FormatError.self) { try HDF5File("no/such.h5") }?.kind == .unreadable)
    #expect(#expect(throws: FormatError.self) { try HDF5File(Fixture.path("vector.npy")) }?.kind == .malformed)
  }

  @Test(arguments: [false, true])
  func arraysComeBackAsWritten(compressed: Bool) throws {
    let arrays = DType.allCases.flatMap { dtype in
      WritingTests.samples(dtype).enumerated().map { (name: "\(dtype)/größe \($0.offset)", array: $0.element) }
    }
    try Fixture.withTemporaryFolder { folder in
      let path = "\(folder)/arrays.h5"
      try HDF5File.write(arrays, to: path, compressed: compressed)
      let read = try NamedArrays.load(path)
      #expect(Set(read.names) == Set(arrays.map(\.name)))
      for (name, array) in arrays { #expect(try read.array(named: name) == array) }
      let first = try Data(contentsOf: URL(fileURLWithPath: path))
      try HDF5File.write(arrays, to: path, compressed: compressed)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left == ["arrays.h5"])
    }
  }

  /// In blocks on both sides: more than one is sent, and more than one is read.
  @Test func aLargeArrayIsWrittenInPartsAndReadAsOne() throws {
    var random = RandomSource(seed: 4)
    let rows = 700
    let array = NDArray(random.normals(rows * 40 * 1000).map { Float($0) }, shape: [rows, 40, 1000])
    try Fixture.withTemporaryFolder { folder in
      let path = "\(folder)/large.h5"
      try HDF5File.write(to: path) { (writer) throws(FormatError) in
        try writer.write(array, as: "whole")
        try writer.create("parts/rows", dtype: .float32, shape: [4, 40, 1000], chunk: [1, 40, 500])
        for row in 0..<4 {
          let part = array.scalars(as: Float.self)[(row * 40_000)..<((row + 1) * 40_000)]
          try writer.write(NDArray(Array(part), shape: [1, 40, 1000]), into: "parts/rows", from: [row, 0, 0])
        }
        try writer.write(["CD3", "größe"], as: "marker_names")
        try writer.setAttribute("title", to: "ü")
        try writer.setAttribute("units", of: "parts/rows", to: "px")
      }
      let file = try HDF5File(path)
      #expect(try file.dataset("whole").array() == array)
      #expect(
        try file.dataset("parts/rows").array() == NDArray(Array(array.scalars(as: Float.self)[..<160_000]), shape: [4, 40, 1000]))
      #expect(try file.dataset("parts/rows").chunk == [1, 40, 500])
      #expect(try file.dataset("marker_names").texts() == ["CD3", "größe"])
      #expect(try file.attributes().count == 1)
    }
  }

  @Test func aFailedWriteLeavesNothing() throws {
    try Fixture.withTemporaryFolder { folder in
      let path = "\(folder)/twice.h5"
      for names in [["a", "a"], ["a", "a/b"], ["a\0b"], [""]] {
        let error = #expect(throws: FormatError.self) { try HDF5File.write(names.map { ($0, .zeros([2])) }, to: path) }
        #expect(error?.kind == .unwritable)
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left == [])
    }
  }

  /// The workers of one file answer one at a time, those of several at once.
  @Test func manyReadersAtOnce() async throws {
    let file = try Self.open("numbers.h5")
    let expected = try file.dataset("data/A1/image").array()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for task in 0..<16 {
        group.addTask {
          let own = task % 2 == 0 ? file : try Self.open("numbers.h5")
          return try own.dataset("data/A1/image").array() == expected
        }
      }
      for try await isEqual in group { #expect(isEqual) }
    }
  }
}
