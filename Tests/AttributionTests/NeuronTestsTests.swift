import Attribution
import Foundation
import Networks
import Statistics
import TensorCore
import Testing

@Suite struct NeuronTestsTests {
  @Test func everyStatisticOfTheReference() throws {
    let (reference, study) = (try NeuronReference.load(), try NeuronReference.study())
    let right = try study.isRight()
    #expect(Double(right.count { $0 }) / Double(right.count) == reference.accuracy)
    #expect(study.samples.hiddenLayers == ["linear1", "linear2"])
    let activations = try study.samples.activations(of: study.samples.hiddenLayers)
    let tests = try NeuronTests(activations: activations, isPositive: study.isPositive)
    for layer in tests.layers {
      let expected = try #require(reference.layers[layer.name])
      #expect(layer.neurons.count == expected.count)
      for (neuron, wanted) in zip(layer.neurons, expected) {
        let place = "\(layer.name), neuron \(neuron.index)"
        for side in 0..<2 {
          #expect(isClose(neuron.shapiro[side]?.statistic, wanted.shapiroW[side], 1e-8), "\(place)")
          #expect(isClose(neuron.shapiro[side]?.pValue, wanted.shapiroP[side], 1e-6), "\(place)")
        }
        #expect(isClose(neuron.pooledShapiro?.pValue, wanted.pooledShapiroP, 1e-6), "\(place)")
        #expect(isClose(neuron.welch?.statistic, wanted.welchT, 1e-8) && isClose(neuron.welch?.pValue, wanted.welchP, 1e-8))
        #expect(neuron.mannWhitney.statistic == wanted.mannWhitneyU, "\(place)")
        #expect(isClose(neuron.mannWhitney.pValue, wanted.mannWhitneyP, 1e-8), "\(place)")
        #expect(isClose(neuron.qValue, wanted.qValue, 1e-8), "\(place)")
        #expect(neuron.test.rawValue == wanted.test && neuron.isImportant == wanted.important, "\(place)")
      }
      let separation = layer.separation.map { abs(layer.neurons[$0].rankBiserial) }
      #expect(separation == separation.sorted(by: >))
    }
    #expect(tests.warnings.isEmpty)
  }

  /// Neurons by hand: one that separates, one that does not, one constant, one constant in a class.
  @Test func neuronsWithoutATest() throws {
    let rows: [[Double]] = (0..<12).map { sample in
      let isPositive = sample < 6
      return [Double(sample % 6) + (isPositive ? 100 : 0), Double(sample % 6), 7, isPositive ? 1 : Double(sample)]
    }
    let tests = try NeuronTests(
      activations: [("hidden", NDArray(rows.flatMap { $0 }, shape: [12, 4]))], isPositive: (0..<12).map { $0 < 6 })
    let neurons = tests.layers[0].neurons
    #expect(neurons[0].isImportant && neurons[0].rankBiserial == 1 && neurons[0].effectSize.map { $0 > 10 } == true)
    #expect(!neurons[1].isImportant && neurons[1].rankBiserial == 0 && neurons[1].klDivergence == 0)
    #expect(neurons[2].pValue == 1 && neurons[2].effectSize == nil && neurons[2].shapiro == [nil, nil])
    #expect(neurons[2].pooledShapiro == nil && neurons[2].test == .mannWhitney)
    #expect(neurons[3].test == .mannWhitney && neurons[3].isImportant && neurons[3].effectSize != nil)
    #expect(tests.layers[0].normality.count == 3)
    #expect(tests.warnings.count == 2)
    for neuron in neurons {
      let numbers = [neuron.pValue, neuron.qValue, neuron.klDivergence, neuron.jensenShannon]
      #expect(numbers.allSatisfy { $0.isFinite })
    }
  }

