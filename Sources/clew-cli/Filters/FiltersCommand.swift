import ArgumentParser
import Clew

extension FilterImportance.Coefficients: ExpressibleByArgument {}
extension FilterAblation: ExpressibleByArgument {}

struct FiltersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "filters",
    abstract: "Ask which filters of a network's convolutions account for the next ones, and prune the others.",
    discussion: """
      Of every filter's map on every sample one number is taken. Those of each convolution are regressed on those of its parents: the
      convolutions that reach it without another between, found in the network's graph. A filter's importance is the sum of its
      coefficients' magnitudes over its children. Then the least important filters of each convolution are pruned, and as many at
      random.

      DATA holds images (or inputs) [samples, channels, …] and, for accuracies, labels. Everything is computed in float64 unless
      --precision says float32, which is faster on large networks.

      Examples:
        clew filters --model net.onnx --data test.npz --output out
        clew filters --model cnn --checkpoint cnn.pth --strides 1,1,2 --data test.npz --prune 25 --random 1000 --json
        clew filters --model net.onnx --data test.npz --prune 10 --save-pruned --output out
      """)

  @OptionGroup var network: NetworkOptions
  @OptionGroup var data: NeuronDataOptions

  @Option(
    help: "What importances are made of: standardised coefficients, or raw ones, as published (default: standardised).")
  var coefficients: FilterImportance.Coefficients?

  @Option(help: ArgumentHelp("How a map becomes a number: frobenius, mean or max.", valueName: "name"))
  var summary = FilterSummary.frobenius.name

  @Flag(help: "Count each filter's coefficients by how much of it they explain (R²).")
  var weightByRSquared = false

  @Option(help: ArgumentHelp("Shares of filters that are pruned, in percent, separated by commas.", valueName: "list"))
  var prune = "10,25,50"

  @Option(
    help: """
      What of a pruned filter is set to zero: its output, behind normalisation and activation, or its weights, as published (default: \
      output).
      """)
  var ablate: FilterAblation?

  @Option(parsing: .unconditional, help: ArgumentHelp("Random draws for each share.", valueName: "R"))
  var random = 100

  @Flag(help: "Write the pruned networks to --output, one for each share: pruned-10.safetensors.")
  var savePruned = false

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The sample over which the first layer's heat map is drawn.", valueName: "N"))
  var sample = 0

  @Option(
    help: ArgumentHelp(
      "Convolutions whose filters are drawn by t-SNE, separated by commas (default: the first of at least four filters).",
      valueName: "list"))
  var tsne: String?

  @Flag(help: "Run the network as in training: what the published program does to one on which nobody called eval().")
  var trainingMode = false

  @Flag(
    help: """
      As published: raw coefficients, the convolution before it in the list as the only parent, zero weights, and one random draw \
      for each share, without a p-value.
      """)
  var asInSeed = false

  @Option(help: ArgumentHelp("Write result.json, tables and figures (PNG and PDF) to this folder.", valueName: "folder"))
  var output: String?

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if savePruned && output == nil { throw ValidationError("--save-pruned needs --output, the folder to write to.") }
  }

  mutating func run() throws {
    common.chosenPrecision = common.chosenPrecision ?? .float64
    try common.apply()
    let (configuration, pruning) = (try importanceConfiguration(), try pruningConfiguration())
    let (stored, files) = try network.load()
    let data = try NeuronData(data, labels: .ifPresent)
    let samples = try NetworkSamples(network: stored.converted(to: common.precision.dtype), inputs: data.inputs)
    try check(samples)
    // Fail before the work, not after it.
    let folder = try output.map { try OutputFolder($0) }
    let progress = ProgressLine(quiet: common.quiet)
    let steps = 1 + samples.network.convolutions.count + pruning.percents.count
    var step = 0
    func show(_ text: String) {
      step += 1
      progress.show(step, of: steps, text)
    }
    let importance = try FilterImportance(samples, configuration: configuration, onStep: show)
    let prunings = try data.labels.map {
      try FilterPruning(importance, samples: samples, labels: $0, configuration: pruning, onStep: show)
    }
    let report = FiltersReport(
      importance, prunings, pruning, samples: samples.count, warnings: data.warnings + importance.warnings,
      provenance: try Provenance(common, inputs: files + data.files))
    let document = try jsonDocument(report)
    common.warn(report.warnings)
    var written: [String] = []
    if let folder {
      written = try FiltersFiles(
        samples: samples, importance: importance, pruning: prunings, sample: sample, embedded: embedded(importance),
        seed: common.seed
      ).write(to: folder)
      if savePruned { written += try save(stored, importance, pruning, in: folder) }
      try folder.write(document, "result.json")
    }
    if common.json {
      try standardOutput(document)
    } else {
      try standardOutput(FiltersTable(importance: importance, pruning: prunings).text)
      if !written.isEmpty { try standardOutput("\n" + written.joined(separator: "\n") + "\n") }
    }
  }

  private func importanceConfiguration() throws -> FilterImportance.Configuration {
    var result = asInSeed ? FilterImportance.Configuration.asInSeed : FilterImportance.Configuration()
    if let coefficients { result.coefficients = coefficients }
    let known = [FilterSummary.frobenius, .mean, .maximum]
    guard let found = known.first(where: { $0.name == summary }) else {
      let hint = NearestName.nearest(to: summary, in: known.map(\.name)).map { "; did you mean '\($0)'?" } ?? ""
      throw CommandError.unusable(
        "--summary: found '\(summary)', expected \(known.map(\.name).joined(separator: ", "))\(hint)")
    }
    result.summary = found
    result.isWeightedByRSquared = weightByRSquared
    if trainingMode { result.mode = .training(seed: common.seed) }
    return result
  }

  private func pruningConfiguration() throws -> FilterPruning.Configuration {
    var result = FilterPruning.Configuration()
    result.percents = try prune.split(separator: ",", omittingEmptySubsequences: false).map { text in
      guard let percent = Double(text.trimmingPrefix(while: \.isWhitespace)), (0...100).contains(percent) else {
        throw CommandError.unusable("--prune: found '\(text)', expected percentages from 0 to 100, separated by commas")
      }
      return percent
    }
    if random < 1 { throw CommandError.unusable("--random: found \(random), expected at least 1") }
    result.randomDraws = random
    result.ablation = ablate ?? (asInSeed ? .weights : .output)
    result.seed = common.seed
    result.drawsAsInSeed = asInSeed
    return result
  }

  /// What would otherwise be found after the work.
  private func check(_ samples: NetworkSamples) throws {
    if !(0..<samples.count).contains(sample) {
      throw CommandError.unusable("--sample: found \(sample), expected from 0 to \(samples.count - 1)")
    }
    let names = samples.network.convolutions.map(\.name)
    for name in tsneNames where !names.contains(name) {
      let hint = NearestName.nearest(to: name, in: names).map { "; did you mean '\($0)'?" } ?? ""
      throw CommandError.unusable("--tsne: found '\(name)', expected a convolution of the network\(hint)")
    }
  }

  private var tsneNames: [String] { tsne?.split(separator: ",").map(String.init) ?? [] }

  private func embedded(_ importance: FilterImportance) -> [FilterImportance.Layer] {
    if tsne == nil { return Array(importance.layers.filter { $0.filterCount >= 4 }.prefix(1)) }
    return importance.layers.filter { tsneNames.contains($0.name) }
  }

  /// The network in the precision in which it was stored, without the least important filters.
  private func save(
    _ network: Network, _ importance: FilterImportance, _ pruning: FilterPruning.Configuration, in folder: OutputFolder
  ) throws -> [String] {
    try pruning.percents.map { percent in
      let filters = importance.leastImportant(percent: percent)
      let name = Int(exactly: percent).map(String.init) ?? "\(percent)"
      let path = folder.file("pruned-\(name).safetensors")
      try network.pruned(filters, ablating: pruning.ablation).save(to: path)
      return "\(path): the network without \(filters.reduce(0) { $0 + $1.filters.count }) filters"
    }
  }
}
