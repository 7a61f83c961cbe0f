import Formats
import Foundation
import TensorCore
import Testing

/// `clew channels` on run folders and an HDF5 file, against what PyTorch computed by a full pass for each channel.
@Suite struct ChannelsCommandTests {
  static let study = libraryFixture("CommandTests/Fixtures/channel-study")

  struct Document: Decodable {
    struct WeightNorm: Decodable { let raw, normalised, identifiable: [Double] }
    struct Pairs: Decodable { let sensitivity, interaction: [[Double]] }
    struct Ablation: Decodable {
      let baseline, strategy: String
      let sensitivity: [Double]
      let interval: [[Double]]?
      let rank: [Int]
      let rankInterval: [[Double]]?
      let pairs: Pairs?
    }
    struct Rank: Decodable {
      let variance, royVetterli: Double
      let dimensionsFor90Percent, dimensions: Int
      let singularValues: [Double]
      let source: String
    }
    struct Model: Decodable {
      let name: String
      let weightNorm: WeightNorm
      let ablation: Ablation
      let furtherAblations: [Ablation]
      let effectiveRank: Rank
      let firstEmbedding: [Double]
    }
    struct Coefficient: Decodable {
      let value: Double?
      let interval: [Double]?
    }
    struct Agreement: Decodable {
      let first, second: String
      let spearman: Coefficient
    }
    let markers: [String]
    let cells: Int
    let warnings: [String]
    let comparison: Model?
    let agreement: [Agreement]
  }

  struct Expected: Decodable {
    struct Model: Decodable {
      let weightNorm, normalised, identifiable, zero, channelMean, value, masked, cropped, firstEmbedding: [Double]
      let pairs: [[Double]]?
      let variance, royVetterli: Double
      let dimensionsFor90Percent: Int
      let singularValues: [Double]
    }
    let markers: [String]
    let cells: Int
    let wide, resnet: Model
  }

  static func expected() throws -> Expected {
    try JSONDecoder().decode(Expected.self, from: Data(contentsOf: URL(fileURLWithPath: study + "/expected.json")))
  }

  static func arguments(_ model: String, _ extra: [String] = []) -> [String] {
    let (name, run) = model == "wide" ? ("wide", "wide") : ("resnet-baseline", "resnet")
    return [
      "channels", "--model", name, "--checkpoint", "\(study)/\(run)", "--data", "\(study)/cells.h5", "--markers",
      "\(study)/used_markers.txt", "--cells", "\(study)/val.txt", "--patch-size", "12", "--precision", "float64", "--json",
    ] + extra
  }

  private func run(_ arguments: [String], in folder: Folder) throws -> (Document, Document.Model) {
    let result = try Clew.run(arguments, in: folder)
    #expect(result.status == 0 && !result.wasKilled, "\(result.error)")
    let decoder = JSONDecoder()
    return (try decoder.decode(Document.self, from: result.output), try decoder.decode(Document.Model.self, from: result.output))
  }

  private func expectClose(_ found: [Double], _ expected: [Double], _ what: String) {
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) { #expect(abs(a - b) <= 1e-8 * abs(b), "\(what): \(a), expected \(b)") }
  }

