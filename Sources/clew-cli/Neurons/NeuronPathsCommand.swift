import ArgumentParser
import Clew

struct NeuronPathsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "paths",
    abstract: "Find the neurons that move an output most, from the output back.",
    discussion: """
      At every linear layer each input is held at quantiles of its values, the others at zero; chosen are those that raise or lower
      the target most, and the search goes on through them. Computed in float64, whatever --precision says.

      Example:
        clew neurons paths --model mlp --checkpoint mlp.ckpt --data test.npz --target 0
      """)

  @OptionGroup var network: NetworkOptions
  @OptionGroup var data: NeuronDataOptions

  @Option(parsing: .unconditional, help: ArgumentHelp("Which output of the network.", valueName: "T"))
  var target: Int

  @Option(help: ArgumentHelp("Quantiles at which inputs are held, ascending.", valueName: "list"))
  var quantiles = "0,0.05,0.25,0.5,0.75,0.95,1"

  @Flag(help: "As published: negative paths are chosen by the rule of the positive ones.")
  var asInSeed = false

  @Option(help: ArgumentHelp("Write result.json and paths.csv to this folder.", valueName: "folder"))
  var output: String?

  @OptionGroup var common: CommonOptions

  struct Layer: Encodable {
    let name: String
    let quantiles: [[Double]]
    let positive: [Int]
    let negative: [Int]
    /// Of each input, through what was chosen on the positive path.
    let variation: [Double]
    /// Through what was chosen on the negative path; at the last layer the same.
    let negativeVariation: [Double]
    let isExact: Bool
  }

  struct Report: Encodable {
    let target: Int
    let shares: [Double]
    /// From the output back.
    let layers: [Layer]
    let warnings: [String]
    let provenance: Provenance
  }

  func run() throws {
    try common.apply()
    var configuration = QuantilePaths.Configuration()
    configuration.quantiles = try shares()
    configuration.isAsInSeed = asInSeed
    let (model, files) = try network.load(.float64)
    let data = try NeuronData(data, labels: .ignored)
    let folder = try output.map { try OutputFolder($0) }
    let paths = try QuantilePaths(
      NetworkSamples(network: model, inputs: data.inputs), target: target, configuration: configuration)
    let report = Report(
      target: target, shares: configuration.quantiles,
      layers: paths.layers.map {
        Layer(
          name: $0.name, quantiles: $0.quantiles, positive: $0.positive, negative: $0.negative, variation: $0.positiveVariation,
          negativeVariation: $0.negativeVariation, isExact: $0.isExact)
      }, warnings: data.warnings + paths.warnings, provenance: try Provenance(common, inputs: files + data.files))
    common.warn(report.warnings)
    let document = try jsonDocument(report)
    if let folder {
      try table(paths).write(to: folder.file("paths.csv"))
      try folder.write(document, "result.json")
    }
    try standardOutput(common.json ? document : text(paths))
  }

  private func shares() throws -> [Double] {
    let shares = quantiles.split(separator: ",").compactMap { Double($0) }
    guard shares.count == quantiles.split(separator: ",").count, shares.count >= 2, shares == shares.sorted(),
      shares.allSatisfy((0...1).contains)
    else { throw CommandError.unusable("--quantiles: found '\(quantiles)', expected at least two ascending numbers from 0 to 1") }
    return shares
  }

  private func table(_ paths: QuantilePaths) -> CSVWriter {
    var table = CSVWriter(header: ["layer", "input", "lowest", "highest", "variation", "negativeVariation", "path"])
    for layer in paths.layers {
      for input in layer.positiveVariation.indices {
        let path = layer.positive.contains(input) ? "positive" : layer.negative.contains(input) ? "negative" : ""
        table.append([
          .text(layer.name), .integer(input), .number(layer.quantiles[0][input]),
          .number(layer.quantiles[layer.quantiles.count - 1][input]), .number(layer.positiveVariation[input]),
          .number(layer.negativeVariation[input]), .text(path),
        ])
      }
    }
    return table
  }

  private func text(_ paths: QuantilePaths) -> String {
    var lines = ["output \(target), from the end back: inputs of each layer that raise and that lower it most"]
    for layer in paths.layers {
      func listed(_ inputs: [Int]) -> String {
        inputs.isEmpty ? "none" : inputs.prefix(12).map(String.init).joined(separator: " ") + (inputs.count > 12 ? " …" : "")
      }
      lines.append("  \(layer.name): + \(listed(layer.positive))   − \(listed(layer.negative))")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
