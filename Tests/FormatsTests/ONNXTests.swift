import Formats
import Foundation
import TensorCore
import Testing

/// ONNX files as the onnx package wrote them.
@Suite struct ONNXTests {
  /// What the onnx package reads.
  struct Expected: Decodable, CustomTestStringConvertible {
    let file, name: String
    let shape: [Int]
    /// Decimal texts, because a 64-bit integer does not fit in a number of JSON.
    let values: [String]
    var testDescription: String { "\(file):\(name)" }
  }

  static let expected: [Expected] = {
    do { return try JSONDecoder().decode([Expected].self, from: Data(try Fixture.bytes("onnx-expected.json"))) } catch {
      return []
    }
  }()

  @Test func everyEncodingIsExpected() { #expect(Self.expected.count == 31) }

  @Test(arguments: expected)
  func anInitializerIsRead(_ expected: Expected) throws {
    let model = try ONNXModel.load(Fixture.path(expected.file))
    let tensor = try #require(model.graph.initializers.first { $0.name == expected.name })
    #expect(tensor.array.shape.extents == expected.shape)
    if tensor.array.dtype == .int64 {
      #expect(tensor.array.scalars(as: Int64.self).map { "\($0)" } == expected.values.map { $0.replacing(".0", with: "") })
    } else {
      for (found, text) in zip(tensor.array.doubles, expected.values) {
        let value = try #require(Double(text))
        #expect(found == value || found.isNaN && value.isNaN)
      }
    }
  }

  @Test func elementTypesAreWidened() throws {
    let tensors = try ONNXModel.load(Fixture.path("encodings-raw.onnx")).graph.initializers
    let types = Dictionary(tensors.map { ($0.storedType, $0.array.dtype) }, uniquingKeysWith: { first, _ in first })
    #expect(types["int8"] == .int32)
    #expect(types["uint16"] == .int32)
    #expect(types["uint32"] == .int64)
    #expect(types["float16"] == .float32)
    #expect(types["bfloat16"] == .float32)
    #expect(types["float64"] == .float64)
    #expect(types["bool"] == .bool)
  }

  @Test func aGraphIsRead() throws {
    let model = try ONNXModel.load(Fixture.path("encodings-typed.onnx"))
    #expect(model.producer == "fixtures")
    #expect(model.operatorSets == ["": 17])
    #expect(model.graph.inputs == [ONNXValue(name: "x", storedType: "float32", shape: [nil, 3])])
    #expect(model.graph.outputs == [ONNXValue(name: "y", storedType: "float32", shape: nil)])
    let node = try #require(model.graph.nodes.first)
    #expect(node.operation == "Sum" && node.name == "sum" && node.inputs == ["float_data"] && node.outputs == ["y"])
    // The decimal number that was written, not the float32 nearest to it.
    guard case .floats([0.1, 2.0])? = node.attributes["floats"], case .ints([1, -2])? = node.attributes["ints"],
      case .string("é")? = node.attributes["text"], case .int(3)? = node.attributes["number"]
    else {
      Issue.record("attributes: \(node.attributes)")
      return
    }
  }

  static let refused: [RefusedFile] = [
    RefusedFile(
      file: "refused-escaping.onnx", kind: .malformed, found: "external data in '../Fixtures/external-data.bin'",
      expected: "a file in the model's folder"),
    RefusedFile(
      file: "refused-absolute.onnx", kind: .malformed, found: "external data in '/etc/hostname'",
      expected: "a file in the model's folder"),
    RefusedFile(
      file: "refused-missing-data.onnx", kind: .unreadable, found: "no file 'nothing.bin' beside it",
      expected: "the external data of "),
    RefusedFile(
      file: "refused-beyond.onnx", kind: .malformed, found: "32 bytes in 'external-data.bin'",
      expected: "16 bytes from byte 24 on"),
    RefusedFile(
      file: "refused-wrong-length.onnx", kind: .malformed, found: "external data of 8 bytes at 0",
      expected: "16 bytes at a place in 'external-data.bin'"),
    RefusedFile(file: "refused-count.onnx", kind: .malformed, found: "2 elements", expected: "3 for float32 [3]"),
    RefusedFile(
      file: "refused-promise.onnx", kind: .malformed, found: "the shape [2147483648, 2147483648]",
      expected: "extents whose product fits in memory"),
    RefusedFile(
      file: "refused-negative.onnx", kind: .malformed, found: "the shape [-1]", expected: "extents whose product fits in memory"),
    RefusedFile(
      file: "refused-text.onnx", kind: .unsupported, found: "elements of type string",
      expected: "booleans, integers or real floating-point numbers of 8 to 64 bits"),
    RefusedFile(
      file: "refused-uint64.onnx", kind: .unsupported, found: "a value that int64 cannot hold", expected: "values that fit"),
    RefusedFile(
      file: "refused-range.onnx", kind: .unsupported, found: "a value that int32 cannot hold", expected: "values that fit"),
    RefusedFile(file: "refused-deep.onnx", kind: .malformed, found: "a damaged ONNX file", expected: "a whole protocol buffer"),
    RefusedFile(file: "refused.onnx", kind: .malformed, found: "", expected: ""),
    RefusedFile(file: "grey.png", kind: .malformed, found: "", expected: ""),
  ]

  @Test(arguments: refused)
  func saysWhatIsWrong(_ refused: RefusedFile) throws {
    let path = Fixture.path(refused.file)
    let error = #expect(throws: FormatError.self) { try ONNXModel.load(path) }
    #expect(error?.kind == refused.kind)
    #expect(error?.found.hasPrefix(refused.found) == true)
    #expect(error?.expected.hasPrefix(refused.expected) == true)
    #expect(error?.description.contains("\n") == false)
  }

  @Test func aLinkOutOfTheFolderIsRefused() throws {
    try Fixture.withTemporaryFolder { folder in
      try Fixture.write(try Fixture.bytes("external.onnx"), to: "\(folder)/external.onnx")
      #expect(symlink(Fixture.path("external-data.bin"), "\(folder)/external-data.bin") == 0)
      let error = #expect(throws: FormatError.self) { try ONNXModel.load("\(folder)/external.onnx") }
      #expect(error?.found.contains("a link to another folder") == true)
    }
  }

  /// The others are among those of `RobustnessTests`; this one has its data beside it.
  static let files = ["external.onnx"]

  /// Loads `bytes` beside the external data; an error or an answer.
  private func load(_ bytes: [UInt8], in folder: String) throws -> Bool {
    let path = "\(folder)/damaged.onnx"
    try Fixture.write(bytes, to: path)
    do throws(FormatError) {
      _ = try ONNXModel.load(path)
      return true
    } catch { return false }
  }

  @Test(arguments: files)
  func aCutFileIsRefused(_ file: String) throws {
    let bytes = try Fixture.bytes(file)
    try Fixture.withTemporaryFolder { folder in
      try Fixture.write(try Fixture.bytes("external-data.bin"), to: "\(folder)/external-data.bin")
      let steps = min(200, bytes.count)
      for step in 0..<steps { #expect(try !load(Array(bytes.prefix(step * bytes.count / steps)), in: folder)) }
    }
  }

  @Test(arguments: files)
  func flippedBytesAreSurvived(_ file: String) throws {
    let bytes = try Fixture.bytes(file)
    var random = RandomSource(seed: 17)
    var readCount = 0
    try Fixture.withTemporaryFolder { folder in
      try Fixture.write(try Fixture.bytes("external-data.bin"), to: "\(folder)/external-data.bin")
      for _ in 0..<1000 {
        var damaged = bytes
        damaged[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
        if try load(damaged, in: folder) { readCount += 1 }
      }
    }
    #expect(readCount > 0)
  }
}