  @Test(arguments: ["wide", "resnet"], ["auto", "off"])
  func numbersOfPyTorch(model: String, shortcuts: String) throws {
    let folder = try Folder()
    let baselines = "zero,channelMean,0.75"
    let (document, found) = try run(
      Self.arguments(model, ["--baseline", baselines, "--exact-shortcuts", shortcuts]), in: folder)
    let all = try Self.expected()
    let expected = model == "wide" ? all.wide : all.resnet
    #expect(document.markers == all.markers && document.cells == all.cells)
    expectClose(found.weightNorm.raw, expected.weightNorm, "norm")
    expectClose(found.weightNorm.normalised, expected.normalised, "normalised norm")
    expectClose(found.weightNorm.identifiable, expected.identifiable, "identifiable norm")
    expectClose(found.ablation.sensitivity, expected.zero, "zero")
    expectClose(found.furtherAblations[0].sensitivity, expected.channelMean, "channelMean")
    expectClose(found.furtherAblations[1].sensitivity, expected.value, "value")
    expectClose(found.firstEmbedding, expected.firstEmbedding, "embedding")
    expectClose(
      [found.effectiveRank.variance, found.effectiveRank.royVetterli], [expected.variance, expected.royVetterli], "rank")
    #expect(found.effectiveRank.dimensionsFor90Percent == expected.dimensionsFor90Percent)
    #expect(found.effectiveRank.dimensions == expected.firstEmbedding.count)
    let strategy = shortcuts == "off" ? "full" : model == "wide" ? "separable" : "linearStem"
    #expect(([found.ablation] + found.furtherAblations).allSatisfy { $0.strategy == strategy })
    #expect((found.ablation.pairs != nil) == (strategy == "separable"))
    if let pairs = found.ablation.pairs, let truth = expected.pairs {
      for (a, row) in truth.enumerated() {
        expectClose(pairs.sensitivity[a], row, "pairs")
        for b in row.indices where a != b {
          let interaction = row[b] - truth[a][a] - truth[b][b]
          #expect(abs(pairs.interaction[a][b] - interaction) < 1e-12)
        }
      }
    }
  }

  /// The same networks as PyTorch exports them: the graph says what the names of the zoo say otherwise.
  @Test(arguments: ["wide", "resnet"])
  func numbersOfPyTorchFromONNX(model: String) throws {
    let all = try Self.expected()
    let expected = model == "wide" ? all.wide : all.resnet
    var arguments = Self.arguments(model)
    for (option, value) in [("--model", "\(Self.study)/\(model).onnx"), ("--checkpoint", nil)] {
      let place = try #require(arguments.firstIndex(of: option))
      arguments.replaceSubrange(place...place + 1, with: value.map { [option, $0] } ?? [])
    }
    let (_, found) = try run(arguments, in: try Folder())
    let largest = expected.firstEmbedding.map(abs).max() ?? 0
    #expect(found.firstEmbedding.count == expected.firstEmbedding.count)
    for (x, y) in zip(found.firstEmbedding, expected.firstEmbedding) { #expect(abs(x - y) <= 1e-12 * largest) }
    expectClose(found.ablation.sensitivity, expected.zero, "zero")
    expectClose(found.weightNorm.identifiable, expected.identifiable, "identifiable norm")
    #expect(found.ablation.strategy == (model == "wide" ? "separable" : "linearStem"))
  }

  @Test func masksAndCrops() throws {
    let folder = try Folder()
    let expected = try Self.expected()
    for (model, truth) in [("wide", expected.wide), ("resnet", expected.resnet)] {
      let (_, masked) = try run(Self.arguments(model, ["--mask-cells"]), in: folder)
      expectClose(masked.ablation.sensitivity, truth.masked, "masked")
      let (_, cropped) = try run(Self.arguments(model, ["--center-crop", "8"]), in: folder)
      expectClose(cropped.ablation.sensitivity, truth.cropped, "cropped")
    }
  }

  @Test(arguments: ["permuted", "resampled"])
  func anotherCellsChannelBySeparabilityAndByBruteForce(baseline: String) throws {
    let folder = try Folder()
    for model in ["wide", "resnet"] {
      let (_, fast) = try run(Self.arguments(model, ["--baseline", baseline]), in: folder)
      let (_, slow) = try run(Self.arguments(model, ["--baseline", baseline, "--exact-shortcuts", "off"]), in: folder)
      expectClose(fast.ablation.sensitivity, slow.ablation.sensitivity, baseline)
      #expect(fast.ablation.sensitivity.allSatisfy { $0 > 0 })
      let (_, other) = try run(Self.arguments(model, ["--baseline", baseline, "--seed", "4"]), in: folder)
      #expect(other.ablation.sensitivity != fast.ablation.sensitivity)
    }
  }

  @Test func intervalsRanksAndComparison() throws {
    let folder = try Folder()
    let extra = ["--compare-with", Self.study + "/resnet", "--output", "out"]
    let (document, found) = try run(Self.arguments("wide", extra), in: folder)
    let expected = try Self.expected()
    let other = try #require(document.comparison)
    expectClose(other.ablation.sensitivity, expected.resnet.zero, "comparison")
    for ablation in [found.ablation, other.ablation] {
      let intervals = try #require(ablation.interval)
      for (value, interval) in zip(ablation.sensitivity, intervals) {
        #expect(interval[0] < value && value < interval[1])
      }
      let ranks = try #require(ablation.rankInterval)
      for (rank, interval) in zip(ablation.rank, ranks) {
        #expect(interval[0] <= Double(rank) && Double(rank) <= interval[1])
      }
      #expect(ablation.rank.sorted() == Array(1...ablation.rank.count))
    }
    let pair = try #require(
      document.agreement.first { $0.first == "ablation:zero" && $0.second == "comparison:ablation:zero" })
    let value = try #require(pair.spearman.value)
    #expect(-1...1 ~= value)
    #expect(try #require(pair.spearman.interval)[0] <= value)
    let names = folder.names("out")
    for name in ["ablation", "weight-norms", "spectrum"] {
      #expect(names.contains(name + ".png") && names.contains(name + ".pdf"))
    }
    #expect(["channels.csv", "interactions.csv", "result.json"].allSatisfy(names.contains))
    #expect(!names.contains { $0.hasPrefix("partial") || $0.hasPrefix(".") })
  }

