import Formats
import Foundation
import TensorCore
import Testing

/// Input that cannot be used: exit status 2, one line on standard error, nothing else anywhere.
@Suite struct RefusalTests {
  /// Arguments behind `clew trace`, and what the one line must hold.
  struct Case: Sendable, CustomTestStringConvertible {
    let arguments: [String]
    let says: [String]
    var prepare: @Sendable (Folder) throws -> Void = { _ in }
    var testDescription: String { arguments.joined(separator: " ") }

    /// A file named `bad`, of three segments.
    static func file(_ name: String, _ says: [String], _ prepare: @escaping @Sendable (Folder) throws -> Void) -> Case {
      let path = String(name.prefix { $0 != ":" })
      return Case(arguments: [name, "--segments", "3"], says: [path, "found", "expected"] + says, prepare: prepare)
    }

    /// Arguments behind good features of 12 nodes and 3 channels.
    static func option(_ arguments: [String], _ says: [String]) -> Case {
      let segments = arguments.contains("--segments") ? [] : ["--segments", "3"]
      return Case(arguments: ["features.npy"] + segments + arguments, says: ["found", "expected"] + says)
    }
  }

  static let files: [Case] = [
    .file("missing.npy", ["no such file"]) { _ in },
    .file("folder.npy", ["a folder"]) { folder in
      try FileManager.default.createDirectory(atPath: folder.path("folder.npy"), withIntermediateDirectories: false)
    },
    .file("empty.npy", ["an empty file"]) { try $0.write([], "empty.npy") },
    .file("vector.npy", ["[7]", "[nodes, channels]"]) { try $0.save(.zeros([7]), "vector.npy") },
    .file("five.npy", ["[1, 2, 2, 2, 3]"]) { try $0.save(.zeros([1, 2, 2, 2, 3]), "five.npy") },
    .file("none.npy", ["[0, 3]"]) { try $0.save(.zeros([0, 3]), "none.npy") },
    .file("bare.npy", ["[4, 0]"]) { try $0.save(.zeros([4, 0]), "bare.npy") },
    .file("complex.npy", ["complex"]) {
      try $0.saveRaw(descriptor: "<c8", shape: "(2, 1)", bytes: [UInt8](repeating: 0, count: 16), "complex.npy")
    },
    .file("string.npy", ["strings"]) {
      try $0.saveRaw(descriptor: "<U1", shape: "(2, 1)", bytes: [UInt8](repeating: 0, count: 8), "string.npy")
    },
    .file("object.npy", ["Python objects"]) {
      try $0.saveRaw(descriptor: "|O", shape: "(2, 1)", bytes: [UInt8](repeating: 0, count: 16), "object.npy")
    },
    .file("promise.npy", ["8 bytes of elements", "4000000000000"]) {
      try $0.saveRaw(descriptor: "<f4", shape: "(1000000, 1000000)", bytes: [UInt8](repeating: 0, count: 8), "promise.npy")
    },
    .file("cut.npz", ["zip archive"]) { folder in
      try NPZ.write([("features", groups([12, 3]))], to: folder.path("whole.npz"), compressed: true)
      try folder.write(folder.bytes("whole.npz").dropLast(30), "cut.npz")
    },
    .file("two.npz:featurse", ["did you mean 'features'?", "'labels'"]) { folder in
      try NPZ.write(
        [("features", groups([12, 3])), ("labels", .zeros([12]))], to: folder.path("two.npz"), compressed: false)
    },
    .file("two.npz", ["2 arrays", "features", "labels"]) { folder in
      try NPZ.write(
        [("features", groups([12, 3])), ("labels", .zeros([12]))], to: folder.path("two.npz"), compressed: false)
    },
    .file("text.png", ["text"]) { try $0.write(Array("just words\n".utf8), "text.png") },
    .file("nan.npy", ["nan at [1, 0, 2]"]) { folder in
      var values = [Float](repeating: 1, count: 12)
      (values[8], values[10]) = (.nan, .infinity)
      try folder.save(NDArray(values, shape: [2, 2, 3]), "nan.npy")
    },
    .file("inf.npy", ["inf at [3, 1]"]) { folder in
      var values = [Double](repeating: 1, count: 8)
      values[7] = .infinity
      try folder.save(NDArray(values, shape: [4, 2]), "inf.npy")
    },
    .file("far.npy", ["1e+200", "change their unit"]) { folder in
      try folder.save(NDArray([1, 2, 1e200, 4], shape: [4, 1]), "far.npy")
    },
    .file("single.npy", ["1 node", "at least 2"]) { try $0.save(.zeros([1, 3]), "single.npy") },
    // Even without an affinity that is kept, twenty million nodes would take 150 GB.
    .file("large.npy", ["20000000 nodes", "GB"]) {
      try $0.saveRaw(descriptor: "|i1", shape: "(20000000, 1)", bytes: [UInt8](repeating: 0, count: 20_000_000), "large.npy")
    },
  ]

