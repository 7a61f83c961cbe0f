import Formats
import Foundation
import TensorCore
import Testing

/// What `clew filters --json` prints.
struct FiltersDocument: Decodable {
  struct Layer: Decodable {
    let name: String
    let parents, children: [String]
    let importance, rawImportance, standardisedImportance: [Double]
    let uniform: Bool
    let ranking: [Int]
    let rSquared: [Double?]
    let rank: Int?
    let condition: Double?
  }
  struct Step: Decodable {
    let percent, byImportance, randomMean, randomStd, difference: Double
    let randomInterval, differenceInterval: [Double]
    let pValue: Double?
    let filters: [String: [Int]]
  }
  let layers: [Layer]
  let accuracy: Double?
  let pruning: [Step]
  let samples, randomDraws: Int
  let coefficients, parentsBy, summary, ablate: String
  let warnings: [String]

  init(_ data: Data) throws { self = try JSONDecoder().decode(FiltersDocument.self, from: data) }
}

/// `clew filters` against scikit-learn and PyTorch (see `make_filter_fixtures.py`).
@Suite struct FiltersCommandTests {
  private struct Expected: Decodable {
    struct Importances: Decodable {
      let raw, standardised, rSquared: [[Double]]
      let parents: [[String]]
    }
    struct Pruning: Decodable { let percent, weights, output: Double }
    let layers: [String]
    let accuracy: Double
    let summaries: [String: Importances]
    let pruning: [Pruning]
    let training: [[Double]]
    let residual: Importances
  }

  static func fixture(_ name: String) -> String { libraryFixture("AttributionTests/Fixtures/filters_\(name)") }
  static let onnx = ["filters", "--model", fixture("cnn.onnx"), "--data", fixture("digits.npz")]
  static let checkpoint = [
    "filters", "--model", "cnn", "--checkpoint", fixture("cnn.pth"), "--strides", "1,1,2", "--data", fixture("digits.npz"),
  ]

  private func expected() throws -> Expected {
    try JSONDecoder().decode(Expected.self, from: Data(contentsOf: URL(fileURLWithPath: Self.fixture("expected.json"))))
  }

  private func filters(_ arguments: [String], in folder: Folder) throws -> FiltersDocument {
    let result = try Clew.run(arguments + ["--json"], in: folder)
    #expect(result.status == 0, "\(arguments): \(result.error)")
    return try FiltersDocument(result.output)
  }

  private func isClose(_ a: [[Double]], _ b: [[Double]], _ tolerance: Double = 1e-6) -> Bool {
    if a.map(\.count) != b.map(\.count) { return false }
    for (x, y) in zip(a.joined(), b.joined()) where abs(x - y) > tolerance * abs(y) { return false }
    return true
  }

  @Test(arguments: [onnx, checkpoint], ["float64", "float32"])
  func everyNumberOfTheReference(source: [String], precision: String) throws {
    let (expected, folder) = (try expected(), try Folder())
    let wanted = try #require(expected.summaries["frobenius"])
    let tolerance = precision == "float64" ? 1e-9 : 1e-6
    let document = try filters(source + ["--precision", precision, "--random", "10"], in: folder)
    #expect(document.layers.map(\.name) == expected.layers && document.layers.map(\.parents) == wanted.parents)
    #expect(isClose(document.layers.map(\.importance), wanted.standardised, tolerance))
    #expect(isClose(document.layers.map(\.rawImportance), wanted.raw, tolerance))
    let explained = document.layers.map { layer in layer.rSquared.compactMap { $0 } }
    #expect(isClose(explained, wanted.rSquared, tolerance))
    #expect(document.layers.map(\.rank) == [nil, 6, 8] && document.layers.map { $0.condition != nil } == [false, true, true])
    #expect(document.accuracy == expected.accuracy && document.pruning.map(\.byImportance) == expected.pruning.map(\.output))
    for (layer, importance) in zip(document.layers, wanted.standardised) {
      let order = importance.indices.sorted { a, b in
        importance[a] == importance[b] ? a < b : importance[a] > importance[b]
      }
      #expect(layer.ranking == order)
    }
    #expect(document.ablate == "output" && document.coefficients == "standardised" && document.samples == 240)
    // As published, by a flag and by its parts.
    for options in [["--as-in-seed"], ["--coefficients", "raw", "--ablate", "weights", "--random", "10"]] {
      let published = try filters(source + ["--precision", precision] + options, in: folder)
      #expect(isClose(published.layers.map(\.importance), wanted.raw, tolerance))
      #expect(published.pruning.map(\.byImportance) == expected.pruning.map(\.weights))
      #expect(published.pruning.allSatisfy { ($0.pValue == nil) == (options == ["--as-in-seed"]) })
    }
  }

