import Clew

/// The JSON document of `clew filters`.
struct FiltersReport: Encodable {
  struct Layer: Encodable {
    let name: String
    let parents: [String]
    let children: [String]
    let importance: [Double]
    let rawImportance: [Double]
    let standardisedImportance: [Double]
    /// Whether the importances are equal because nothing is known.
    let uniform: Bool
    /// Filters, the most important first.
    let ranking: [Int]
    /// Of each filter, regressed on those of the parents; none without parents, `null` of a constant filter.
    let rSquared: [Double?]
    /// Of the parents' filters; `null` without parents.
    @Nullable var rank: Int?
    /// The largest singular value by the smallest; `null` where that is zero.
    @Nullable var condition: Double?

    init(_ layer: FilterImportance.Layer) {
      name = layer.name
      parents = layer.parents
      children = layer.children
      importance = layer.importance
      rawImportance = layer.rawImportance
      standardisedImportance = layer.standardisedImportance
      uniform = layer.isUniform
      ranking = layer.ranking
      rSquared = layer.fit?.rSquared ?? []
      rank = layer.fit?.rank
      condition = layer.fit.flatMap(\.condition)
    }
  }

  struct Step: Encodable {
    let percent: Double
    let filters: [String: [Int]]
    let byImportance: Double
    let randomMean: Double
    let randomStd: Double
    let randomInterval: [Double]
    @Nullable var pValue: Double?
    let difference: Double
    let differenceInterval: [Double]

    init(_ step: FilterPruning.Step) {
      percent = step.percent
      filters = Dictionary(uniqueKeysWithValues: step.filters.map { ($0.layer, $0.filters) })
      byImportance = step.accuracy
      randomMean = step.randomMean
      randomStd = step.randomStd
      randomInterval = [step.randomInterval.lower, step.randomInterval.upper]
      pValue = step.pValue
      difference = step.difference
      differenceInterval = [step.differenceInterval.lower, step.differenceInterval.upper]
    }
  }

  let samples: Int
  let coefficients: String
  let parentsBy: String
  let summary: String
  let ablate: String
  let randomDraws: Int
  let layers: [Layer]
  @Nullable var accuracy: Double?
  let pruning: [Step]
  let warnings: [String]
  let provenance: Provenance

  init(
    _ importance: FilterImportance, _ pruning: FilterPruning?, _ configuration: FilterPruning.Configuration, samples: Int,
    warnings: [String], provenance: Provenance
  ) {
    self.samples = samples
    coefficients = importance.configuration.coefficients.rawValue
    parentsBy = importance.configuration.parents.rawValue
    summary = importance.configuration.summary.name
    ablate = configuration.ablation.rawValue
    randomDraws = configuration.drawsAsInSeed ? 1 : configuration.randomDraws
    layers = importance.layers.map(Layer.init)
    accuracy = pruning?.accuracy
    self.pruning = pruning?.steps.map(Step.init) ?? []
    var warnings = warnings
    if pruning == nil { warnings.append("no labels: there are no accuracies, and nothing is pruned to compare them") }
    if configuration.drawsAsInSeed && pruning != nil {
      warnings.append("one random draw for each share, as published: no p-value")
    }
    self.warnings = warnings
    self.provenance = provenance
  }
}
