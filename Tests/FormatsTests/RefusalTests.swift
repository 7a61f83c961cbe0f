import Formats
import Foundation
import TensorCore
import Testing

/// What cannot be read must say so in one line that names the file, what was found and what was expected.
@Suite struct RefusalTests {
  static let realNumbers = "booleans, integers or real floating-point numbers of up to 64 bits"
  static let readable =
    "an .npy, .npz, safetensors or HDF5 file, a PyTorch checkpoint, an ONNX network, a PNG, JPEG or TIFF picture, or a CSV table"

  static let cases: [RefusedFile] = [
    RefusedFile(file: "missing.npy", kind: .unreadable, found: "no such file", expected: "a readable file"),
    RefusedFile(file: "", kind: .unreadable, found: "a folder", expected: "a file"),
    RefusedFile(file: "refused-empty.npy", kind: .empty, found: "an empty file", expected: "an array or a picture"),
    RefusedFile(file: "refused-complex.npy", kind: .unsupported, found: "dtype '<c8' (complex numbers)", expected: realNumbers),
    RefusedFile(file: "refused-string.npy", kind: .unsupported, found: "dtype '<U5' (strings)", expected: realNumbers),
    RefusedFile(file: "refused-bytes.npy", kind: .unsupported, found: "dtype '|S3' (byte strings)", expected: realNumbers),
    RefusedFile(file: "refused-object.npy", kind: .unsupported, found: "dtype '|O' (Python objects)", expected: realNumbers),
    RefusedFile(file: "refused-structured.npy", kind: .unsupported, found: "a structured dtype", expected: realNumbers),
    RefusedFile(file: "refused-date.npy", kind: .unsupported, found: "dtype '<M8[D]' (dates)", expected: realNumbers),
    RefusedFile(
      file: "refused-longdouble.npy", kind: .unsupported, found: "dtype '<f16' (floating-point numbers of that size)",
      expected: realNumbers),
    RefusedFile(
      file: "refused-uint64.npy", kind: .unsupported, found: "a uint64 value above 2^63 - 1", expected: "values that fit in int64"
    ),
    RefusedFile(
      file: "refused-promise.npy", kind: .malformed, found: "8 bytes of elements",
      expected: "4000000000000 bytes for float32 [1000000, 1000000]"),
    RefusedFile(
      file: "refused-overflow.npy", kind: .malformed, found: "an .npy header with a shape whose product overflows",
      expected: "an array that fits in memory"),
    RefusedFile(
      file: "refused-hidden-overflow.npy", kind: .malformed, found: "an .npy header with a shape whose product overflows",
      expected: "an array that fits in memory"),
    RefusedFile(
      file: "refused-negative.npy", kind: .malformed, found: "an .npy header with the extent -1", expected: "no negative extent"),
    RefusedFile(
      file: "refused-trailing.npy", kind: .malformed, found: "5 bytes of elements", expected: "4 bytes for float32 [1]"),
    RefusedFile(
      file: "refused-code.npy", kind: .malformed, found: "an .npy header with a syntax error",
      expected: "a value at byte 10 of it"),
    RefusedFile(
      file: "refused-nesting.npy", kind: .malformed, found: "an .npy header with a syntax error",
      expected: "less nesting at byte 16 of it"),
    RefusedFile(
      file: "refused-key.npy", kind: .malformed, found: "an .npy header with other contents",
      expected: "the keys descr, fortran_order and shape"),
    RefusedFile(file: "refused-version.npy", kind: .unsupported, found: ".npy version 9.0", expected: "version 1.0, 2.0 or 3.0"),
    RefusedFile(
      file: "refused-bzip2.npz", kind: .unsupported, found: "compression method 12", expected: "a stored or deflated entry"),
    RefusedFile(file: "refused-other.npz", kind: .malformed, found: "a zip archive without .npy entries", expected: readable),
    RefusedFile(
      file: "refused-huge.png", kind: .tooLarge, found: "a PNG that states 2147483647 × 2147483647 pixels",
      expected: "at most 357913941 pixels"),
    RefusedFile(
      file: "refused-implausible.png", kind: .malformed, found: "a PNG that states 10000 × 10000 pixels",
      expected: "at most 23736 in a file of this size"),
    RefusedFile(file: "refused-text.png", kind: .unsupported, found: "text", expected: readable),
    RefusedFile(
      file: "refused-cmyk.jpg", kind: .unsupported, found: "a JPEG with CMYK colours", expected: "grey or RGB pixels"),
    RefusedFile(
      file: "refused.onnx", kind: .malformed, found: "a protocol buffer without a graph or without operator sets",
      expected: "an ONNX model"),
    RefusedFile(
      file: "refused.pt", kind: .unsupported, found: "a bare Python pickle",
      expected: readable),
  ]

