import ArgumentParser
import Clew

extension AblationBaseline: ExpressibleByArgument {}
extension AblationControl: ExpressibleByArgument {}
extension ProbeScores.Norm: ExpressibleByArgument {}

enum ProbeSolver: String, ExpressibleByArgument, CaseIterable {
  case newton, lbfgs
}

struct AblateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ablate",
    abstract: "Ablate the features that give a group away, and compare with random ones.",
    discussion: """
      FEATURES holds, for the training split and each split that is reported, an array [samples, features] and the labels of
      its samples: train, train_group, train_target; test, test_group, test_target; and id, id_group, id_target if there is an
      in-distribution split beside the test. HEAD holds weight [outputs, features] and bias [outputs]. Or FEATURES is a table
      (.csv) with a row for each sample: columns split (train, test, id), group, target, and one for each feature; HEAD may then
      be a table, too, of the same columns and bias, with a row for each output. Or --model is run on the arrays train, test and
      id of --data: features are what reaches its last linear layer, which is the head.

      Everything is computed in float64, whatever --precision says: accuracies are counts.

      Examples:
        clew neurons ablate --features features.npz --head head.npz --output out
        clew neurons ablate --features features.csv --head head.csv --group-column hospital --json
        clew neurons ablate --features features.npz --head head.npz --ks all --random 1000 --control matchedNorm
        clew neurons ablate --features features.npz --head head.npz --baseline trainMean,zero,splitMean --refit-probes --json
        clew neurons ablate --model resnet18 --checkpoint run --data pictures.npz --output out
      """)

  @Option(help: ArgumentHelp("The features and their labels: .npz, .safetensors, HDF5, or a table in .csv.", valueName: "file"))
  var features: String?

  @Option(help: ArgumentHelp("The linear head: .npz, .safetensors, a PyTorch checkpoint, or a table in .csv.", valueName: "file"))
  var head: String?

  @OptionGroup(title: "From a network") var network: NetworkOptions

  @Option(help: ArgumentHelp("The inputs of the network and their labels: .npz or .safetensors.", valueName: "file"))
  var data: String?

  @Option(
    help: ArgumentHelp("The layer whose values are the features (default: what the last linear layer reads).", valueName: "name"))
  var layer: String?

  @Option(help: ArgumentHelp("The linear layer that is the head (default: the last).", valueName: "name"))
  var headLayer: String?

  @Option(
    help: ArgumentHelp(
      "Numbers of ablated features, as 0,4,8, or all (default: 0, the powers of two, all features).", valueName: "list"))
  var ks: String?

  @Option(parsing: .unconditional, help: ArgumentHelp("Random orders for each kind of control.", valueName: "R"))
  var random = 100

  @Option(help: ArgumentHelp("Further controls beside random orders: matchedNorm, matchedVariance, or both.", valueName: "list"))
  var control: String?

  @Option(
    help: ArgumentHelp(
      "What ablated features are replaced by: trainMean, zero, splitMean, resample, or several; the first is in sweep and splits.",
      valueName: "list"))
  var baseline = AblationBaseline.trainMean.rawValue

  @Flag(help: "Also report probes that are fitted anew on the ablated features.")
  var refitProbes = false

  @Option(help: "What the rankings sort by: the Euclidean norm of a feature's coefficients over the classes, or their maximum.")
  var score = ProbeScores.Norm.euclidean

  @Option(
    help: ArgumentHelp(
      "How probes are fitted: newton, to the optimum, or lbfgs, as far as scikit-learn's default solver goes "
        + "(default: newton; lbfgs with --as-in-seed)."))
  var probeSolver: ProbeSolver?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Where lbfgs stops: scikit-learn's tol (default: 1e-4).", valueName: "tol"))
  var probeTolerance: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The most steps of lbfgs: scikit-learn's max_iter (default: 500).", valueName: "N"))
  var probeIterations: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Use at most so many training samples, and half as many of every other split.", valueName: "N"))
  var maxSamples: Int?

  @Flag(
    help: """
      As the published procedure: K of 0, 4, 8, 16, 32, 64, 128, 256; at most 1000 samples; probes by lbfgs; five random \
      sets for each K, drawn anew and without a p-value.
      """)
  var asInSeed = false

  @OptionGroup(title: "Names in the files") var names: AblationNames

  @Option(help: ArgumentHelp("Write result.json, tables and figures (PNG and PDF) to this folder.", valueName: "folder"))
  var output: String?

  @OptionGroup var common: CommonOptions

  func validate() throws {
    let (fromFiles, fromNetwork) = (features != nil && head != nil, network.model != nil && data != nil)
    if fromFiles == fromNetwork || fromFiles && (network.model != nil || data != nil || layer != nil)
      || fromNetwork && (features != nil || head != nil)
    {
      throw ValidationError("Give either --features and --head, or --model and --data.")
    }
  }

  func run() throws {
    try common.apply()
    let input = try loadInput()
    let configuration = try configuration(features: input.head.featureCount)
    // Fail before the work, not after it.
    let folder = try output.map { try OutputFolder($0) }
    let progress = ProgressLine(quiet: common.quiet)
    let steps = 1 + configuration.baselines.count * input.splits.count
    var step = 0
    let study = try NeuronAblation(
      head: input.head, train: input.train, splits: input.splits, configuration: configuration
    ) {
      step += 1
      progress.show(step, of: steps, $0)
    }
    let document = try jsonDocument(
      AblationReport(study, featureNames: input.featureNames, provenance: try Provenance(common, inputs: input.files)))
    common.warn(study.warnings)
    var written: [String] = []
    if let folder {
      written = try AblationFiles(study, featureNames: input.featureNames).write(to: folder)
      try folder.write(document, "result.json")
    }
    if common.json {
      try standardOutput(document)
    } else {
      try standardOutput(AblationTable(study, featureNames: input.featureNames).text)
      if !written.isEmpty { try standardOutput("\n" + written.joined(separator: "\n") + "\n") }
    }
  }

  private func loadInput() throws -> AblationInput {
    if let features, let head { return try AblationInput(features: features, head: head, names: names) }
    let (network, files) = try self.network.load(common.precision)
    return try AblationInput(
      network: network, networkFiles: files, data: data ?? "", layer: layer, headLayer: headLayer, names: names)
  }

  private func configuration(features count: Int) throws -> NeuronAblation.Configuration {
    var result = NeuronAblation.Configuration()
    result.baselines = try OptionList.parse(baseline, "--baseline")
    result.controls = [.random] + (try control.map { try OptionList.parse($0, "--control") } ?? []).filter { $0 != .random }
    result.numbers = try numbers(count)
    result.randomOrders = random
    if random < 1 { throw CommandError.unusable("--random: found \(random), expected at least 1") }
    result.refitsProbes = refitProbes
    result.norm = score
    result.probeSolver = try solver()
    result.sampleLimit = maxSamples ?? (asInSeed ? 1000 : nil)
    if let maxSamples, maxSamples < 2 { throw CommandError.unusable("--max-samples: found \(maxSamples), expected at least 2") }
    result.seed = common.seed
    result.drawsAsInSeed = asInSeed
    return result
  }

  private func solver() throws -> LogisticRegression.Solver {
    if probeSolver ?? (asInSeed ? .lbfgs : .newton) == .newton {
      if probeTolerance == nil && probeIterations == nil { return .newton() }
      throw CommandError.unusable(
        "--probe-\(probeTolerance == nil ? "iterations" : "tolerance"): found it without --probe-solver lbfgs, which alone stops by it"
      )
    }
    if let probeTolerance, !(probeTolerance > 0 && probeTolerance.isFinite) {
      throw CommandError.unusable("--probe-tolerance: found \(probeTolerance), expected a positive number")
    }
    if let probeIterations, probeIterations < 1 {
      throw CommandError.unusable("--probe-iterations: found \(probeIterations), expected at least 1")
    }
    return .limitedMemoryBFGS(tolerance: probeTolerance ?? 1e-4, iterations: probeIterations ?? 500)
  }

  private func numbers(_ count: Int) throws -> [Int]? {
    guard let ks else { return asInSeed ? [0, 4, 8, 16, 32, 64, 128, 256].filter { $0 <= count } : nil }
    if ks == "all" { return Array(0...count) }
    return try ks.split(separator: ",", omittingEmptySubsequences: false).map { text in
      guard let number = Int(text.trimmingPrefix(while: \.isWhitespace)), (0...count).contains(number) else {
        throw CommandError.unusable(
          "--ks: found '\(text)', expected numbers from 0 to \(count), the number of features, separated by commas, or all")
      }
      return number
    }
  }
}

/// Values of an enumeration separated by commas.
enum OptionList {
  static func parse<Value: RawRepresentable & CaseIterable>(_ text: String, _ option: String) throws -> [Value]
  where Value.RawValue == String {
    let known = Value.allCases.map(\.rawValue)
    return try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let value = Value(rawValue: String(part)) else {
        let hint = NearestName.nearest(to: String(part), in: known).map { "; did you mean '\($0)'?" } ?? ""
        throw CommandError.unusable("\(option): found '\(part)', expected \(known.joined(separator: ", "))\(hint)")
      }
      return value
    }
  }
}
