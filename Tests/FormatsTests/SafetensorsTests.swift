import Formats
import Foundation
import TensorCore
import Testing

@Suite struct SafetensorsTests {
  @Test func metadataAreRead() throws {
    let file = try Safetensors(Fixture.path("dtypes.safetensors"))
    #expect(file.metadata.sorted { $0.key < $1.key }.map(\.key) == ["format", "note"])
    #expect(file.metadata.first { $0.key == "note" }?.value == "a \"quoted\" é\n")
    #expect(file.entries.count == 15)
    #expect(file.entries.first { $0.name == "bfloat16" }?.storedType == "bfloat16")
  }

  @Test func tensorsComeBackAsWritten() throws {
    let arrays = DType.allCases.flatMap { dtype in
      WritingTests.samples(dtype).enumerated().map { (name: "\(dtype)\n\"größe\" \\ \($0.offset)", array: $0.element) }
    }
    try Fixture.withTemporaryFolder { folder in
      let path = "\(folder)/arrays.safetensors"
      try Safetensors.write(arrays, metadata: ["b": "\u{1}\t", "a": "ü\""], to: path)
      let read = try Safetensors(path)
      #expect(read.metadata.map(\.key) == ["a", "b"])
      #expect(read.metadata.map(\.value) == ["ü\"", "\u{1}\t"])
      #expect(Set(read.entries.map(\.name)) == Set(arrays.map(\.name)))
      for (name, array) in arrays { #expect(try read.array(named: name) == array) }
      #expect(try NamedArrays.load(path).array(named: arrays[0].name) == arrays[0].array)
      let first = try Data(contentsOf: URL(fileURLWithPath: path))
      try Safetensors.write(arrays.reversed(), metadata: ["a": "ü\"", "b": "\u{1}\t"], to: path)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
    }
  }

  @Test func aFileOfNothingIsAFile() throws {
    try Fixture.withTemporaryFolder { folder in
      try Safetensors.write([], to: "\(folder)/none.safetensors")
      #expect(try NamedArrays.load("\(folder)/none.safetensors").entries.isEmpty)
    }
  }

  @Test func namesMustBeDistinct() throws {
    try Fixture.withTemporaryFolder { folder in
      let array = NDArray.zeros([2])
      for names in [["a", "a"], ["__metadata__"]] {
        let error = #expect(throws: FormatError.self) {
          try Safetensors.write(names.map { ($0, array) }, to: "\(folder)/twice.safetensors")
        }
        #expect(error?.kind == .unwritable)
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left == [])
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let file: String
    let found: String
    let expected: String
    var testDescription: String { file }
  }

  static let cases: [Case] = [
    Case(
      file: "refused-gap.safetensors", found: "a safetensors header with 'b' at byte 8",
      expected: "byte 4: tensors stand one behind another"),
    Case(
      file: "refused-overlap.safetensors", found: "a safetensors header with 'b' at byte 4",
      expected: "byte 8: tensors stand one behind another"),
    Case(
      file: "refused-rest.safetensors", found: "8 bytes behind the safetensors header", expected: "4 bytes of tensors"),
    Case(
      file: "refused-beyond.safetensors", found: "a safetensors header with 'a': the offsets 0 to 8",
      expected: "ascending offsets up to 4"),
    Case(
      file: "refused-size.safetensors", found: "a safetensors header with 'a': 4 bytes", expected: "12 bytes for F32 [3]"),
    Case(
      file: "refused-product.safetensors", found: "a safetensors header with 'a': a shape whose product overflows",
      expected: "a tensor that fits in memory"),
    Case(
      file: "refused-type.safetensors", found: "a safetensors header with 'a': the element type 'F31'",
      expected: "one of BF16, BOOL, F16, F32, F64, I16, I32, I64, I8, U16, U32, U64, U8"),
    Case(
      file: "refused-float8.safetensors", found: "elements of the type F8_E4M3",
      expected: "one of BF16, BOOL, F16, F32, F64, I16, I32, I64, I8, U16, U32, U64, U8"),
    Case(file: "refused-twice.safetensors", found: "a safetensors header with two tensors 'a'", expected: "distinct names"),
    Case(
      file: "refused-key.safetensors", found: "a safetensors header with a syntax error",
      expected: "dtype, shape and data_offsets, once each at byte 36 of it"),
    Case(
      file: "refused-syntax.safetensors", found: "a safetensors header with a syntax error", expected: "digits at byte 29 of it"),
    Case(file: "refused-length.safetensors", found: "a safetensors header of 50000000 bytes", expected: "at most 8"),
  ]

  @Test(arguments: cases)
  func saysWhatIsWrong(_ refused: Case) throws {
    let error = #expect(throws: FormatError.self) { try NamedArrays.load(Fixture.path(refused.file)).sole }
    #expect(error?.found == refused.found)
    #expect(error?.expected == refused.expected)
    #expect(error?.kind == (refused.file.contains("float8") ? .unsupported : .malformed))
  }
}