  @Test(arguments: cases)
  func saysWhatIsWrong(_ refused: RefusedFile) throws {
    let path = Fixture.path(refused.file)
    let error = #expect(throws: FormatError.self) { try NamedArrays.load(path).sole }
    #expect(error?.kind == refused.kind)
    #expect(error?.found == refused.found)
    #expect(error?.expected == refused.expected)
    #expect(error?.description.hasPrefix(path) == true)
    #expect(error?.description.contains("\n") == false)
  }

  @Test func anImpossibleRatioIsRefusedBeforeMemoryIsTaken() throws {
    let arrays = try NamedArrays.load(Fixture.path("refused-ratio.npz"))
    let problem = try #require(arrays.entries[0].problem)
    #expect(problem.kind == .malformed)
    #expect(problem.found.contains("4000000"))
  }

  @Test func aCutArchiveIsMalformed() throws {
    let bytes = try Fixture.bytes("deflated.npz")
    try Fixture.withTemporaryFolder { folder in
      try Fixture.write(Array(bytes.dropLast(30)), to: "\(folder)/cut.npz")
      let error = #expect(throws: FormatError.self) { try NamedArrays.load("\(folder)/cut.npz") }
      #expect(error?.kind == .malformed)
      #expect(error?.found.hasPrefix("a zip archive whose directory is missing or damaged") == true)
      #expect(error?.expected == "a whole zip archive")
    }
  }

  @Test func aDamagedEntryFailsItsChecksum() throws {
    var bytes = try Fixture.bytes("stored.npz")
    // Behind the local header and the array's own header of 128 bytes stand the elements.
    bytes[220] ^= 1
    try Fixture.withTemporaryFolder { folder in
      try Fixture.write(bytes, to: "\(folder)/flipped.npz")
      let error = #expect(throws: FormatError.self) { try NamedArrays.load("\(folder)/flipped.npz").array(named: "features") }
      #expect(error?.found == "damaged data (CRC error)")
      #expect(error?.path == "\(folder)/flipped.npz:features")
    }
  }

  @Test func anUnknownKeyNamesTheNearest() throws {
    let arrays = try NamedArrays.load(Fixture.path("stored.npz"))
    let error = #expect(throws: FormatError.self) { try arrays.array(named: "featurse") }
    #expect(error?.kind == .unknownKey)
    #expect(error?.suggestion == "features")
    #expect(error?.description.hasSuffix("'layer.1/weight', 'mask'; did you mean 'features'?") == true)
    #expect(error?.expected == "one of 'features', 'labels', 'layer.1/weight', 'mask'")
    #expect(#expect(throws: FormatError.self) { try arrays.array(named: "zzz") }?.suggestion == nil)
    let sole = try NamedArrays.load(Fixture.path("vector.npy"))
    #expect(#expect(throws: FormatError.self) { try sole.array(named: "aray") }?.suggestion == "array")
  }

  @Test func aPipeIsRefusedWithoutWaitingForItsWriter() throws {
    try Fixture.withTemporaryFolder { folder in
      #expect(mkfifo("\(folder)/pipe.npy", 0o600) == 0)
      let error = #expect(throws: FormatError.self) { try NamedArrays.load("\(folder)/pipe.npy") }
      #expect(error?.found == "a pipe or device")
    }
  }

  @Test(.enabled(if: getuid() != 0, "the superuser may read everything"))
  func aFileWithoutPermissionIsUnreadable() throws {
    try Fixture.withTemporaryFolder { folder in
      try Fixture.write([1], to: "\(folder)/secret.npy")
      chmod("\(folder)/secret.npy", 0)
      let error = #expect(throws: FormatError.self) { try NamedArrays.load("\(folder)/secret.npy") }
      #expect(error?.found == "a file that may not be read")
    }
  }

  @Test func aSparseFileLargerThanMemoryIsRefused() throws {
    let extent = 1 << 44
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(extent),), }\n"
    let bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
    try Fixture.withTemporaryFolder { folder in
      try Fixture.write(bytes, to: "\(folder)/sparse.npy")
      // Not every file system has such files.
      guard truncate("\(folder)/sparse.npy", bytes.count + extent) == 0 else { return }
      let error = #expect(throws: FormatError.self) { try NamedArrays.load("\(folder)/sparse.npy").sole }
      #expect(error?.kind == .tooLarge)
    }
  }

  @Test func aFilesOwnTextCannotBreakTheLine() {
    let error = FormatError(.malformed, path: "a\nb", found: "\u{1B}[2J\r\n", expected: "\u{2028}", suggestion: "\t")
    #expect(error.description == "a?b: found ?[2J??, expected ?; did you mean '?'?")
  }
}
