import Formats
import Foundation
import TensorCore
import Testing

@Suite struct CheckpointTests {
  static func open(_ file: String) throws -> PyTorchCheckpoint { try PyTorchCheckpoint(Fixture.path(file)) }

  @Test func theModelComesFirstUnderItsOwnNames() throws {
    let checkpoint = try Self.open("mmengine.pth")
    #expect(
      checkpoint.stateDict.map(\.name) == ["backbone.stem.0.weight", "backbone.stem.1.num_batches_tracked", "backbone.tied"])
    #expect(checkpoint.entries.prefix(3) == checkpoint.stateDict[...])
    #expect(checkpoint.entries[3].name == "optimizer.state.0.exp_avg")
    #expect(try NamedArrays.load(Fixture.path("mmengine.pth")).parameters == checkpoint.stateDict)
    #expect(try Self.open("dtypes.pt").stateDict.count == 15)
    #expect(
      try Self.open("module.pt").stateDict.map(\.name) == [
        "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked",
      ])
  }

  @Test func objectsOfOtherClassesAreNamedOnce() throws {
    let problems = try Self.open("mmengine.pth").entries.compactMap(\.problem)
    #expect(
      problems.map(\.found) == [
        "an object of class 'mmengine.logging.history_buffer.HistoryBuffer'", "an object of class 'numpy.ndarray'",
      ])
    #expect(problems[0].path.hasSuffix("mmengine.pth:message_hub.log_scalars.train/loss"))
  }

  @Test func plainValuesAreKept() throws {
    let meta = try #require(try Self.open("mmengine.pth").root["meta"])
    guard case .integer(3) = meta["epoch"], case .string("20260101") = meta["time"], case .float(0.75) = meta["best"],
      case .bytes(let text) = meta["cfg"], case .float(let seed) = meta["seed"]
    else {
      Issue.record("\(meta)")
      return
    }
    #expect(String(decoding: text, as: UTF8.self) == "model = dict()")
    #expect(seed == 0x1p70)
    let lightning = try Self.open("lightning.ckpt").root
    guard case .object(let className, let members) = lightning["hyper_parameters"], case .integer(8) = members.first?.value,
      case .integer(3) = lightning["arguments"]?["depth"], case .name("torch.float32") = lightning["dtype"],
      case .string("cpu") = lightning["device"], case .list(let size) = lightning["size"],
      case .list(let names) = lightning["names"]
    else {
      Issue.record("\(lightning)")
      return
    }
    #expect(className == "pytorch_lightning.utilities.parsing.AttributeDict")
    #expect(members.map(\.key) == ["width", "heads"])
    #expect(size.count == 2 && names.count == 1)
  }

  @Test(arguments: ["iter.pth", "iter.pth\n", "/elsewhere/work_dirs/run/iter.pth", "gone/iter.pth"])
  func aRunsFolderStandsForItsLastCheckpoint(_ pointer: String) throws {
    try Fixture.withTemporaryFolder { folder in
      try Fixture.write(try Fixture.bytes("mmengine.pth"), to: "\(folder)/iter.pth")
      try Fixture.write(Array(pointer.utf8), to: "\(folder)/last_checkpoint")
      #expect(try NamedArrays.load(folder).path == "\(folder)/iter.pth")
      #expect(try PyTorchCheckpoint(folder + "/").stateDict.count == 3)
      #expect(try InputPath(parsing: "\(folder):backbone.tied").array().shape == [4, 1, 3, 3])
    }
  }

  @Test(arguments: ["gone.pth", "", "a\nb"])
  func aFolderThatNamesNoCheckpointSaysSo(_ pointer: String) throws {
    try Fixture.withTemporaryFolder { folder in
      try Fixture.write(Array(pointer.utf8), to: "\(folder)/last_checkpoint")
      let error = #expect(throws: FormatError.self) { try NamedArrays.load(folder) }
      #expect(error?.path == "\(folder)/last_checkpoint")
    }
  }

  /// Element by element, so that a jump to the wrong place in a shared storage would show.
  @Test func viewsOfOneStorageAreReadWhereTheyStand() throws {
    let checkpoint = try Self.open("views.pt")
    let base = try checkpoint.array(named: "base").doubles
    #expect(base == (0..<60).map(Double.init))
    #expect(try checkpoint.array(named: "row").doubles == Array(base[55..<60]))
    #expect(try checkpoint.array(named: "diagonal").doubles == [0, 6, 12, 18])
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let file: String
    let kind: FormatError.Kind
    let found: String
    var testDescription: String { file }
  }

  static let cases: [Case] = [
    Case(file: "refused-eval.pth", kind: .unsupported, found: "a pickle that calls 'builtins.eval' when Python loads it"),
    Case(file: "refused-nest.pth", kind: .malformed, found: "a pickle that refers to itself or nests too deep"),
    Case(file: "refused-cycle.pth", kind: .malformed, found: "a pickle that refers to itself or nests too deep"),
    Case(file: "refused-doubling.pth", kind: .malformed, found: "a pickle that refers to itself or nests too deep"),
    Case(file: "refused-cut.pth", kind: .malformed, found: "a pickle with 0 bytes at byte 10"),
    Case(file: "refused-operation.pth", kind: .malformed, found: "a pickle with the operation 0xff at byte 3"),
    Case(file: "refused-pickle-bomb.pth", kind: .tooLarge, found: "a pickle of more than 2000000 objects"),
    Case(
      file: "refused-outside.pth", kind: .malformed,
      found: "a tensor of size [3] and stride [1] at 2 in a storage of 4 elements"),
    Case(
      file: "refused-overflow.pth", kind: .malformed,
      found: "a tensor of size [1099511627776, 1099511627776] and stride [0, 0] at 0 in a storage of 4 elements"),
    Case(
      file: "refused-expanded.pth", kind: .malformed,
      found: "a tensor of size [1048576, 1048576] and stride [0, 0] at 0 in a storage of 1 elements"),
    Case(file: "refused-short.pth", kind: .malformed, found: "a storage of 15 bytes"),
    Case(file: "refused-storage.pth", kind: .malformed, found: "no entry for the storage '0'"),
    Case(file: "refused-complex.pth", kind: .unsupported, found: "a tensor of 'torch.ComplexFloatStorage'"),
    Case(
      file: "refused-old.pth", kind: .unsupported, found: "a bare Python pickle (a PyTorch checkpoint from before 1.6, perhaps)"),
  ]

  @Test(arguments: cases)
  func saysWhatIsWrong(_ refused: Case) throws {
    let error = #expect(throws: FormatError.self) { try NamedArrays.load(Fixture.path(refused.file)).sole }
    #expect(error?.kind == refused.kind)
    #expect(error?.found == refused.found)
    #expect(error?.path.hasPrefix(Fixture.path(refused.file)) == true)
  }

  @Test func whatWouldRunIsRefusedByName() throws {
    let error = #expect(throws: FormatError.self) { try Self.open("refused-system.pth") }
    #expect(error?.kind == .unsupported)
    #expect(error?.found.contains(".system'") == true)
  }

  @Test func anUnknownNameGetsTheNearest() throws {
    let error = #expect(throws: FormatError.self) { try Self.open("mmengine.pth").array(named: "backbone.stem.0.wight") }
    #expect(error?.suggestion == "backbone.stem.0.weight")
    let problem = #expect(throws: FormatError.self) {
      try Self.open("mmengine.pth").array(named: "message_hub.log_scalars.train/loss")
    }
    #expect(problem?.kind == .unsupported)
  }
}