  @Test func edges() throws {
    let values = NDArray([1.0, 2, 3], shape: [3, 1])
    #expect(throws: NeuronError.self) { try NeuronTests(activations: [("a", values)], isPositive: [true, true, true]) }
    #expect(throws: NeuronError.self) { try NeuronTests(activations: [("a", values)], isPositive: [true, false]) }
    let small = try NeuronTests(activations: [("a", values)], isPositive: [true, false, true])
    #expect(small.layers[0].neurons[0].pValue == 1 && small.warnings.count == 1)
    let samples = try NeuronReference.samples()
    #expect(throws: NeuronError.self) { try NeuronStudy(samples, labels: ["0"]) }
    let words = (0..<samples.count).map { $0 % 2 == 0 ? "benign" : "malignant" }
    #expect(try NeuronStudy(samples, labels: words, positive: "benign").isPositive.count { $0 } == (samples.count + 1) / 2)
    #expect(throws: NeuronError.self) { try NeuronStudy(samples, labels: words, positive: "other") }
    #expect(throws: NeuronError.self) { try NeuronStudy(samples, labels: words.indices.map { "c\($0 % 3)" }) }
  }
}

@Suite struct NeuronMaskingTests {
  /// A network that listens to its first five hidden neurons; the first `informative` inputs go with the class.
  private func study(informative: Int = 5) throws -> NeuronStudy {
    var random = RandomSource(seed: 8)
    let (samples, width) = (200, 10)
    var values: [Double] = []
    for sample in 0..<samples {
      let sign: Double = sample % 2 == 0 ? -1 : 1
      for input in 0..<width { values.append((input < informative ? 2 * sign : 0) + random.normal()) }
    }
    var builder = NetworkBuilder()
    let x = builder.input(shape: [nil, width])
    let hidden = builder.linear("hidden", x, from: width, to: width)
    builder.output(builder.linear("out", builder.add("tanh", Activation(.tanh), hidden), from: width, to: 1))
    var network = try builder.build(seed: 1, dtype: .float64)
    let identity = (0..<width * width).map { $0 % (width + 1) == 0 ? 1.0 : 0 }
    network = try network.replacing(parameter: "hidden.weight", with: NDArray(identity, shape: [width, width]))
    network = try network.replacing(parameter: "hidden.bias", with: NDArray.zeros([width], dtype: .float64))
    network = try network.replacing(
      parameter: "out.weight", with: NDArray((0..<width).map { $0 < 5 ? 1 : 0.01 }, shape: [1, width]))
    network = try network.replacing(parameter: "out.bias", with: NDArray.zeros([1], dtype: .float64))
    return try NeuronStudy(
      NetworkSamples(network: network, inputs: NDArray(values, shape: [samples, width])),
      labels: (0..<samples).map { String($0 % 2) })
  }

  @Test func importantNeuronsAreMissed() throws {
    let masking = try NeuronMasking(study(), layers: ["hidden"])
    let comparison = try #require(masking.comparisons.first)
    #expect(masking.selectionCount == 100 && masking.evaluationCount == 100)
    #expect(comparison.importantCount == comparison.unimportantCount && comparison.importantCount == 4)
    #expect(comparison.accuracy > 0.98 && comparison.unimportantAccuracy > 0.98)
    #expect(comparison.importantAccuracy < comparison.unimportantAccuracy)
    #expect(comparison.difference < 0 && comparison.sampleInterval.upper < 0)
    #expect(comparison.importantAccuracies.count == 10)
  }

  /// As published, the samples that choose the neurons also judge, and the numbers are not matched.
  @Test func asInSeed() throws {
    var configuration = NeuronMasking.Configuration()
    configuration.isAsInSeed = true
    let study = try study(informative: 8)
    let published = try NeuronMasking(study, layers: ["hidden"], configuration: configuration)
    configuration.isAsInSeed = false
    let repaired = try NeuronMasking(study, layers: ["hidden"], configuration: configuration)
    #expect(published.selectionCount == 200 && published.evaluationCount == 200)
    #expect(published.comparisons.allSatisfy { $0.importantCount > $0.unimportantCount })
    #expect(repaired.selectionCount == 100 && repaired.evaluationCount == 100)
    #expect(repaired.comparisons.allSatisfy { $0.importantCount == $0.unimportantCount })
    #expect(!published.comparisons.isEmpty && !repaired.comparisons.isEmpty && repaired.warnings.count == 1)
  }

