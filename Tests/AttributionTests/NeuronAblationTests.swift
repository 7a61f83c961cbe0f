@testable import Attribution
import Foundation
import Statistics
import TensorCore
import Testing

@Suite struct NeuronAblationTests {
  /// The prefix sums against a pass of its own for every number of ablated features.
  @Test(arguments: [2, 3], AblationBaseline.allCases)
  func sweepAgainstOnePassEach(_ outputs: Int, _ baseline: AblationBaseline) throws {
    let planted = try PlantedShortcut(outputs: outputs)
    let (head, split, width) = (planted.head, planted.test, PlantedShortcut.width)
    let values = baseline.values(
      train: planted.train, split: split, trainMeans: planted.train.features.columns.map { $0.reduce(0, +) / 150 }, seed: 3)
    // One label is a class that the head does not know: it is always wrong.
    let labels = [-1] + split.targets.dropFirst().map { Int($0) ?? -1 }
    let sweep = AblationSweep(head: head, features: split.features, baselines: values, labels: labels)
    let orders = ControlOrders(count: 3, features: width, seed: 9).orders
    let accuracies = sweep.accuracies(along: orders)
    for (index, order) in orders.enumerated() {
      let performance = sweep.performance(order, at: Array(0...width))
      for number in 0...width {
        var (x, gone) = (split.features.doubles, Set(order[..<number]))
        let replaced = values.doubles
        for place in x.indices where gone.contains(place % width) { x[place] = replaced[place] }
        gone = []
        let logits = head.logits(NDArray(x, shape: split.features.shape))
        var (right, margin, loss) = (0.0, 0.0, 0.0)
        for (sample, label) in labels.enumerated() where label >= 0 {
          let own = Array(logits[sample * outputs..<(sample + 1) * outputs])
          let others = own.indices.filter { $0 != label }.map { own[$0] }
          let best = own.indices.reduce(0) { own[$1] > own[$0] ? $1 : $0 }
          right += best == label ? 1 : 0
          margin += own[label] - (others.max() ?? 0)
          loss += log(own.reduce(0) { $0 + exp($1) }) - own[label]
        }
        #expect(accuracies[index][number] == right / 150 && performance[number].accuracy == right / 150)
        let found = (try #require(performance[number].margin), try #require(performance[number].logLoss))
        #expect(abs(found.0 - margin / 149) < 1e-10 && abs(found.1 - loss / 149) < 1e-10)
      }
    }
  }

  /// With everything at its baseline all samples are alike: a tie there is a tie, and goes to the first class.
  @Test func tiesAreNotBrokenByRounding() throws {
    let planted = try PlantedShortcut()
    let head = try LinearHead(weight: planted.head.weights, bias: nil)
    var configuration = NeuronAblation.Configuration()
    configuration.baselines = [.zero]
    let study = try NeuronAblation(head: head, train: planted.train, splits: [planted.test], configuration: configuration)
    let row = try #require(study.splits[0].rows.last)
    #expect(row.number == PlantedShortcut.width)
    #expect(row.group.headAccuracy == Double(planted.test.targets.count { $0 == "0" }) / 150)
    let control = try #require(row.controls[.random])
    #expect(control.headAccuracyStd == 0 && control.pValue == 1)
  }

  /// Zero once standardised is the mean of the training values: of 1 and 3 it is 2, and not 0. The head tells the two apart.
  @Test func ablationToTheTrainingMean() throws {
    let train = try FeatureSplit(
      name: "train", features: NDArray([1.0, 3, 1, 3], shape: [4, 1]), groups: ["a", "b", "a", "b"],
      targets: ["0", "1", "0", "1"])
    // The logit of class 1 is x − 1: 1 at the mean, −1 at zero.
    let head = try LinearHead(weight: NDArray([1.0], shape: [1, 1]), bias: NDArray([-1.0], shape: [1]))
    var configuration = NeuronAblation.Configuration()
    configuration.baselines = [.trainMean, .zero]
    configuration.numbers = [1]
    let test = try FeatureSplit(name: "test", features: NDArray([7.0], shape: [1, 1]), groups: nil, targets: ["1"])
    let study = try NeuronAblation(head: head, train: train, splits: [test], configuration: configuration)
    let (mean, zero) = (try #require(study.splits[0].rows.first), try #require(study.otherBaselines[0].splits[0].rows.first))
    #expect(mean.group.headAccuracy == 1 && zero.group.headAccuracy == 0)
    let loss = (mean: try #require(mean.group.logLoss), zero: try #require(zero.group.logLoss))
    #expect(abs(loss.mean - log(1 + exp(-1.0))) < 1e-12 && abs(loss.zero - log(1 + exp(1.0))) < 1e-12)
  }

  @Test func plantedLeaksAreFound() throws {
    let planted = try PlantedShortcut()
    var configuration = NeuronAblation.Configuration()
    configuration.numbers = [0, 3]
    configuration.controls = AblationControl.allCases
    configuration.randomOrders = 200
    let study = try NeuronAblation(
      head: planted.head, train: planted.train, splits: [planted.test], configuration: configuration)
    #expect(Set(study.groupScores.ranking.prefix(3)) == Set(PlantedShortcut.leaks))
    #expect(study.groupScores.classes.names == ["hospital 0", "hospital 1"])
    let (none, three) = (study.splits[0].rows[0], study.splits[0].rows[1])
    // Out of distribution the head is better off without the leaks, and the group cannot be told any more.
    #expect(three.group.headAccuracy > none.group.headAccuracy + 0.05)
    let probes = (before: try #require(none.group.groupProbe), after: try #require(three.group.groupProbe))
    #expect(probes.after < probes.before - 0.2)
    for kind in AblationControl.allCases {
      let control = try #require(three.controls[kind])
      let pValues = [try #require(control.pValue), try #require(control.groupProbePValue)]
      #expect(pValues.allSatisfy { $0 < 0.05 }, "\(kind): \(pValues)")
      #expect(none.controls[kind]?.pValue == 1)
    }
    configuration.numbers = Array(0...PlantedShortcut.width)
    let all = try NeuronAblation(head: planted.head, train: planted.train, splits: [planted.test], configuration: configuration)
    let curve = try #require(all.splits[0].curve?[.random])
    let mean = all.splits[0].rows.reduce(0) { $0 + $1.group.headAccuracy } / Double(PlantedShortcut.width + 1)
    #expect(abs(curve.group - mean) < 1e-12 && (0...1).contains(curve.pValue))
    #expect(study.warnings.isEmpty)
  }

  /// One permutation gives every size, and strata keep what they match.
  @Test func controlsAreNestedAndMatched() {
    let property = (0..<40).map { Double(($0 * 17) % 40) }
    let targeted = Array((0..<40).reversed())
    let stratum = { (feature: Int) in Int(property[feature]) * 4 / 40 }
    let matched = ControlOrders(count: 30, matching: targeted, by: property, seed: 4)
    for order in matched.orders {
      #expect(Set(order) == Set(0..<40))
      #expect(zip(order, targeted).allSatisfy { stratum($0) == stratum($1) })
    }
    #expect(Set(matched.orders).count == 30)
    let plain = ControlOrders(count: 30, features: 40, seed: 4)
    #expect(plain.orders.allSatisfy { Set($0) == Set(0..<40) } && Set(plain.orders).count == 30)
    // More orders begin with the same ones.
    #expect(Array(ControlOrders(count: 60, features: 40, seed: 4).orders[..<30]) == plain.orders)
  }

  /// What asking as the published procedure does changes: other numbers change the draws, and there is no p-value.
  @Test func drawsAsInSeed() throws {
    let planted = try PlantedShortcut()
    func control(_ numbers: [Int], asInSeed: Bool) throws -> SplitReport.Control {
      var configuration = NeuronAblation.Configuration()
      configuration.numbers = numbers
      configuration.drawsAsInSeed = asInSeed
      let study = try NeuronAblation(
        head: planted.head, train: planted.train, splits: [planted.test], configuration: configuration)
      return try #require(study.splits[0].rows.last?.controls[.random])
    }
    #expect(try control([4], asInSeed: false) == control([1, 2, 4], asInSeed: false))
    let (alone, after) = (try control([4], asInSeed: true), try control([1, 2, 4], asInSeed: true))
    #expect(alone != after && alone.pValue == nil)
    #expect(try control([0], asInSeed: true).headAccuracyStd == 0)
  }

  @Test func threadsDoNotMatter() throws {
    let planted = try PlantedShortcut()
    var configuration = NeuronAblation.Configuration()
    configuration.sampleLimit = 100
    configuration.refitsProbes = true
    func outcomes() throws -> [SplitReport.Outcome] {
      try NeuronAblation(head: planted.head, train: planted.train, splits: [planted.test], configuration: configuration)
        .splits[0].rows.flatMap { [$0.group, $0.target] }
    }
    let threads = Parallel.threadCount
    defer { Parallel.threadCount = threads }
    let first = try outcomes()
    Parallel.threadCount = 1
    #expect(try outcomes() == first)
  }

  @Test func edges() throws {
    let planted = try PlantedShortcut()
    func message(_ body: () throws -> NeuronAblation) -> String {
      do { _ = try body() } catch { return "\(error)" }
      return "no error"
    }
    func replaced(_ split: FeatureSplit, groups: [String]?, targets: [String]? = nil) throws -> FeatureSplit {
      try FeatureSplit(name: split.name, features: split.features, groups: groups, targets: targets ?? split.targets)
    }
    let one = [String](repeating: "1", count: 150)
    // One group in a split: its probe has no accuracy, with a warning. In training: nothing to rank by.
    let study = try NeuronAblation(
      head: planted.head, train: planted.train, splits: [try replaced(planted.test, groups: one.map { _ in "hospital 1" })])
    #expect(study.splits[0].rows.allSatisfy { $0.group.groupProbe == nil } && study.warnings.count == 1)
    #expect(study.warnings[0].contains("one group only (hospital 1)"))
    #expect(
      message { try NeuronAblation(head: planted.head, train: replaced(planted.train, groups: one), splits: [planted.test]) }
        .contains("found one class (1), expected at least two"))
    #expect(
      message { try NeuronAblation(head: planted.head, train: replaced(planted.train, groups: nil), splits: [planted.test]) }
        .contains("no group labels"))
    // Labels that are words: as many as the head has outputs, in alphabetical order.
    let words = planted.train.targets.map { $0 == "0" ? "healthy" : "tumour" }
    let named = try NeuronAblation(
      head: planted.head, train: replaced(planted.train, groups: planted.train.groups, targets: words),
      splits: [
        replaced(
          planted.test, groups: planted.test.groups, targets: planted.test.targets.map { $0 == "0" ? "healthy" : "tumour" })
      ])
    let plain = try NeuronAblation(head: planted.head, train: planted.train, splits: [planted.test])
    #expect(named.splits[0].rows.map(\.group) == plain.splits[0].rows.map(\.group))
    #expect(
      message {
        try NeuronAblation(
          head: planted.head,
          train: replaced(planted.train, groups: planted.train.groups, targets: words.indices.map { "c\($0 % 3)" }),
          splits: [planted.test])
      }.contains("found 5 classes"))
    // A single sample has an accuracy.
    let single = try NeuronAblation(
      head: planted.head, train: planted.train, splits: [try planted.test.selecting([0])])
    #expect(single.splits[0].rows.allSatisfy { [0, 1].contains($0.group.headAccuracy) && $0.group.logLoss?.isFinite == true })
    // More features than samples, and constant ones.
    let few = try planted.train.selecting(Array(0..<10))
    #expect(
      try NeuronAblation(head: planted.head, train: few, splits: [planted.test]).warnings.contains {
        $0.contains("10 samples for 16")
      })
    for (numbers, text) in [([17], "found 17 features to ablate, expected from 0 to 16"), ([], "no number")] {
      var configuration = NeuronAblation.Configuration()
      configuration.numbers = numbers
      #expect(
        message {
          try NeuronAblation(head: planted.head, train: planted.train, splits: [planted.test], configuration: configuration)
        }
        .contains(text))
    }
    #expect(throws: NeuronError.self) {
      try FeatureSplit(name: "x", features: NDArray([1.0, .nan], shape: [2, 1]), groups: nil, targets: ["0", "1"])
    }
  }
}
