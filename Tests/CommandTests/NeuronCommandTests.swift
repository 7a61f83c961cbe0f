import Formats
import Foundation
import TensorCore
import Testing

/// `clew neurons test` and `clew neurons paths` against SciPy (see `make_neuron_fixtures.py`).
@Suite struct NeuronCommandTests {
  private struct Expected: Decodable {
    struct Neuron: Decodable {
      let shapiroW, shapiroP: [Double]
      let welchT, welchP, mannWhitneyU, mannWhitneyP: Double
      let test: String
      let important: Bool
    }
    struct Path: Decodable {
      let name: String
      let quantiles: [[Double]]
      let positive, negative: [Int]
      let positiveVariation: [Double]
    }
    let accuracy: Double
    let layers: [String: [Neuron]]
    let paths: [Path]
  }

  private struct TestDocument: Decodable {
    struct Neuron: Decodable {
      let test: String
      let shapiroW, shapiroP: [Double?]
      let welchT, welchP: Double?
      let mannWhitneyU, mannWhitneyP, pValue, qValue, klDivergence: Double
      let effectSize: Double?
      let important: Bool
    }
    struct Layer: Decodable {
      let name: String
      let neurons: [Neuron]
      let mostSeparated: [Int]
    }
    struct Masking: Decodable {
      let layerSet: [String]
      let importantAccuracy, unimportantAccuracy: Double
      let importantCount, unimportantCount: Int
      let interval: [Double]?
    }
    let accuracy: Double
    let layers: [Layer]
    let masking: [Masking]
    let warnings: [String]
  }

  private struct PathDocument: Decodable {
    struct Layer: Decodable {
      let name: String
      let quantiles: [[Double]]
      let positive, negative: [Int]
      let variation: [Double]
    }
    let layers: [Layer]
    let warnings: [String]
  }

  private static let model = ["--model", "mlp", "--checkpoint", libraryFixture("AttributionTests/Fixtures/neurons_mlp.ckpt")]
  static let data = ["--data", libraryFixture("AttributionTests/Fixtures/neurons_test.npz")]

  private func expected() throws -> Expected {
    let url = URL(fileURLWithPath: libraryFixture("AttributionTests/Fixtures/neurons_expected.json"))
    return try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
  }

  private func isClose(_ a: Double?, _ b: Double, _ tolerance: Double) -> Bool {
    a.map { abs($0 - b) <= tolerance * abs(b) } ?? false
  }

  @Test func everyStatistic() throws {
    let (expected, folder) = (try expected(), try Folder())
    let result = try Clew.run(["neurons", "test"] + Self.model + Self.data + ["--json"], in: folder)
    #expect(result.status == 0, "\(result.error)")
    let document = try JSONDecoder().decode(TestDocument.self, from: result.output)
    #expect(document.accuracy == expected.accuracy)
    #expect(document.layers.map(\.name) == ["linear1", "linear2"])
    for layer in document.layers {
      let neurons = try #require(expected.layers[layer.name])
      #expect(layer.neurons.count == neurons.count && layer.mostSeparated.count == 10)
      for (found, wanted) in zip(layer.neurons, neurons) {
        for side in 0..<2 {
          #expect(isClose(found.shapiroW[side], wanted.shapiroW[side], 1e-8))
          #expect(isClose(found.shapiroP[side], wanted.shapiroP[side], 1e-6))
        }
        #expect(isClose(found.welchT, wanted.welchT, 1e-8) && isClose(found.welchP, wanted.welchP, 1e-8))
        #expect(found.mannWhitneyU == wanted.mannWhitneyU && isClose(found.mannWhitneyP, wanted.mannWhitneyP, 1e-8))
        #expect(found.test == wanted.test && found.important == wanted.important)
      }
    }
    #expect(document.masking.allSatisfy { $0.importantCount == $0.unimportantCount })
    // The same bytes on one thread, others with another seed.
    let one = try Clew.run(["neurons", "test"] + Self.model + Self.data + ["--json", "--threads", "1"], in: folder)
    #expect(try withoutProvenance(one.output) == withoutProvenance(result.output))
  }

