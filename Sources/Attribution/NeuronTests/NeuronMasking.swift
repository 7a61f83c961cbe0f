import Statistics
import TensorCore

/// Whether the network misses important neurons more than others: accuracy with some of each silent.
///
/// Neurons are called important on one part of the samples and the accuracies are those of the other; in every repetition as many
/// unimportant neurons are silenced as important ones, so that the difference is not one of numbers.
public struct NeuronMasking: Sendable {
  public struct Configuration: Sendable {
    /// Which share of the important neurons is silenced. Default: 0.9.
    public var share = 0.9
    /// How often neurons are drawn. Default: 10.
    public var repetitions = 10
    public var seed: UInt64 = 0
    /// As published: the same samples choose the neurons and judge, and each kind is silenced by its own share, whatever the numbers.
    /// Default: false.
    public var isAsInSeed = false

    public init() {}
  }

  /// The neurons of some layers silenced together.
  public struct Comparison: Sendable {
    public let layers: [String]
    /// How many neurons of each kind were silenced, over all layers.
    public let importantCount: Int
    public let unimportantCount: Int
    /// With nothing silenced.
    public let accuracy: Double
    /// One for each repetition.
    public let importantAccuracies: [Double]
    public let unimportantAccuracies: [Double]
    /// Mean of important less unimportant over the repetitions.
    public let difference: Double
    /// 95 % for ``difference`` over draws of neurons, by Student's t; `nil` where the differences are all equal.
    public let interval: Interval?
    /// 95 % for ``difference`` over samples, by the bootstrap.
    public let sampleInterval: Interval
    /// Two-sided, of the differences against 0, by turning their signs.
    public let pValue: Double

    public var importantAccuracy: Double { importantAccuracies.reduce(0, +) / Double(importantAccuracies.count) }
    public var unimportantAccuracy: Double { unimportantAccuracies.reduce(0, +) / Double(unimportantAccuracies.count) }
  }

  /// For each layer alone, then, of several, for all together. Those without neurons of both kinds are left out, with a warning.
  public let comparisons: [Comparison]
  /// Samples that chose the neurons, and that judged.
  public let selectionCount: Int
  public let evaluationCount: Int
  public let warnings: [String]

  /// - Throws: ``NeuronError`` where a class is too small to be in both parts, or a configuration out of range.
  public init(
    _ study: NeuronStudy, layers names: [String], configuration: Configuration = Configuration()
  ) throws(NeuronError) {
    guard configuration.share > 0, configuration.share <= 1, configuration.repetitions >= 2 else {
      throw .invalidInput(
        "masking: found a share of \(configuration.share) and \(configuration.repetitions) repetitions, expected a share above 0 "
          + "up to 1, and at least 2 repetitions")
    }
    let (selection, evaluation) = try Self.split(study, configuration)
    selectionCount = selection.labels.count
    evaluationCount = evaluation.labels.count
    let tests = try NeuronTests(activations: try selection.samples.activations(of: names), isPositive: selection.isPositive)
    let baseline = try evaluation.isRight()
    var sets = tests.layers.map { [$0] }
    if names.count > 1 { sets.append(tests.layers) }
    var comparisons: [Comparison] = []
    var warnings: [String] = []
    for (place, layers) in sets.enumerated() {
      let draw = MaskDraw(layers, configuration)
      if let problem = draw.problem {
        warnings.append("masking \(layers.map { "'\($0.name)'" }.joined(separator: " and ")): \(problem)")
        if draw.isImpossible { continue }
      }
      comparisons.append(
        try Self.compare(draw, place, evaluation, baseline: baseline, configuration))
    }
    self.comparisons = comparisons
    self.warnings = warnings
  }

  /// Half of each class for selection, the rest for evaluation.
  private static func split(
    _ study: NeuronStudy, _ configuration: Configuration
  ) throws(NeuronError) -> (NeuronStudy, NeuronStudy) {
    if configuration.isAsInSeed { return (study, study) }
    var random = RandomSource(seed: configuration.seed, stream: 1 << 42)
    var (selection, evaluation): ([Int], [Int]) = ([], [])
    let flags = study.isPositive
    for isPositive in [true, false] {
      let members = flags.indices.filter { flags[$0] == isPositive }
      if members.count < 2 {
        throw .invalidInput(
          "masking: found \(members.count) samples of a class, expected at least two, one to choose neurons and one to judge")
      }
      let shuffled = random.permutation(members.count).map { members[$0] }
      selection += shuffled[..<(members.count / 2)]
      evaluation += shuffled[(members.count / 2)...]
    }
    return (study.selecting(selection.sorted()), study.selecting(evaluation.sorted()))
  }

