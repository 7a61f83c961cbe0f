import Attribution
import Autograd
import Foundation
import Networks
import Statistics
import TensorCore
import Testing

@Suite struct FilterImportanceTests {
  @Test(arguments: [FilterSummary.frobenius, .mean, .maximum])
  func everyNumberOfTheReference(_ summary: FilterSummary) throws {
    let (samples, expected) = (try FilterReference.samples(), try FilterReference.load())
    let wanted = try #require(expected.summaries[summary.name])
    var configuration = FilterImportance.Configuration()
    configuration.summary = summary
    let importance = try FilterImportance(samples, configuration: configuration)
    #expect(importance.layers.map(\.name) == expected.layers && importance.layers.map(\.parents) == wanted.parents)
    #expect(relativeDifference(importance.layers.map(\.rawImportance), wanted.raw) < 1e-9)
    #expect(relativeDifference(importance.layers.map(\.standardisedImportance), wanted.standardised) < 1e-9)
    #expect(importance.layers.map(\.importance) == importance.layers.map(\.standardisedImportance))
    let explained = importance.layers.map { layer in (layer.fit?.rSquared ?? []).compactMap { $0 } }
    #expect(relativeDifference(explained, wanted.rSquared) < 1e-9)
    for (layer, importance) in zip(importance.layers, wanted.standardised) {
      #expect(layer.ranking == descendingOrder(importance))
      #expect(layer.isUniform == layer.children.isEmpty)
    }
    configuration.isWeightedByRSquared = true
    let weighted = try FilterImportance(samples, configuration: configuration)
    #expect(relativeDifference(weighted.layers.map(\.importance), wanted.weighted) < 1e-9)
  }