  @Test func paths() throws {
    let expected = try expected().paths
    let result = try Clew.run(["neurons", "paths"] + Self.model + Self.data + ["--target", "0", "--json"], in: Folder())
    #expect(result.status == 0, "\(result.error)")
    let document = try JSONDecoder().decode(PathDocument.self, from: result.output)
    #expect(document.layers.map(\.name) == expected.map(\.name))
    for (found, wanted) in zip(document.layers, expected) {
      #expect(found.positive == wanted.positive && found.negative == wanted.negative)
      #expect(zip(found.variation, wanted.positiveVariation).allSatisfy { abs($0 - $1) < 1e-10 })
      for (a, b) in zip(found.quantiles, wanted.quantiles) { #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-12 }) }
    }
  }

  @Test func filesAndFigures() throws {
    let folder = try Folder()
    let result = try Clew.run(
      ["neurons", "test"] + Self.model + Self.data + ["--output", "out", "--layers", "linear1"], in: folder)
    #expect(result.status == 0, "\(result.error)")
    let figures = ["least-normal", "least-separated", "most-normal", "most-separated"]
    let pictures = figures.flatMap { name in ["csv", "pdf", "png"].map { "linear1-\(name).\($0)" } }
    #expect(folder.names("out") == pictures + ["masking.csv", "neurons.csv", "result.json"])
    let paths = try Clew.run(["neurons", "paths"] + Self.model + Self.data + ["--target", "0", "--output", "p"], in: folder)
    #expect(paths.status == 0 && folder.names("p") == ["paths.csv", "result.json"])
    #expect(paths.text.contains("linear2"))
  }

  /// A table with words in it: ranges and categories come from the training part.
  @Test func tables() throws {
    let folder = try Folder()
    var (train, test) = ("size,colour,label\n", "label,size,colour\n")
    for row in 0..<30 { train += "\(row),\(["red", "green", "blue"][row % 3]),\(row % 2)\n" }
    for row in 0..<20 { test += "\(row % 2 == 0 ? "no" : "yes"),\(row * 3),\(row == 7 ? "mauve" : "red")\n" }
    try folder.write(Array(train.utf8), "train.csv")
    try folder.write(Array(test.utf8), "test.csv")
    var random = RandomSource(seed: 1)
    func weights(_ shape: Shape) -> NDArray { NDArray(random.normals(shape.elementCount).map { Float($0) }, shape: shape) }
    try NPZ.write(
      [
        ("linear1.weight", weights([5, 4])), ("linear1.bias", weights([5])), ("fc.weight", weights([1, 5])),
        ("fc.bias", weights([1])),
      ], to: folder.path("mlp.npz"))
    let options = ["neurons", "test", "--model", "mlp", "--checkpoint", "mlp.npz", "--data", "test.csv", "--json"]
    let result = try Clew.run(options + ["--fit-on", "train.csv"], in: folder)
    #expect(result.status == 0, "\(result.error)")
    let document = try JSONDecoder().decode(TestDocument.self, from: result.output)
    #expect(document.layers[0].neurons.count == 5)
    #expect(document.warnings.contains { $0.contains("1 fields are categories") })
    // Without the training part there are two colours, and the network does not fit.
    let alone = try Clew.run(options, in: folder)
    #expect(alone.status == 2 && alone.complaints.count == 1 && alone.error.contains("[1, 3]"), "\(alone.error)")
  }

  @Test func refusals() throws {
    let folder = try Folder()
    try NPZ.write(
      [("inputs", NDArray(repeating: 1, shape: [4, 30])), ("labels", NDArray([Int64](arrayLiteral: 1, 1, 1, 1), shape: [4]))],
      to: folder.path("one.npz"))
    let test = ["neurons", "test"] + Self.model
    for (arguments, text) in [
      (test + ["--data", "one.npz"], "one class only"), (test + Self.data + ["--layers", "liner1"], "did you mean 'linear1'"),
      (test + Self.data + ["--share", "0"], "--share"), (test + Self.data + ["--repeats", "1"], "--repeats"),
      (test + Self.data + ["--positive", "2"], "expected one of 0, 1"), (test + Self.data + ["--inputs", "input"], "inputs"),
      (test + ["--data", "none.csv"], "no such file"), (test + Self.data + ["--fit-on", "x.csv"], "no table"),
      (["neurons", "paths"] + Self.model + Self.data + ["--target", "1"], "from 0 to 0"),
      (["neurons", "paths"] + Self.model + Self.data + ["--target", "0", "--quantiles", "0.5"], "--quantiles"),
    ] {
      let result = try Clew.run(arguments, in: folder)
      #expect(result.status == 2 && !result.wasKilled && result.complaints.count == 1, "\(arguments): \(result.error)")
      #expect(result.error.contains(text), "\(arguments): \(result.error)")
    }
    // Constant inputs give constant neurons: an answer with warnings, and no NaN.
    try NPZ.write(
      [("inputs", NDArray(repeating: 1, shape: [4, 30])), ("labels", NDArray([Int64](arrayLiteral: 0, 1, 0, 1), shape: [4]))],
      to: folder.path("constant.npz"))
    let result = try Clew.run(test + ["--data", "constant.npz", "--json"], in: folder)
    #expect(result.status == 0, "\(result.error)")
    let document = try JSONDecoder().decode(TestDocument.self, from: result.output)
    #expect(document.layers.allSatisfy { $0.neurons.allSatisfy { $0.pValue == 1 && $0.effectSize == nil } })
    #expect(!document.warnings.isEmpty)
  }
}