  @Test func configurationsOutOfRange() throws {
    let study = try study()
    for (share, repetitions) in [(0, 10), (1.5, 10), (0.9, 1)] {
      var configuration = NeuronMasking.Configuration()
      (configuration.share, configuration.repetitions) = (share, repetitions)
      #expect(throws: NeuronError.self) { try NeuronMasking(study, layers: ["hidden"], configuration: configuration) }
    }
  }
}

@Suite struct QuantilePathsTests {
  @Test func everyNumberOfTheReference() throws {
    let reference = try NeuronReference.load()
    let paths = try QuantilePaths(NeuronReference.samples(), target: 0)
    #expect(paths.layers.map(\.name) == reference.paths.map(\.name) && paths.warnings.isEmpty)
    for (layer, wanted) in zip(paths.layers, reference.paths) {
      #expect(layer.quantiles.count == wanted.quantiles.count)
      for (a, b) in zip(layer.quantiles, wanted.quantiles) { #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-12 }) }
      for (a, b) in [
        (layer.positiveVariation, wanted.positiveVariation), (layer.negativeVariation, wanted.negativeVariation),
      ] {
        #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-10 }, "\(layer.name)")
      }
      #expect(layer.positive == wanted.positive && layer.negative == wanted.negative, "\(layer.name)")
      #expect(layer.isExact == (layer.name == "fc"))
    }
  }

  /// At the last layer the answer is w · (highest − lowest).
  @Test func theLastLayerIsExact() throws {
    let samples = try NeuronReference.samples()
    let layer = try #require(try QuantilePaths(samples, target: 0).layers.first)
    let weight = try #require(try samples.network.layer(named: "fc").parameter("weight")).doubles
    for input in weight.indices {
      let span = layer.quantiles[6][input] - layer.quantiles[0][input]
      #expect(layer.positiveVariation[input] == weight[input] * span)
    }
  }

  /// As published, the negative path holds neurons that raise the target.
  @Test func asInSeed() throws {
    var configuration = QuantilePaths.Configuration()
    configuration.isAsInSeed = true
    let samples = try NeuronReference.samples()
    let seed = try #require(try QuantilePaths(samples, target: 0, configuration: configuration).layers.first)
    let repaired = try #require(try QuantilePaths(samples, target: 0).layers.first)
    #expect(seed.negative == seed.positive && repaired.negative != repaired.positive)
    #expect(repaired.negative.allSatisfy { repaired.negativeVariation[$0] < 0 })
  }

  /// Several outputs, layers wider than each other, and an empty side, where the published program fails.
  @Test func widthsAndOutputs() throws {
    var builder = NetworkBuilder()
    let x = builder.input(shape: [nil, 3])
    let hidden = builder.linear("a", x, from: 3, to: 7)
    builder.output(builder.linear("b", builder.add("relu", Activation(.relu), hidden), from: 7, to: 4))
    var network = try builder.build(seed: 3, dtype: .float64)
    network = try network.replacing(parameter: "b.weight", with: NDArray(repeating: 0.5, shape: [4, 7], dtype: .float64))
    var random = RandomSource(seed: 1)
    let samples = try NetworkSamples(network: network, inputs: NDArray(random.normals(60), shape: [20, 3]))
    let paths = try QuantilePaths(samples, target: 3)
    // All weights of the last layer are positive, and what reaches it is not negative.
    #expect(paths.layers[0].negative.isEmpty && !paths.layers[0].positive.isEmpty)
    #expect(paths.layers[1].negative.isEmpty && paths.layers[1].negativeVariation == [0, 0, 0])
    for target in [-1, 4] { #expect(throws: NeuronError.self) { try QuantilePaths(samples, target: target) } }
  }
}
