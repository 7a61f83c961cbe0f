import Networks
import Statistics
import TensorCore

/// What a classifier's accuracy is without its least important filters, and without as many drawn at random.
public struct FilterPruning: Sendable {
  /// Every property has a default.
  public struct Configuration: Sendable {
    /// Of the filters of every convolution: int(filters · percent / 100), but at least one above 0. Default: 10, 25, 50.
    public var percents: [Double] = [10, 25, 50]
    /// What is set to zero. Default: the filter's output.
    public var ablation = FilterAblation.output
    /// Default: 100. A draw is an order of every layer's filters, so that what it takes at 10 % is among what it takes at 25 %.
    public var randomDraws = 100
    public var seed: UInt64 = 0
    /// The control of the published program: one draw for each share, without a p-value. (That it was not seeded cannot be had: the same
    /// input and seed give the same result.) Default: false.
    public var drawsAsInSeed = false

    public init() {}
  }

  /// One share of filters.
  public struct Step: Sendable {
    public let percent: Double
    /// The least important ones of each layer.
    public let filters: [(layer: String, filters: [Int])]
    public let accuracy: Double
    /// One for each draw of as many filters of each layer.
    public let randomAccuracies: [Double]
    public let randomMean: Double
    /// Population standard deviation over the draws.
    public let randomStd: Double
    /// 2.5 and 97.5 % quantiles over the draws.
    public let randomInterval: Interval
    /// Two-sided: how often a draw moves the accuracy as far, min(1, 2 (1 + the smaller tail) / (1 + draws)). Not corrected for looking
    /// at several shares. `nil` for the control of the published program.
    public let pValue: Double?
    /// ``accuracy`` less ``randomMean``.
    public let difference: Double
    /// 95 % for ``difference`` over samples, by the bootstrap.
    public let differenceInterval: Interval

    public var prunedCount: Int { filters.reduce(0) { $0 + $1.filters.count } }
  }

  /// With all filters.
  public let accuracy: Double
  /// In the order of the shares asked for.
  public let steps: [Step]
  public let classes: ClassCoding
  public let configuration: Configuration

  /// - Parameters:
  ///   - importance: of the network's filters.
  ///   - samples: what is classified: one output is the logit of the second class, several are one for each class.
  ///   - labels: numbers of outputs, or names, of which there must be as many.
  ///   - configuration: shares, ablation and draws.
  ///   - onStep: called before each share with what is done.
  /// - Throws: ``NeuronError`` for labels that do not fit and a configuration out of range.
  public init(
    _ importance: FilterImportance, samples: NetworkSamples, labels: [String],
    configuration: Configuration = Configuration(), onStep: (String) -> Void = { _ in }
  ) throws(NeuronError) {
    if let percent = configuration.percents.first(where: { !(0...100).contains($0) }) {
      throw .invalidInput("pruning: found \(percent) percent, expected from 0 to 100")
    }
    if configuration.randomDraws < 1 {
      throw .invalidInput("pruning: found \(configuration.randomDraws) draws, expected at least 1")
    }
    guard labels.count == samples.count else {
      throw .invalidInput("found \(labels.count) labels for \(samples.count) samples, expected as many")
    }
    classes = try ClassCoding(labels: labels, outputs: samples.outputCount == 1 ? 2 : samples.outputCount)
    self.configuration = configuration
    let run = PruningRun(importance: importance, samples: samples, labels: classes.encode(labels), configuration: configuration)
    accuracy = run.accuracy(try samples.isRight(run.labels))
    var steps: [Step] = []
    for (place, percent) in configuration.percents.enumerated() {
      onStep("without \(percent) % of the filters")
      steps.append(try run.step(percent, place))
    }
    self.steps = steps
  }

  /// How many of a layer's filters are pruned: int(count · percent / 100), but at least one above 0 %.
  public static func count(of filters: Int, percent: Double) -> Int {
    percent > 0 ? max(1, Int(Double(filters) * percent / 100)) : 0
  }
}

extension FilterImportance {
  /// The filters of every convolution that are pruned first.
  ///
  /// - Parameter percent: of each convolution's filters, as ``FilterPruning/count(of:percent:)`` rounds it.
  public func leastImportant(percent: Double) -> [(layer: String, filters: [Int])] {
    layers.map { layer in
      (layer: layer.name, filters: Array(layer.ascending[..<FilterPruning.count(of: layer.filterCount, percent: percent)]))
    }
  }
}

/// What all shares have in common.
private struct PruningRun {
  let importance: FilterImportance
  let samples: NetworkSamples
  let labels: [Int]
  let configuration: FilterPruning.Configuration

  func accuracy(_ right: [Bool]) -> Double { Double(right.count { $0 }) / Double(right.count) }

  func step(_ percent: Double, _ place: Int) throws(NeuronError) -> FilterPruning.Step {
    let chosen = importance.leastImportant(percent: percent)
    let right = try isRight(without: chosen)
    // Per sample: whether it is right, less how often it is with others gone.
    var balance = right.map { $0 ? 1.0 : 0 }
    var accuracies: [Double] = []
    let draws = configuration.drawsAsInSeed ? 1 : configuration.randomDraws
    for draw in 0..<draws {
      // Draws of several shares are nested, unless they are the published program's.
      var random = RandomSource(seed: configuration.seed, stream: configuration.drawsAsInSeed ? 1 << 40 + place : draw)
      let drawn = zip(importance.layers, chosen).map { layer, part in
        (layer: layer.name, filters: Array(random.permutation(layer.filterCount)[..<part.filters.count]))
      }
      let other = try isRight(without: drawn)
      accuracies.append(accuracy(other))
      for sample in balance.indices where other[sample] { balance[sample] -= 1 / Double(draws) }
    }
    let (own, (mean, deviation)) = (accuracy(right), RandomControl.moments(accuracies))
    do throws(StatisticsError) {
      let bootstrap = try Bootstrap(
        meansOf: NDArray(balance, shape: [balance.count, 1]), draws: 2000, seed: configuration.seed)
      let ends = try quantiles(accuracies, [0.025, 0.975])
      return FilterPruning.Step(
        percent: percent, filters: chosen, accuracy: own, randomAccuracies: accuracies, randomMean: mean, randomStd: deviation,
        randomInterval: Interval(lower: ends[0], upper: ends[1]),
        pValue: configuration.drawsAsInSeed ? nil : RandomControl.pValue(own, among: accuracies), difference: own - mean,
        differenceInterval: bootstrap.intervals()[0])
    } catch { throw .statistics("pruning", error) }
  }

  private func isRight(without filters: [(layer: String, filters: [Int])]) throws(NeuronError) -> [Bool] {
    let network: Network
    do throws(NetworkError) {
      network = try samples.network.pruned(filters, ablating: configuration.ablation)
    } catch { throw .network(error) }
    return try samples.isRight(labels, by: network)
  }
}