  /// Parents across a skip are those of the graph; the published program takes whichever convolution the list has before.
  @Test func parentsAcrossASkip() throws {
    let (samples, wanted) = (try FilterReference.samples("filters_residual.onnx"), try FilterReference.load().residual)
    let importance = try FilterImportance(samples)
    let names = try #require(wanted.layers)
    for (place, name) in names.enumerated() {
      let layer = try #require(importance.layers.first { $0.name == name })
      #expect(layer.parents == wanted.parents[place], "\(name)")
      #expect(relativeDifference([layer.rawImportance], [wanted.raw[place]]) < 1e-9, "\(name)")
      #expect(relativeDifference([layer.importance], [wanted.standardised[place]]) < 1e-9, "\(name)")
      let explained = (layer.fit?.rSquared ?? []).compactMap { $0 }
      #expect(relativeDifference([explained], [wanted.rSquared[place]]) < 1e-8, "\(name)")
    }
    let published = try FilterImportance(samples, configuration: .asInSeed)
    let order = published.layers.map(\.name)
    for (place, layer) in published.layers.enumerated() { #expect(layer.parents == (place > 0 ? [order[place - 1]] : [])) }
    let wrong = published.layers.filter { layer in importance.layers.first { $0.name == layer.name }?.parents != layer.parents }
    #expect(!wrong.isEmpty && wrong.count < order.count)
    // 'stem' has two children in the graph, of which the list knows one.
    let stems = try [importance, published].map { try #require($0.layers.first { $0.name == "stem" }) }
    #expect(stems[0].children == ["first", "side"] && stems[1].children.count == 1)
    #expect(stems[0].rawImportance != stems[1].rawImportance)
  }

  /// y = 3a + b: raw shares (.75, .25); with a rescaled by 10, (.2308, .7692), and the standardised ones stay. The filters a and b are
  /// the input's channels, whose maps have one position.
  @Test func scaleOfAFilter() throws {
    func shares(_ scale: Double) throws -> FilterImportance.Layer {
      var builder = NetworkBuilder()
      let x = builder.input(shape: [nil, 2, 1, 1])
      let ab = builder.convolution("ab", x, from: 2, to: 2, kernel: 1, bias: false)
      let y = builder.convolution("y", ab, from: 2, to: 1, kernel: 1, bias: false)
      builder.output(builder.add("flatten", Flattening(), y))
      var network = try builder.build(seed: 1, dtype: .float64)
      network = try network.replacing(parameter: "ab.weight", with: NDArray([scale, 0, 0, 1], shape: [2, 2, 1, 1]))
      network = try network.replacing(parameter: "y.weight", with: NDArray([3 / scale, 1], shape: [1, 2, 1, 1]))
      var random = RandomSource(seed: 1)
      // Positive, so that a map's norm is its value.
      let inputs = NDArray((0..<60).map { _ in 1 + random.uniform() }, shape: [30, 2, 1, 1])
      return try FilterImportance(NetworkSamples(network: network, inputs: inputs)).layers[0]
    }
    let (plain, scaled) = (try shares(1), try shares(10))
    #expect(relativeDifference([plain.rawImportance], [[0.75, 0.25]]) < 1e-12)
    #expect(relativeDifference([scaled.rawImportance], [[0.3 / 1.3, 1 / 1.3]]) < 1e-12)
    #expect(relativeDifference([plain.standardisedImportance], [scaled.standardisedImportance]) < 1e-12)
    #expect(plain.importance == plain.standardisedImportance)
  }

  /// The published program never asks for evaluation: then the batch's statistics take the place of those of training.
  @Test func trainingMode() throws {
    let (samples, expected) = (try FilterReference.samples(), try FilterReference.load())
    var configuration = FilterImportance.Configuration.asInSeed
    configuration.mode = .training(seed: 0)
    let training = try FilterImportance(samples, configuration: configuration).layers.map(\.importance)
    #expect(relativeDifference(training, expected.training) < 1e-9)
    let evaluation = try FilterImportance(samples, configuration: .asInSeed).layers.map(\.importance)
    #expect(relativeDifference(evaluation, try #require(expected.summaries["frobenius"]).raw) < 1e-9)
    #expect(relativeDifference(training, evaluation) > 1e-3)
  }

  /// The published program adds what a call gives to what the one before left.
  @Test func aSecondCall() throws {
    let (first, second) = (try FilterReference.samples(count: 60), try FilterReference.samples())
    let alone = try FilterImportance(second, configuration: .asInSeed)
    var configuration = FilterImportance.Configuration.asInSeed
    configuration.addedTo = try FilterImportance(first, configuration: .asInSeed).layers.map(\.importance)
    let added = try FilterImportance(second, configuration: configuration)
    #expect(relativeDifference(added.layers.map(\.importance), alone.layers.map(\.importance)) > 1e-3)
    #expect(added.layers.allSatisfy { abs($0.importance.reduce(0, +) - 1) < 1e-12 })
    // Without it a second call on the same samples is the first one again.
    #expect(try FilterImportance(second, configuration: .asInSeed).layers.map(\.importance) == alone.layers.map(\.importance))
    configuration.addedTo = [[1]]
    #expect(throws: NeuronError.self) { try FilterImportance(first, configuration: configuration) }
  }

  /// Any function of a map will do.
  @Test func aSummaryOfOnesOwn() throws {
    let samples = try FilterReference.samples(count: 100)
    var configuration = FilterImportance.Configuration()
    configuration.summary = FilterSummary("sum of squares") { map in map.reduce(0) { $0 + $1 * $1 } }
    let own = try FilterImportance(samples, configuration: configuration)
    #expect(try own.layers[0].importance != FilterImportance(samples).layers[0].importance)
    configuration.summary = FilterSummary("ten times the mean") { 10 * $0.reduce(0, +) / Double($0.count) }
    let scaled = try FilterImportance(samples, configuration: configuration).layers.map(\.importance)
    configuration.summary = .mean
    #expect(
      relativeDifference(scaled, try FilterImportance(samples, configuration: configuration).layers.map(\.importance)) < 1e-9)
    configuration.summary = FilterSummary("nothing") { _ in .nan }
    #expect(throws: NeuronError.self) { try FilterImportance(samples, configuration: configuration) }
  }

  @Test func heatMap() throws {
    let samples = try FilterReference.samples()
    let importance = try FilterImportance(samples)
    let map = try #require(try importance.heatMap(of: 0, in: samples))
    let wanted = try FilterReference.load().heatMap
    #expect(map.shape == [8, 8] && zip(map.doubles, wanted).allSatisfy { abs($0 - $1) < 1e-12 })
    for sample in [-1, samples.count] { #expect(throws: NeuronError.self) { try importance.heatMap(of: sample, in: samples) } }
  }

  @Test func threadsDoNotMatter() throws {
    let samples = try FilterReference.samples()
    let threads = Parallel.threadCount
    defer { Parallel.threadCount = threads }
    let first = try FilterImportance(samples).layers.map(\.importance)
    Parallel.threadCount = 1
    #expect(try FilterImportance(samples).layers.map(\.importance) == first)
  }

  /// One sample, fewer samples than filters, constant and equal filters: an answer with a warning, and no NaN.
  @Test(arguments: [1, 2, 5])
  func fewSamples(count: Int) throws {
    let importance = try FilterImportance(FilterReference.samples(count: count))
    for layer in importance.layers {
      #expect(layer.importance.allSatisfy(\.isFinite) && abs(layer.importance.reduce(0, +) - 1) < 1e-12)
      #expect(layer.importance.allSatisfy { $0 >= 0 } && layer.isUniform == (count == 1 || layer.children.isEmpty))
      let explained = (layer.fit?.rSquared ?? []).compactMap { $0 }
      #expect(explained.allSatisfy { $0.isFinite })
      #expect(layer.fit.map { $0.rank < $0.coefficients.shape[1] } ?? true)
    }
    #expect(importance.warnings.count { $0.contains("\(count) observations for") } == 2)
    if count == 1 { #expect(importance.warnings.contains { $0.contains("account for nothing in features.3") }) }
  }

  @Test func constantAndEqualFilters() throws {
    var samples = try FilterReference.samples()
    let weight = try #require(try samples.network.layer(named: "features.0").parameter("weight"))
    // Filter 0 is silent, and filter 2 is filter 1 again.
    var values = weight.doubles
    for place in 0..<9 { (values[place], values[18 + place]) = (0, values[9 + place]) }
    var network = try samples.network.replacing(parameter: "features.0.weight", with: NDArray(values, shape: weight.shape))
    var bias = try #require(try network.layer(named: "features.0").parameter("bias")).doubles
    (bias[0], bias[2]) = (0, bias[1])
    network = try network.replacing(parameter: "features.0.bias", with: NDArray(bias, shape: [bias.count]))
    samples = try NetworkSamples(network: network, inputs: samples.inputs)
    let importance = try FilterImportance(samples)
    let first = importance.layers[0]
    #expect(first.importance[0] == 0 && abs(first.importance[1] - first.importance[2]) < 1e-9)
    #expect(first.ascending[0] == 0 && importance.layers[1].fit?.rank == 4)
    #expect(importance.warnings.contains { $0.contains("the 6 predictors have rank 4") })
  }

  @Test func networksThatHaveNoAnswer() throws {
    var builder = NetworkBuilder()
    builder.output(builder.linear("fc", builder.input(shape: [nil, 3]), from: 3, to: 2))
    let linear = try NetworkSamples(network: builder.build(seed: 1), inputs: .zeros([2, 3]))
    #expect(throws: NeuronError.self) { try FilterImportance(linear) }
    let samples = try FilterReference.samples()
    let broken = try NetworkSamples(network: samples.network, inputs: NDArray(repeating: .nan, shape: [3, 1, 8, 8]))
    #expect(throws: NeuronError.self) { try FilterImportance(broken) }
  }
}

@Suite struct FilterPruningTests {
  private func prune(
    _ importance: FilterImportance, _ samples: NetworkSamples, _ change: (inout FilterPruning.Configuration) -> Void
  ) throws -> FilterPruning {
    var configuration = FilterPruning.Configuration()
    configuration.randomDraws = 20
    change(&configuration)
    return try FilterPruning(importance, samples: samples, labels: FilterReference.labels(), configuration: configuration)
  }

  @Test func accuraciesOfTheReference() throws {
    let (samples, expected) = (try FilterReference.samples(), try FilterReference.load())
    let repaired = try prune(FilterImportance(samples), samples) { _ in }
    #expect(repaired.accuracy == expected.accuracy && repaired.steps.map(\.percent) == expected.pruning.map(\.percent))
    #expect(repaired.steps.map(\.accuracy) == expected.pruning.map(\.output))
    let published = try prune(FilterImportance(samples, configuration: .asInSeed), samples) { $0.ablation = .weights }
    #expect(published.steps.map(\.accuracy) == expected.pruning.map(\.weights))
    // What is zero before the normalisation is not zero behind it.
    #expect(repaired.steps.map(\.randomMean) != published.steps.map(\.randomMean))
  }

  @Test func randomDraws() throws {
    let samples = try FilterReference.samples()
    let importance = try FilterImportance(samples)
    let pruning = try prune(importance, samples) { _ in }
    for step in pruning.steps {
      #expect(step.randomAccuracies.count == 20 && Set(step.randomAccuracies).count > 1)
      let mean = step.randomAccuracies.reduce(0, +) / 20
      #expect(abs(step.randomMean - mean) < 1e-12 && step.randomStd > 0)
      let below = step.randomAccuracies.count { $0 <= step.accuracy + 1e-12 }
      let above = step.randomAccuracies.count { $0 >= step.accuracy - 1e-12 }
      let tail = min(below, above)
      #expect(step.pValue == min(1, 2 * Double(1 + tail) / 21))
      #expect((step.randomInterval.lower...step.randomInterval.upper).contains(step.randomMean))
      #expect(abs(step.difference - (step.accuracy - mean)) < 1e-12)
      #expect((step.differenceInterval.lower...step.differenceInterval.upper).contains(step.difference))
      #expect(step.filters.map(\.filters.count) == [6, 8, 12].map { FilterPruning.count(of: $0, percent: step.percent) })
    }
    // Nested: a share's draws do not depend on which others are asked for. Another seed gives others.
    let alone = try prune(importance, samples) { $0.percents = [50] }
    #expect(alone.steps[0].randomAccuracies == pruning.steps[2].randomAccuracies)
    let other = try prune(importance, samples) { $0.seed = 1 }
    #expect(other.steps.map(\.randomAccuracies) != pruning.steps.map(\.randomAccuracies))
    #expect(other.steps.map(\.accuracy) == pruning.steps.map(\.accuracy))
  }

  /// One draw for each share, and no p-value.
  @Test func drawsAsInSeed() throws {
    let samples = try FilterReference.samples()
    let published = try prune(FilterImportance(samples, configuration: .asInSeed), samples) { $0.drawsAsInSeed = true }
    #expect(published.steps.allSatisfy { $0.randomAccuracies.count == 1 && $0.pValue == nil && $0.randomStd == 0 })
    let repaired = try prune(FilterImportance(samples, configuration: .asInSeed), samples) { _ in }
    #expect(repaired.steps.allSatisfy { $0.pValue != nil && $0.randomStd > 0 })
  }

  @Test func shares() throws {
    #expect([0, 0.1, 10, 25, 50, 99.9, 100].map { FilterPruning.count(of: 8, percent: $0) } == [0, 1, 1, 2, 4, 7, 8])
    let samples = try FilterReference.samples()
    let importance = try FilterImportance(samples)
    let ends = try prune(importance, samples) { $0.percents = [0, 100] }
    #expect(ends.steps[0].accuracy == ends.accuracy && ends.steps[0].pValue == 1 && ends.steps[0].randomStd == 0)
    // Nothing is left: one class for all, and no draw differs.
    #expect(ends.steps[1].prunedCount == 26 && ends.steps[1].randomStd == 0 && ends.steps[1].pValue == 1)
    // Equal importances are pruned in their order.
    #expect(importance.leastImportant(percent: 25)[2].filters == [0, 1, 2])
  }

  @Test func edges() throws {
    let samples = try FilterReference.samples(count: 3)
    let importance = try FilterImportance(samples)
    let labels = try Array(FilterReference.labels()[..<3])
    var configuration = FilterPruning.Configuration()
    configuration.randomDraws = 3
    func prune(_ labels: [String]) throws -> FilterPruning {
      try FilterPruning(importance, samples: samples, labels: labels, configuration: configuration)
    }
    #expect(try (0...1).contains(prune(labels).accuracy))
    // One class only is a class of the network; words must be as many as its outputs.
    #expect(try prune(["4", "4", "4"]).accuracy.isFinite)
    #expect(throws: NeuronError.self) { try prune(["a", "b", "c"]) }
    #expect(throws: NeuronError.self) { try prune(["1"]) }
    configuration.percents = [101]
    #expect(throws: NeuronError.self) { try prune(labels) }
    (configuration.percents, configuration.randomDraws) = ([10], 0)
    #expect(throws: NeuronError.self) { try prune(labels) }
  }
}
