import Formats
import Foundation
import TensorCore
import Testing

/// Data at the edge of what `clew filters` and `clew neurons` can say something about: a defined answer with a warning where it is to be
/// doubted, or one line; never NaN, which JSON has no spelling for.
@Suite struct NeuronEdgeTests {
  enum Edge: String, CaseIterable { case oneClass, oneSample, constantFeature, tiedRanks, moreFeaturesThanSamples, words }
  enum Command: String, CaseIterable { case ablate, test, paths, filters }

  /// What a warning, or with status 2 the only line, must hold; no warning is asked for where there is nothing to doubt.
  private static func outcome(_ command: Command, _ edge: Edge) -> (status: Int32, text: String?) {
    switch (command, edge) {
    case (.ablate, .oneClass): (2, "found one class")
    case (.ablate, .oneSample): (2, "found one class")
    case (.ablate, .constantFeature): (0, "constant on train")
    case (.ablate, .moreFeaturesThanSamples): (0, "the probes lean on their penalty")
    case (.test, .oneClass), (.test, .oneSample): (2, "one class only")
    case (.test, .moreFeaturesThanSamples): (0, "too small for Shapiro")
    case (.filters, .oneSample): (0, "observations for")
    case (.filters, .constantFeature): (0, "are constant")
    case (.filters, .moreFeaturesThanSamples): (0, "of least norm")
    case (.filters, _): (0, "no convolution reads its filters")
    case (.paths, _), (.ablate, _), (.test, _): (0, nil)
    }
  }

  private static let width = 6

  /// Features of the edge in question, and labels.
  private func data(_ edge: Edge) -> (features: [[Double]], labels: [String]) {
    var random = RandomSource(seed: 5)
    let count = edge == .oneSample ? 1 : edge == .moreFeaturesThanSamples ? 4 : 24
    var features: [[Double]] = []
    for sample in 0..<count {
      var row: [Double] = []
      for feature in 0..<Self.width {
        let value: Double = random.normal() + Double(sample % 2 * feature) / 4
        if edge == .constantFeature && feature < 3 {
          row.append(2)
        } else {
          row.append(edge == .tiedRanks ? value.rounded() : value)
        }
      }
      features.append(row)
    }
    let names = edge == .words ? ["benign", "malignant"] : ["0", "1"]
    return (features, (0..<count).map { edge == .oneClass ? "1" : names[$0 % 2] })
  }

  private func write(_ edge: Edge, to folder: Folder) throws {
    let (features, labels) = data(edge)
    let names = (0..<Self.width).map { "f\($0)" }
    var splits = CSVWriter(header: ["split", "group", "target"] + names)
    var samples = CSVWriter(header: ["label"] + names)
    for (row, label) in zip(features, labels) {
      let own: [CSVWriter.Cell] = row.map { .number($0) }
      for split in ["train", "test"] { splits.append([.text(split), .text(label), .text(label)] + own) }
      samples.append([.text(label)] + own)
    }
    try splits.write(to: folder.path("splits.csv"))
    try samples.write(to: folder.path("samples.csv"))
    var random = RandomSource(seed: 6)
    func weights(_ shape: Shape) -> NDArray { NDArray(random.normals(shape.elementCount).map { Float($0) }, shape: shape) }
    try NPZ.write([("weight", weights([2, Self.width]))], to: folder.path("head.npz"))
    try NPZ.write(
      [
        ("linear1.weight", weights([5, Self.width])), ("linear1.bias", weights([5])), ("fc.weight", weights([1, 5])),
        ("fc.bias", weights([1])),
      ], to: folder.path("mlp.npz"))
    // Each sample's features are the channels of a picture of four equal pixels.
    let channels = edge == .constantFeature ? 3 : Self.width
    var pixels: [Float] = []
    for row in features {
      for value in row.prefix(channels) { pixels += [Float](repeating: Float(value), count: 4) }
    }
    let images = NDArray(pixels, shape: [features.count, channels, 2, 2])
    try NPZ.write(
      [
        ("features.0.weight", weights([7, channels, 3, 3])), ("features.0.bias", weights([7])),
        ("features.2.weight", weights([4, 7, 3, 3])), ("features.2.bias", weights([4])), ("head.weight", weights([2, 4])),
        ("head.bias", weights([2])),
      ], to: folder.path("cnn.npz"))
    let classes: [Int64] = labels.map { $0 == "1" || $0 == "malignant" ? 1 : 0 }
    let numbers = NDArray(classes, shape: [labels.count])
    try NPZ.write([("images", images), ("labels", numbers)], to: folder.path("images.npz"))
  }