  static let options: [Case] = [
    .option(["--segments", "1"], ["--segments", "from 2 to 12"]),
    .option(["--segments", "-3"], ["--segments", "-3"]),
    .option(["--segments", "13"], ["--segments", "13", "12"]),
    .option(["--threads", "0"], ["--threads", "found 0", "at least 1"]),
    .option(["--threads", "-2"], ["--threads", "found -2"]),
    .option(["--sigma", "-1"], ["--sigma", "-1", "positive"]),
    .option(["--sigma", "nan"], ["--sigma", "nan"]),
    .option(["--sigma", "inf"], ["--sigma", "inf"]),
    .option(["--sigma", "0"], ["--sigma", "0.0"]),
    .option(["--max-nodes", "1"], ["--max-nodes", "found 1", "at least 2"]),
    .option(["--output", "features.npy"], ["features.npy", "a file", "a folder"]),
    .option(["--output", ""], ["--output"]),
    .option(["--channel-names", "short.txt"], ["short.txt", "2 channel names", "expected 3"]),
    .option(["--channel-names", "absent.txt"], ["absent.txt"]),
    .option(["--channel-names", "."], ["text file"]),
  ]

  @Test(arguments: files + options)
  func endsWithOneLine(_ refused: Case) throws {
    let folder = try Folder()
    try folder.save(groups([12, 3]))
    try folder.write(Array("red\ngreen\n".utf8), "short.txt")
    try refused.prepare(folder)
    let output = refused.arguments.contains("--output") ? [] : ["--output", "out"]
    let before = folder.names("")
    let result = try Clew.run(["trace"] + refused.arguments + output, in: folder)
    #expect(result.status == 2 && !result.wasKilled)
    #expect(result.output.isEmpty)
    #expect(result.complaints.count == 1 && result.error.hasPrefix("clew: ") && result.error.hasSuffix("\n"), "\(result.error)")
    for word in refused.says { #expect(result.error.contains(word), "\(word) is not in: \(result.error)") }
    #expect(folder.names("out").isEmpty)
    #expect(folder.names("").filter { $0 != "out" } == before)
  }

  @Test(arguments: [
    (["trace", "features.npy", "--segments", "3", "--sgima", "2"], "Unknown option '--sgima'"),
    (["trace", "features.npy"], "--segments"),
    (["trace", "features.npy", "--segments", "abc"], "'abc' is invalid"),
    (["trace", "features.npy", "--segments"], "--segments"),
    (["trace", "features.npy", "--segments", "3", "--precision", "half"], "float32"),
    (["trace", "--segments", "3"], "--demo"),
    (["trace", "features.npy", "--demo"], "--demo"),
    (["trace", "--demo", "--channel-names", "names.txt"], "--channel-names"),
    (["trase", "features.npy"], "trase"), (["inspect"], "file"),
  ])
  func aMalformedCommandLineEndsWith64(_ arguments: [String], _ word: String) throws {
    let folder = try Folder()
    try folder.save(groups([12, 3]))
    let result = try Clew.run(arguments, in: folder)
    #expect(result.status == 64 && !result.wasKilled)
    #expect(result.output.isEmpty)
    #expect(result.error.contains(word), "\(result.error)")
  }

  @Test(.enabled(if: getuid() != 0, "the superuser may write everywhere"))
  func aFolderThatMayNotBeWrittenTo() throws {
    let folder = try Folder()
    try folder.save(groups([12, 3]))
    mkdir(folder.path("sealed"), 0o500)
    let result = try Clew.run(["trace", "features.npy", "--segments", "3", "--output", "sealed"], in: folder)
    #expect(result.status == 1)
    #expect(result.complaints.count == 1)
    #expect(folder.names("sealed").isEmpty)
  }
}