  @Test func otherSummariesAndParents() throws {
    let (expected, folder) = (try expected(), try Folder())
    for name in ["mean", "max"] {
      let document = try filters(Self.onnx + ["--summary", name, "--prune", "10", "--random", "1"], in: folder)
      #expect(isClose(document.layers.map(\.importance), try #require(expected.summaries[name]).standardised))
    }
    let residual = ["filters", "--model", Self.fixture("residual.onnx"), "--data", Self.fixture("digits.npz"), "--random", "2"]
    let (graph, list) = (try filters(residual, in: folder), try filters(residual + ["--as-in-seed"], in: folder))
    #expect(graph.layers.map(\.parents) == expected.residual.parents && graph.parentsBy == "graph")
    #expect(isClose(graph.layers.map(\.importance), expected.residual.standardised))
    #expect(list.layers.map(\.parents) != expected.residual.parents && list.parentsBy == "listOrder")
    let training = try filters(Self.onnx + ["--training-mode", "--coefficients", "raw", "--random", "2"], in: folder)
    #expect(isClose(training.layers.map(\.importance), expected.training))
  }

  @Test func filesFiguresAndPrunedNetworks() throws {
    let folder = try Folder()
    let result = try Clew.run(
      Self.onnx + ["--output", "out", "--prune", "10,12.5", "--random", "5", "--save-pruned", "--tsne", "features.3,features.6"],
      in: folder)
    #expect(result.status == 0, "\(result.error)")
    var names = ["coefficients.npz", "filters.csv", "pruned-10.safetensors", "pruned-12.5.safetensors", "result.json"]
    for name in ["first-layer", "heat-map", "importance", "pruning", "tsne"] {
      for type in ["csv", "pdf", "png"] { names.append("\(name).\(type)") }
    }
    #expect(folder.names("out") == names.sorted())
    #expect(result.text.contains("least important") && result.text.contains("median R²"))
    let document = try FiltersDocument(folder.bytes("out/result.json"))
    let coefficients = try NamedArrays.load(folder.path("out/coefficients.npz"))
    #expect(try coefficients.array(named: "features.6.raw").shape == [12, 8])
    let points = try CSVTable(folder.path("out/tsne.csv"))
    #expect(points.rowCount == 8 + 12)
    // The saved network is as right as the report says, and has the precision of the stored one.
    let run = try Clew.run(
      [
        "run", "--model", "out/pruned-10.safetensors", "--input", Self.fixture("digits.npz") + ":images", "--output", "o.npz",
        "--precision", "float64",
      ], in: folder)
    #expect(run.status == 0, "\(run.error)")
    let output = try NamedArrays.load(folder.path("o.npz")).array(named: "output").doubles
    let labels = try NamedArrays.load(Self.fixture("digits.npz")).array(named: "labels").doubles
    var right = 0
    for (sample, label) in labels.enumerated() {
      let own = Array(output[10 * sample..<10 * sample + 10])
      if own.firstIndex(of: own.max() ?? 0) == Int(label) { right += 1 }
    }
    #expect(Double(right) / Double(labels.count) == document.pruning[0].byImportance)
    let saved = try NamedArrays.load(folder.path("out/pruned-10.safetensors")).array(named: "features.0.weight")
    #expect(saved.dtype == .float32)
    let zero = try #require(document.pruning[0].filters["features.0"])
    for filter in 0..<6 {
      let isZero = saved.doubles[9 * filter..<9 * filter + 9].allSatisfy { $0 == 0 }
      #expect(isZero == zero.contains(filter))
    }
  }

