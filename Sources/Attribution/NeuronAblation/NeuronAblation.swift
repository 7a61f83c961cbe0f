import Foundation
import Statistics
import TensorCore

/// Which features carry a shortcut, and what a head loses without them.
///
/// Features are ranked by how much a probe for the group (hospital, scanner, batch) listens to them, and ablated from the top;
/// beside them those that a probe for the target listens to, and many random orders as controls. A head is linear in its features,
/// so that every number of ablated features from 0 to D, for all orders, comes out of one pass of prefix sums each.
public struct NeuronAblation: Sendable {
  /// Every property has a default.
  public struct Configuration: Sendable {
    /// What ablated features are replaced by; the first is reported in ``NeuronAblation/splits``. Default: the training mean.
    public var baselines: [AblationBaseline] = [.trainMean]
    /// How many features are ablated; `nil` for 0, the powers of two, and all.
    public var numbers: [Int]?
    /// Random orders for each kind of control. Default: 100.
    public var randomOrders = 100
    /// Default: random orders only.
    public var controls: [AblationControl] = [.random]
    /// Also reports probes that are fitted anew on ablated training features. Default: false.
    public var refitsProbes = false
    /// What the rankings sort by. Default: the Euclidean norm of the coefficients.
    public var norm = ProbeScores.Norm.euclidean
    /// How the probes are fitted. Default: to the optimum. The published procedure stops before it, as scikit-learn's solver does
    /// after at most 500 steps at a tolerance of 1e-4: `.limitedMemoryBFGS(iterations: 500)`.
    public var probeSolver = LogisticRegression.Solver.newton()
    /// At most so many training samples, and half as many of every other split, drawn at random. Default: all.
    public var sampleLimit: Int?
    public var seed: UInt64 = 0
    /// The controls of the published procedure: for each number five sets drawn anew, which are not nested, depend on which
    /// numbers are asked for, and have no p-value. Default: false.
    public var drawsAsInSeed = false

    public init() {}
  }

  /// The features as they were used: after `sampleLimit`.
  public let sampleCounts: [(split: String, samples: Int)]
  public let groupScores: ProbeScores
  public let targetScores: ProbeScores
  /// One for each split, in the order given.
  public let splits: [SplitReport]
  /// The further baselines, each with one report for each split.
  public let otherBaselines: [(baseline: AblationBaseline, splits: [SplitReport])]
  /// The numbers of ablated features that are reported.
  public let numbers: [Int]
  public let configuration: Configuration
  public let warnings: [String]

  /// - Parameters:
  ///   - head: the classifier of the targets.
  ///   - train: what probes are fitted on; its groups must be known.
  ///   - given: what is reported, at least one, with as many features.
  ///   - configuration: baselines, sizes, controls and probes.
  ///   - onStep: called before each split with what is done.
  /// - Throws: ``NeuronError``: sizes that do not fit, a training split of one group or one target, or a probe that has no fit.
  public init(
    head: LinearHead, train: FeatureSplit, splits given: [FeatureSplit], configuration: Configuration = Configuration(),
    onStep: (String) -> Void = { _ in }
  ) throws(NeuronError) {
    try Self.check(head, train, given, configuration)
    let (train, given) = try Self.limited(train, given, configuration)
    let width = head.featureCount
    let numbers = try Self.numbers(configuration.numbers, features: width)
    let targets = try ClassCoding(labels: train.targets + given.flatMap(\.targets), outputs: head.classCount)
    guard let trainGroups = train.groups else {
      throw .invalidInput("\(train.name): found no group labels, expected them: the ranking is by what tells the groups apart")
    }

    onStep("probes")
    let standardization: Standardization
    do { standardization = try Standardization(train.features) } catch { throw .statistics("standardisation", error) }
    let standardized = standardization.apply(train.features)
    let group = try FittedProbe(
      "group", train: train, labels: trainGroups, standardized: standardized, standardization: standardization,
      solver: configuration.probeSolver)
    let target = try FittedProbe(
      "target", train: train, labels: train.targets, standardized: standardized, standardization: standardization,
      solver: configuration.probeSolver)
    groupScores = ProbeScores(group.regression, classes: group.classes, rankedBy: configuration.norm)
    targetScores = ProbeScores(target.regression, classes: target.classes, rankedBy: configuration.norm)

    let study = AblationStudy(
      head: head, targets: targets, train: train, standardization: standardization, standardized: standardized, group: group,
      target: target, groupOrder: groupScores.ranking, targetOrder: targetScores.ranking, numbers: numbers,
      configuration: configuration)
    var reports: [(AblationBaseline, [SplitReport])] = []
    for baseline in configuration.baselines {
      var own: [SplitReport] = []
      for split in given {
        onStep("\(split.name), baseline \(baseline.rawValue)")
        own.append(try study.report(on: split, baseline: baseline))
      }
      reports.append((baseline, own))
    }
    self.splits = reports[0].1
    otherBaselines = reports.dropFirst().map { (baseline: $0.0, splits: $0.1) }
    self.numbers = numbers
    self.configuration = configuration
    sampleCounts = ([train] + given).map { (split: $0.name, samples: $0.count) }
    warnings = Self.warnings(train, given, standardization, group, target, targets)
  }