  private static func compare(
    _ draw: MaskDraw, _ place: Int, _ evaluation: NeuronStudy, baseline: [Bool], _ configuration: Configuration
  ) throws(NeuronError) -> Comparison {
    let count = Double(evaluation.labels.count)
    var (important, unimportant): ([Double], [Double]) = ([], [])
    // Per sample: how often it was right without important neurons, less how often without others.
    var balance = [Double](repeating: 0, count: evaluation.labels.count)
    for repetition in 0..<configuration.repetitions {
      var random = RandomSource(seed: configuration.seed, stream: place << 20 + repetition)
      let (first, second) = draw.masks(&random)
      let (a, b) = (try evaluation.isRight(masking: first), try evaluation.isRight(masking: second))
      important.append(Double(a.count { $0 }) / count)
      unimportant.append(Double(b.count { $0 }) / count)
      for sample in balance.indices {
        balance[sample] += ((a[sample] ? 1 : 0) - (b[sample] ? 1 : 0)) / Double(configuration.repetitions)
      }
    }
    let differences = zip(important, unimportant).map { $0 - $1 }
    do throws(StatisticsError) {
      let bootstrap = try Bootstrap(
        meansOf: NDArray(balance, shape: [balance.count, 1]), draws: 2000, seed: configuration.seed)
      let permutation = try PermutationTest(paired: differences, seed: configuration.seed)
      return Comparison(
        layers: draw.layers.map(\.name), importantCount: draw.importantCount, unimportantCount: draw.unimportantCount,
        accuracy: Double(baseline.count { $0 }) / count, importantAccuracies: important, unimportantAccuracies: unimportant,
        difference: differences.reduce(0, +) / Double(differences.count),
        interval: (try? TTest.paired(differences))?.interval(), sampleInterval: bootstrap.intervals()[0],
        pValue: permutation.pValue)
    } catch { throw .statistics("masking", error) }
  }
}

/// How many neurons of each layer are silenced, and which.
private struct MaskDraw {
  let layers: [NeuronTests.Layer]
  /// Of each layer, important and unimportant.
  private let counts: [(important: Int, unimportant: Int)]
  private let isShort: Bool

  init(_ layers: [NeuronTests.Layer], _ configuration: NeuronMasking.Configuration) {
    self.layers = layers
    func share(_ count: Int) -> Int { min(count, max(count > 0 ? 1 : 0, Int(Double(count) * configuration.share))) }
    let wanted = layers.map { (important: share($0.important.count), unimportant: share($0.unimportant.count)) }
    counts =
      configuration.isAsInSeed
      ? wanted
      : zip(layers, wanted).map { layer, wanted in
        let count = min(wanted.important, layer.unimportant.count)
        return (important: count, unimportant: count)
      }
    isShort = zip(counts, wanted).contains { $0.important < $1.important }
  }

  var importantCount: Int { counts.reduce(0) { $0 + $1.important } }
  var unimportantCount: Int { counts.reduce(0) { $0 + $1.unimportant } }
  var isImpossible: Bool { importantCount == 0 || unimportantCount == 0 }

  /// What a reader should know of the numbers.
  var problem: String? {
    let (important, unimportant) = (layers.reduce(0) { $0 + $1.important.count }, layers.reduce(0) { $0 + $1.unimportant.count })
    if isImpossible { return "\(important) important and \(unimportant) other neurons, so that there is nothing to compare" }
    if isShort {
      return
        "only \(unimportant) neurons are not important, so that only \(importantCount) of \(important) important ones are silenced"
    }
    return nil
  }

  func masks(
    _ random: inout RandomSource
  ) -> (important: [(layer: String, neurons: [Int])], unimportant: [(layer: String, neurons: [Int])]) {
    func draw(_ neurons: [Int], _ count: Int) -> [Int] {
      random.permutation(neurons.count).prefix(count).map { neurons[$0] }.sorted()
    }
    var result: ([(layer: String, neurons: [Int])], [(layer: String, neurons: [Int])]) = ([], [])
    for (layer, count) in zip(layers, counts) {
      result.0.append((layer: layer.name, neurons: draw(layer.important, count.important)))
      result.1.append((layer: layer.name, neurons: draw(layer.unimportant, count.unimportant)))
    }
    return result
  }
}