  @Test func theDocumentDependsOnInputsAndSeedOnly() throws {
    let folder = try Folder()
    func run(_ options: [String]) throws -> Data {
      try withoutProvenance(Clew.run(Self.onnx + ["--json", "--random", "10"] + options, in: folder).output)
    }
    let first = try run([])
    #expect(try run(["--threads", "1"]) == first)
    #expect(try run(["--seed", "1"]) != first)
  }

  /// Labels that are words, and no labels.
  @Test func labels() throws {
    let folder = try Folder()
    let words = [
      "filters", "--model", Self.fixture("cnn.onnx"), "--data", Self.fixture("words.h5"), "--random", "3", "--prune", "25",
    ]
    let named = try filters(words, in: folder)
    let images = try NamedArrays.load(Self.fixture("digits.npz"))
    try NPZ.write(
      [
        ("images", try images.array(named: "images").sliced(axis: 0, start: 0, count: 80)),
        ("labels", try images.array(named: "labels").sliced(axis: 0, start: 0, count: 80)),
      ], to: folder.path("numbers.npz"))
    let numbered = try filters(words.map { $0 == Self.fixture("words.h5") ? "numbers.npz" : $0 }, in: folder)
    #expect(named.accuracy == numbered.accuracy && named.accuracy.map { $0 > 0.8 } == true)
    #expect(named.pruning.map(\.byImportance) == numbered.pruning.map(\.byImportance))
    try NPZ.write([("images", try images.array(named: "images"))], to: folder.path("none.npz"))
    let without = try filters(["filters", "--model", Self.fixture("cnn.onnx"), "--data", "none.npz"], in: folder)
    #expect(without.accuracy == nil && without.pruning.isEmpty && without.warnings.contains { $0.hasPrefix("no labels") })
    #expect(!without.layers.isEmpty)
  }

  @Test func refusals() throws {
    let folder = try Folder()
    try NPZ.write(
      [("images", NDArray.zeros([2, 1, 8, 8])), ("labels", NDArray([Int64](arrayLiteral: 1, 2), shape: [2]))],
      to: folder.path("two.npz"))
    let mlp = libraryFixture("AttributionTests/Fixtures/neurons_mlp.ckpt")
    for (arguments, text) in [
      (Self.onnx + ["--prune", "10,x"], "found 'x'"), (Self.onnx + ["--prune", "101"], "from 0 to 100"),
      (Self.onnx + ["--random", "0"], "--random"), (Self.onnx + ["--summary", "frobenious"], "did you mean 'frobenius'"),
      (Self.onnx + ["--tsne", "features.1"], "expected a convolution"), (Self.onnx + ["--sample", "240"], "from 0 to 239"),
      (Self.onnx + ["--inputs", "image"], "did you mean 'images'"), (Self.onnx + ["--labels", "label"], "labels"),
      (["filters", "--model", "mlp", "--checkpoint", mlp] + NeuronCommandTests.data, "no convolution"),
      (["filters", "--model", Self.fixture("cnn.onnx"), "--data", "none.npz"], "no such file"),
    ] {
      let result = try Clew.run(arguments, in: folder)
      #expect(result.status == 2 && !result.wasKilled && result.complaints.count == 1, "\(arguments): \(result.error)")
      #expect(result.error.contains(text) && result.output.isEmpty, "\(arguments): \(result.error)")
    }
    #expect(try Clew.run(Self.onnx + ["--save-pruned"], in: folder).status == 64)
    #expect(try Clew.run(Self.onnx + ["--ablate", "weight"], in: folder).status == 64)
  }
}