  private static func check(
    _ head: LinearHead, _ train: FeatureSplit, _ splits: [FeatureSplit], _ configuration: Configuration
  ) throws(NeuronError) {
    if splits.isEmpty { throw .invalidInput("found no split to report on, expected at least one") }
    for split in [train] + splits where split.features.shape[1] != head.featureCount {
      throw .invalidInput(
        "\(split.name): found \(split.features.shape[1]) features, expected \(head.featureCount), as the head has")
    }
    if configuration.baselines.isEmpty { throw .invalidInput("found no baseline, expected at least one") }
    if configuration.randomOrders < 1 {
      throw .invalidInput("found \(configuration.randomOrders) random orders, expected at least 1")
    }
    if let limit = configuration.sampleLimit, limit < 2 {
      throw .invalidInput("found a limit of \(limit) samples, expected at least 2")
    }
  }

  private static func numbers(_ numbers: [Int]?, features: Int) throws(NeuronError) -> [Int] {
    guard let numbers else {
      return [0] + sequence(first: 1) { $0 * 2 }.prefix { $0 < features } + [features]
    }
    if numbers.isEmpty { throw .invalidInput("found no number of ablated features, expected at least one") }
    if let number = numbers.first(where: { !(0...features).contains($0) }) {
      throw .invalidInput("found \(number) features to ablate, expected from 0 to \(features), as many as there are")
    }
    return Array(Set(numbers)).sorted()
  }

  private static func limited(
    _ train: FeatureSplit, _ splits: [FeatureSplit], _ configuration: Configuration
  ) throws(NeuronError) -> (FeatureSplit, [FeatureSplit]) {
    guard let limit = configuration.sampleLimit else { return (train, splits) }
    var results: [FeatureSplit] = []
    for (index, split) in ([train] + splits).enumerated() {
      let count = index == 0 ? limit : limit / 2
      var random = RandomSource(seed: configuration.seed, stream: 1 << 41 + index)
      results.append(split.count <= count ? split : try split.selecting(Array(random.permutation(split.count)[..<count])))
    }
    return (results[0], Array(results.dropFirst()))
  }

  private static func warnings(
    _ train: FeatureSplit, _ splits: [FeatureSplit], _ standardization: Standardization, _ group: FittedProbe,
    _ target: FittedProbe, _ targets: ClassCoding
  ) -> [String] {
    var warnings = [group.warning("group"), target.warning("target")].compactMap { $0 }
    let constant = standardization.constantVariables
    if !constant.isEmpty {
      warnings.append(
        "\(constant.count) features are constant on \(train.name) (the first is \(constant[0])): no probe can listen to them")
    }
    if train.count < train.features.shape[1] {
      warnings.append(
        "\(train.name) has \(train.count) samples for \(train.features.shape[1]) features: the probes lean on their penalty")
    }
    for split in splits {
      if let reason = AblationStudy.groupProbeProblem(split, group.classes) { warnings.append("\(split.name): \(reason)") }
      let unknown = Set(split.targets).subtracting(targets.names).sorted()
      if let first = unknown.first { warnings.append("\(split.name): the head has no output for the target \(first)") }
    }
    return warnings
  }
}
