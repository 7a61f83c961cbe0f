import ArgumentParser
import Clew

struct NeuronTestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Test which neurons tell two classes apart, and whether the network misses them.",
    discussion: """
      Every neuron of the hidden layers is tested: Shapiro–Wilk in each class, then Welch's t-test or Mann–Whitney U. Then some of
      the important ones are silenced, and as many of the others, chosen on one half of the samples and judged on the other.

      Everything is computed in float64, whatever --precision says: tests that rank depend on ties.

      Examples:
        clew neurons test --model mlp --checkpoint mlp.ckpt --data test.npz --output out
        clew neurons test --model mlp --checkpoint mlp.ckpt --data test.csv --fit-on train.csv --labels target
        clew neurons test --model net.onnx --data test.npz --layers features.3 --positive 7 --json
      """)

  @OptionGroup var network: NetworkOptions
  @OptionGroup var data: NeuronDataOptions

  @Option(help: ArgumentHelp("Layers to test, separated by commas (default: all weighted ones but the last).", valueName: "list"))
  var layers: String?

  @Option(help: ArgumentHelp("The class that is tested against the others (default: the second of two).", valueName: "label"))
  var positive: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("Share of the important neurons that is silenced.", valueName: "share"))
  var share = 0.9

  @Option(parsing: .unconditional, help: ArgumentHelp("How often neurons are drawn to be silenced.", valueName: "count"))
  var repeats = 10

  @Flag(help: "As published: the same samples choose and judge the silenced neurons, and their numbers are not matched.")
  var asInSeed = false

  @Option(help: ArgumentHelp("Write result.json, tables and figures (PNG and PDF) to this folder.", valueName: "folder"))
  var output: String?

  @OptionGroup var common: CommonOptions

  func run() throws {
    try common.apply()
    if !(share > 0 && share <= 1) { throw CommandError.unusable("--share: found \(share), expected more than 0, at most 1") }
    if repeats < 2 { throw CommandError.unusable("--repeats: found \(repeats), expected at least 2") }
    let (model, files) = try network.load(.float64)
    let data = try NeuronData(data, labels: .required)
    let folder = try output.map { try OutputFolder($0) }
    let progress = ProgressLine(quiet: common.quiet)
    progress.show(1, of: 3, "activations")
    let study = try NeuronStudy(
      NetworkSamples(network: model, inputs: data.inputs), labels: data.labels ?? [], positive: positive)
    let names = layers?.split(separator: ",").map(String.init) ?? study.samples.hiddenLayers
    if names.isEmpty { throw CommandError.unusable("--layers: found no hidden layer in the network, expected at least one") }
    let activations = try study.samples.activations(of: names)
    progress.show(2, of: 3, "tests")
    let tests = try NeuronTests(activations: activations, isPositive: study.isPositive)
    progress.show(3, of: 3, "silencing neurons")
    var warnings = data.warnings + tests.warnings
    let masking = try masking(study, names, &warnings)
    let report = NeuronTestReport(
      study, tests, masking, accuracy: try study.isRight(), warnings: warnings,
      provenance: try Provenance(common, inputs: files + data.files))
    let document = try jsonDocument(report)
    common.warn(warnings)
    var written: [String] = []
    if let folder {
      written = try NeuronTestFiles(study: study, tests: tests, masking: masking, activations: activations).write(to: folder)
      try folder.write(document, "result.json")
    }
    if common.json {
      try standardOutput(document)
    } else {
      try standardOutput(NeuronTestTable(tests: tests, masking: masking, report: report).text)
      if !written.isEmpty { try standardOutput("\n" + written.joined(separator: "\n") + "\n") }
    }
  }

  /// `nil`, with a warning, where there are too few samples to choose on some and judge on others.
  private func masking(_ study: NeuronStudy, _ names: [String], _ warnings: inout [String]) throws -> NeuronMasking? {
    var configuration = NeuronMasking.Configuration()
    configuration.share = share
    configuration.repetitions = repeats
    configuration.seed = common.seed
    configuration.isAsInSeed = asInSeed
    do throws(NeuronError) {
      let result = try NeuronMasking(study, layers: names, configuration: configuration)
      warnings += result.warnings
      return result
    } catch .invalidInput(let message) {
      warnings.append(message)
      return nil
    }
  }
}
