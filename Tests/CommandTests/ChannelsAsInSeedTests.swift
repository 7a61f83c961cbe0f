import Formats
import Foundation
import TensorCore
import Testing

/// `clew channels --as-in-seed` against the published notebook's own lines in PyTorch, and against what is right.
@Suite struct ChannelsAsInSeedTests {
  struct Expected: Decodable {
    struct Model: Decodable {
      let float32, float64: [Double]
      let erank: Double?
      let k90: Int?
    }
    let markers: [String]
    let wide, resnet: Model
  }

  struct Document: Decodable {
    let markers: [String]
    let cells: Int
    let ablation: ChannelsCommandTests.Document.Ablation
    let effectiveRank: ChannelsCommandTests.Document.Rank
    let warnings: [String]
  }

  static let study = ChannelsCommandTests.study
  static let seed = ["--as-in-seed"]

  static func expected() throws -> Expected {
    try JSONDecoder().decode(Expected.self, from: Data(contentsOf: URL(fileURLWithPath: study + "/seed.json")))
  }

  static func arguments(_ model: String, _ extra: [String]) -> [String] {
    let name = model == "wide" ? "wide" : "resnet-baseline"
    return [
      "channels", "--model", name, "--checkpoint", "\(study)/\(model)", "--data", "\(study)/seed.h5", "--markers",
      "\(study)/seed_markers.txt", "--patch-size", "12", "--json",
    ] + extra
  }

  private func run(_ model: String, _ extra: [String]) throws -> Document {
    let result = try Clew.run(Self.arguments(model, extra), in: try Folder())
    #expect(result.status == 0 && !result.wasKilled, "\(result.error)")
    return try JSONDecoder().decode(Document.self, from: result.output)
  }

  /// Padding, order of channels, formula and passes in one: in float64 the formula loses nothing that matters.
  @Test(arguments: ["wide", "resnet"])
  func sensitivitiesAreTheNotebooks(model: String) throws {
    let all = try Self.expected()
    let expected = model == "wide" ? all.wide : all.resnet
    let found = try run(model, Self.seed + ["--precision", "float64"]).ablation
    for (x, y) in zip(found.sensitivity, expected.float64) { #expect(abs(x - y) < 2e-15, "\(x), expected \(y)") }
    #expect(found.strategy == "full" && found.interval == nil && found.rankInterval == nil && found.baseline == "zero")
    // In the notebook's own precision, 1 − cos is some steps of 2⁻²⁴ away from its own value.
    let single = try run(model, Self.seed).ablation
    for (x, y) in zip(single.sensitivity, expected.float32) { #expect(abs(x - y) < 3e-7, "\(x), expected \(y)") }
  }

  @Test func oneMinusCosineCancels() throws {
    // Each cell's is 1 less a number of float32, hence a multiple of 2⁻²⁴.
    let found = try run("resnet", Self.seed)
    for value in found.ablation.sensitivity {
      let steps = value * Double(found.cells) * 16_777_216
      #expect(abs(steps - steps.rounded()) < 1e-6, "\(value)")
    }
    let right = try run("resnet", ["--padding", "inside"])
    for value in right.ablation.sensitivity {
      let steps = value * Double(found.cells) * 16_777_216
      #expect(value > 0 && abs(steps - steps.rounded()) > 1e-6, "\(value)")
    }
    let exact = try run("resnet", ["--padding", "inside", "--precision", "float64"])
    for (x, y) in zip(right.ablation.sensitivity, exact.ablation.sensitivity) { #expect(abs(x - y) < 1e-3 * y) }
  }

  @Test func allChannelsAreNamedInTheOrderOfTheList() throws {
    let expected = try Self.expected()
    let (seed, right) = (try run("wide", Self.seed), try run("wide", ["--padding", "inside"]))
    #expect(seed.markers == expected.markers)
    #expect(right.markers == ["DAPI", "CD3", "CD20", "Ki67"] && Set(right.markers) == Set(seed.markers))
    // Channel by channel the same numbers: only the names are others.
    for (x, y) in zip(seed.ablation.sensitivity, right.ablation.sensitivity) { #expect(abs(x - y) < 1e-6) }
    let folder = try Folder()
    try folder.write(Array("CD3,DAPI,CD20".utf8), "m.txt")
    var arguments = Self.arguments("wide", Self.seed)
    if let place = arguments.firstIndex(of: "--markers") { arguments[place + 1] = "m.txt" }
    let refused = try Clew.run(arguments, in: folder)
    #expect(refused.status == 2 && refused.complaints.count == 1)
    for text in ["m.txt", "found 3 markers", "expected 4"] { #expect(refused.error.contains(text), "\(refused.error)") }
  }

  @Test func paddingIsOnTheWrongSide() throws {
    let (inside, outside) = (try run("wide", Self.seed), try run("wide", Self.seed + ["--padding", "outside"]))
    for (x, y) in zip(inside.ablation.sensitivity, outside.ablation.sensitivity) { #expect(abs(x - y) > 1e-4 * y) }
    // Cells at other places have patches of other sizes, which the notebook cannot stack.
    var arguments = ChannelsCommandTests.arguments("wide", Self.seed)
    if let place = arguments.firstIndex(of: "--markers") { arguments.removeSubrange(place...place + 1) }
    let refused = try Clew.run(arguments, in: try Folder())
    #expect(refused.status == 2 && refused.complaints.count == 1)
    for text in ["coords", "row", "pad outside"] { #expect(refused.error.contains(text), "\(refused.error)") }
  }

  @Test func theRankIsOfVariancesAndOneTooLow() throws {
    let expected = try Self.expected()
    let (seed, right) = (try run("wide", Self.seed), try run("wide", ["--padding", "inside"]))
    let rank = try #require(expected.wide.erank)
    for value in [seed.effectiveRank.variance, seed.effectiveRank.royVetterli] { #expect(abs(value - rank) < 1e-9) }
    #expect(seed.effectiveRank.dimensionsFor90Percent == expected.wide.k90)
    #expect(right.effectiveRank.royVetterli > rank + 0.1)
    #expect(right.effectiveRank.dimensionsFor90Percent == seed.effectiveRank.dimensionsFor90Percent + 1)
  }

  @Test func whatElseIsAskedForIsHeeded() throws {
    let found = try run("wide", Self.seed + ["--bootstrap", "20", "--baseline", "channelMean"])
    #expect(found.ablation.interval?.count == 4 && found.ablation.baseline == "channelMean")
    #expect(found.warnings.contains { $0.hasPrefix("--as-in-seed") })
    for (extra, texts) in [
      (["--exact-shortcuts", "auto"], ["--exact-shortcuts", "found auto"]),
      (["--center-crop", "8"], ["--center-crop", "found 8"]),
    ] {
      let refused = try Clew.run(Self.arguments("wide", Self.seed + extra), in: try Folder())
      #expect(refused.status == 2 && refused.complaints.count == 1)
      for text in texts { #expect(refused.error.contains(text), "\(refused.error)") }
    }
  }
}