  @Test func theSameBytesAtAnyNumberOfThreads() throws {
    let folder = try Folder()
    var documents: [Data] = []
    for threads in ["1", "3"] {
      let result = try Clew.run(
        Self.arguments("resnet", ["--threads", threads, "--count", "9", "--seed", "3", "--precision", "float32"]), in: folder)
      #expect(result.status == 0, "\(result.error)")
      documents.append(try withoutProvenance(result.output))
    }
    #expect(documents[0] == documents[1])
    let (document, _) = try run(Self.arguments("resnet", ["--count", "9"]), in: folder)
    #expect(document.cells == 9)
  }

  /// Killed at any moment and resumed, it gives the bytes of a run that nothing disturbed.
  @Test func resumesAfterBeingKilled() throws {
    let folder = try Folder()
    let work = Self.arguments("wide", ["--exact-shortcuts", "off", "--baseline", "zero,permuted", "--bootstrap", "200"])
    let whole = try Clew.run(work + ["--output", "whole"], in: folder)
    #expect(whole.status == 0, "\(whole.error)")
    let truth = try withoutProvenance(whole.output)
    var random = RandomSource(seed: 8)
    for attempt in 0..<20 {
      let name = "out\(attempt)"
      let quoted = (work + ["--output", name]).map { "'\($0)'" }.joined(separator: " ")
      let pause = String(format: "%.3f", 0.4 * random.uniform())
      _ = try Clew.shell("\"$CLEW\" \(quoted) > killed & sleep \(pause); kill -9 $! 2> /dev/null; wait", in: folder)
      let left = folder.names(name).filter { $0 == "result.json" }
      if !left.isEmpty { #expect(try withoutProvenance(folder.bytes(name + "/result.json")) == truth) }
      let resumed = try Clew.run(work + ["--output", name, "--resume"], in: folder)
      #expect(resumed.status == 0, "\(resumed.error)")
      #expect(try withoutProvenance(resumed.output) == truth)
    }
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let change: [String: String]
    let files: [String: String]
    let complaint: [String]

    init(_ name: String, _ change: [String: String], files: [String: String] = [:], _ complaint: String...) {
      (testDescription, self.change, self.files, self.complaint) = (name, change, files, complaint)
    }
  }

  static let refusals = [
    Refusal("missing marker", ["--markers": "m.txt"], files: ["m.txt": "CD3,DAPI,CD2O,Ki67"], "m.txt", "CD2O", "CD20"),
    Refusal("marker twice", ["--markers": "m.txt"], files: ["m.txt": "CD3,DAPI,CD20,CD3"], "m.txt", "'CD3' twice"),
    Refusal("too few markers", ["--markers": "m.txt"], files: ["m.txt": "CD3,DAPI"], "found 2 markers", "expected 4"),
    Refusal("index out of range", ["--cells": "c.txt"], files: ["c.txt": "3\n30\n"], "c.txt", "30", "0 to 29"),
    Refusal("negative index", ["--cells": "c.txt"], files: ["c.txt": "-1\n"], "c.txt", "-1", "0 to 29"),
    Refusal("no index", ["--cells": "c.txt"], files: ["c.txt": "1\ntwo\n"], "c.txt", "'two' in line 2"),
    Refusal("no cells", ["--cells": "c.txt"], files: ["c.txt": "\n"], "c.txt", "no cell"),
    Refusal("image smaller than the patch", ["--patch-size": "17"], "16×21", "17×17"),
    Refusal("no patch", ["--patch-size": "0"], "--patch-size", "found 0"),
    Refusal("crop larger than the patch", ["--center-crop": "13"], "--center-crop", "13", "12"),
    Refusal("wrong model", ["--model": "resnet-baseline"], "missing", "layer1.0.weight"),
    Refusal("unknown model", ["--model": "wise"], "wise", "did you mean 'wide'"),
    Refusal("no HDF5", ["--data": "d.h5"], files: ["d.h5": "text"], "d.h5"),
    Refusal("no file", ["--data": "none.h5"], "none.h5"),
    Refusal("baseline", ["--baseline": "zerro"], "zerro", "did you mean 'zero'"),
    Refusal("count", ["--count": "24"], "--count", "24", "from 1 to 23"),
    Refusal("one draw", ["--bootstrap": "1"], "--bootstrap", "1"),
    Refusal("marker of a group", ["--groups": "g.txt"], files: ["g.txt": "CD3,DAPI\nCD2O\n"], "g.txt", "CD2O", "line 2", "CD20"),
    Refusal("no group", ["--groups": "g.txt"], files: ["g.txt": "\n,\n"], "g.txt", "no group"),
    Refusal("wrong embeddings", ["--embeddings": "none.npz"], "none.npz"),
  ]

  @Test(arguments: refusals)
  func refuses(_ refusal: Refusal) throws {
    let folder = try Folder()
    for (name, text) in refusal.files { try folder.write(Array(text.utf8), name) }
    var arguments = Self.arguments("wide")
    for (option, value) in refusal.change {
      if let place = arguments.firstIndex(of: option) { arguments[place + 1] = value } else { arguments += [option, value] }
    }
    let result = try Clew.run(arguments, in: folder)
    #expect(result.status == 2 && !result.wasKilled)
    #expect(result.output.isEmpty && result.complaints.count == 1, "\(result.error)")
    for text in refusal.complaint { #expect(result.error.contains(text), "\(result.error)") }
  }

  @Test func refusesASampleWithoutAnImage() throws {
    let folder = try Folder()
    try HDF5File.write(to: folder.path("cells.h5")) { (writer) throws(FormatError) in
      try writer.write(NDArray.zeros([20, 20, 4]), as: "data/A1/image")
      try writer.write(["DAPI", "CD3", "CD20", "Ki67"], as: "marker_names")
      try writer.write(["A1", "A2"], as: "coords/sample_id")
      for name in ["coords/DIM1", "coords/DIM2"] { try writer.write(NDArray([Int64(3), 4], shape: [2]), as: name) }
    }
    try folder.write(Array("0\n1\n".utf8), "c.txt")
    var arguments = Self.arguments("wide")
    for (option, value) in ["--data": folder.path("cells.h5"), "--cells": "c.txt"] {
      if let place = arguments.firstIndex(of: option) { arguments[place + 1] = value }
    }
    let result = try Clew.run(arguments, in: folder)
    #expect(result.status == 2 && result.complaints.count == 1, "\(result.error)")
    for text in ["cell 1", "'A2'", "data/A2/image", "A1"] { #expect(result.error.contains(text), "\(result.error)") }
  }
}
