import Clew

/// The JSON document of `clew neurons test`.
struct NeuronTestReport: Encodable {
  struct Neuron: Encodable {
    let index: Int
    let test: String
    let shapiroW: [Double?]
    let shapiroP: [Double?]
    @Nullable var pooledShapiroP: Double?
    @Nullable var welchT: Double?
    @Nullable var welchP: Double?
    let mannWhitneyU: Double
    let mannWhitneyP: Double
    let pValue: Double
    let qValue: Double
    @Nullable var effectSize: Double?
    let rankBiserial: Double
    let klDivergence: Double
    let jensenShannon: Double
    let important: Bool

    init(_ neuron: NeuronTests.Neuron) {
      index = neuron.index
      test = neuron.test.rawValue
      shapiroW = neuron.shapiro.map { $0?.statistic }
      shapiroP = neuron.shapiro.map { $0?.pValue }
      pooledShapiroP = neuron.pooledShapiro?.pValue
      welchT = neuron.welch?.statistic
      welchP = neuron.welch?.pValue
      mannWhitneyU = neuron.mannWhitney.statistic
      mannWhitneyP = neuron.mannWhitney.pValue
      pValue = neuron.pValue
      qValue = neuron.qValue
      effectSize = neuron.effectSize
      rankBiserial = neuron.rankBiserial
      klDivergence = neuron.klDivergence
      jensenShannon = neuron.jensenShannon
      important = neuron.isImportant
    }
  }

  struct Layer: Encodable {
    let name: String
    let neurons: [Neuron]
    let importantCount: Int
    /// With a q-value below the level.
    let discoveries: Int
    let mostSeparated: [Int]
    let leastSeparated: [Int]
    let mostNormal: [Int]
    let leastNormal: [Int]

    init(_ layer: NeuronTests.Layer) {
      name = layer.name
      neurons = layer.neurons.map(Neuron.init)
      importantCount = layer.important.count
      discoveries = layer.neurons.count { $0.qValue < NeuronTests.level }
      mostSeparated = Array(layer.separation.prefix(10))
      leastSeparated = Array(layer.separation.suffix(10).reversed())
      mostNormal = Array(layer.normality.prefix(10))
      leastNormal = Array(layer.normality.suffix(10).reversed())
    }
  }

  struct Masking: Encodable {
    let layerSet: [String]
    let accuracy: Double
    let importantAccuracy: Double
    let unimportantAccuracy: Double
    let importantAccuracies: [Double]
    let unimportantAccuracies: [Double]
    let importantCount: Int
    let unimportantCount: Int
    let difference: Double
    @Nullable var interval: [Double]?
    let sampleInterval: [Double]
    let pValue: Double

    init(_ comparison: NeuronMasking.Comparison) {
      layerSet = comparison.layers
      accuracy = comparison.accuracy
      importantAccuracy = comparison.importantAccuracy
      unimportantAccuracy = comparison.unimportantAccuracy
      importantAccuracies = comparison.importantAccuracies
      unimportantAccuracies = comparison.unimportantAccuracies
      importantCount = comparison.importantCount
      unimportantCount = comparison.unimportantCount
      difference = comparison.difference
      interval = comparison.interval.map { [$0.lower, $0.upper] }
      sampleInterval = [comparison.sampleInterval.lower, comparison.sampleInterval.upper]
      pValue = comparison.pValue
    }
  }

  let accuracy: Double
  let samples: Int
  let positiveClass: String
  let level: Double
  let layers: [Layer]
  let masking: [Masking]
  let warnings: [String]
  let provenance: Provenance

  init(
    _ study: NeuronStudy, _ tests: NeuronTests, _ masking: NeuronMasking?, accuracy: [Bool], warnings: [String],
    provenance: Provenance
  ) {
    self.accuracy = Double(accuracy.count { $0 }) / Double(accuracy.count)
    samples = accuracy.count
    positiveClass = study.classes.names[study.positive]
    level = NeuronTests.level
    layers = tests.layers.map(Layer.init)
    self.masking = masking?.comparisons.map(Masking.init) ?? []
    self.warnings = warnings
    self.provenance = provenance
  }
}