  private func arguments(_ command: Command) -> [String] {
    switch command {
    case .ablate: ["neurons", "ablate", "--features", "splits.csv", "--head", "head.npz", "--random", "5", "--refit-probes"]
    case .test: ["neurons", "test", "--model", "mlp", "--checkpoint", "mlp.npz", "--data", "samples.csv"]
    case .paths: ["neurons", "paths", "--model", "mlp", "--checkpoint", "mlp.npz", "--data", "samples.csv", "--target", "0"]
    case .filters: ["filters", "--model", "cnn", "--checkpoint", "cnn.npz", "--data", "images.npz", "--random", "5"]
    }
  }

  @Test(arguments: Command.allCases, Edge.allCases)
  func aDefinedAnswerOrOneLine(_ command: Command, _ edge: Edge) throws {
    // Words as labels of pictures are in the tests of the command.
    let folder = try Folder()
    try write(edge, to: folder)
    let wanted = Self.outcome(command, edge)
    let result = try Clew.run(arguments(command) + ["--json", "--output", "out"], in: folder)
    #expect(result.status == wanted.status && !result.wasKilled, "\(result.error)")
    if wanted.status == 2 {
      #expect(result.complaints.count == 1 && result.error.contains(wanted.text ?? ""), "\(result.error)")
      #expect(result.output.isEmpty)
      return
    }
    let document = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    let warnings = try #require(document["warnings"] as? [String])
    #expect(result.complaints.count == warnings.count)
    if let text = wanted.text { #expect(warnings.contains { $0.contains(text) }, "\(warnings)") }
    // A missing number has its reason.
    if String(decoding: result.output, as: UTF8.self).contains(": null") && command != .filters {
      #expect(!warnings.isEmpty, "null without a warning")
    }
    for name in folder.names("out") where name.hasSuffix(".csv") {
      let fields = String(decoding: try folder.bytes("out/\(name)"), as: UTF8.self).split { $0 == "," || $0 == "\n" }
      #expect(!fields.contains { ["nan", "inf", "-inf"].contains($0) }, "\(name)")
    }
  }

  /// Features that the probes cannot tell apart share a rank: the first comes first, whatever the threads.
  @Test func equalFeaturesKeepTheirOrder() throws {
    let folder = try Folder()
    var table = CSVWriter(header: ["split", "group", "target", "a", "b", "c"])
    for sample in 0..<12 {
      for split in ["train", "test"] {
        let value = CSVWriter.Cell.number(Double(sample % 2 * 3 + sample % 3))
        table.append([.text(split), .integer(sample % 2), .integer(sample % 2), value, value, value])
      }
    }
    try table.write(to: folder.path("splits.csv"))
    try NPZ.write([("weight", NDArray([Float](arrayLiteral: 1, 1, 1), shape: [1, 3]))], to: folder.path("head.npz"))
    for threads in ["1", "2"] {
      let result = try Clew.run(
        ["neurons", "ablate", "--features", "splits.csv", "--head", "head.npz", "--json", "--threads", threads], in: folder)
      #expect(result.status == 0, "\(result.error)")
      let document = try AblationDocument(result.output)
      #expect(document.groupRanking == [0, 1, 2] && document.targetRanking == [0, 1, 2], "\(document.groupScore)")
    }
  }
}
