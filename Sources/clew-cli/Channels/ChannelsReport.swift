import Clew

/// The JSON document of `clew channels`.
struct ChannelsReport: Encodable {
  struct WeightNorm: Encodable {
    let raw: [Double]
    let normalised: [Double]
    let identifiable: [Double]
    /// Of the normalised norms.
    let mean: Double
    /// Channels whose normalised norm is below 0.1, by the notebook "effectively ignored".
    let belowOneTenth: Int
  }

  struct Scored: Encodable {
    let marker: String
    let sensitivity: Double
  }

  struct Pairs: Encodable {
    let sensitivity: [[Double]]
    let interaction: [[Double]]
  }

  struct Group: Encodable {
    let markers: [String]
    let sensitivity: Double
    @Nullable var interval: [Double]?
  }

  struct Ablation: Encodable {
    let baseline: String
    let strategy: String
    let sensitivity: [Double]
    @Nullable var interval: [[Double]]?
    let rank: [Int]
    @Nullable var rankInterval: [[Double]]?
    let mean: Double
    let mostSensitive: [Scored]
    let leastSensitive: [Scored]
    /// Markers whose rank is at most `topCount` all over its interval.
    let surelyTop: [String]
    let topCount: Int
    let pairs: Pairs?
    /// Markers that were taken away at once.
    let groups: [Group]
  }

  struct Rank: Encodable {
    let variance: Double
    let royVetterli: Double
    let dimensionsFor90Percent: Int
    let dimensions: Int
    let singularValues: [Double]
    let cumulativeVariance: [Double]
    /// The file of the embeddings, or `computed`.
    let source: String
  }

  struct Model: Encodable {
    let name: String
    @Nullable var weightNorm: WeightNorm?
    let ablation: Ablation
    let furtherAblations: [Ablation]
    @Nullable var effectiveRank: Rank?
    let firstEmbedding: [Double]
  }

  struct Coefficient: Encodable {
    @Nullable var value: Double?
    @Nullable var interval: [Double]?
  }

  struct Agreement: Encodable {
    let first: String
    let second: String
    let spearman: Coefficient
    let kendall: Coefficient
    let topOverlap: Coefficient
    let topCount: Int
  }

  let markers: [String]
  let cells: Int
  let patchSize: Int
  let model: Model
  let comparison: Model?
  let agreement: [Agreement]
  let warnings: [String]
  let provenance: Provenance

  init(
    _ results: [ChannelsResult], _ selection: CellOptions.Selection, patchSize: Int, warnings: [String], provenance: Provenance
  ) {
    markers = selection.markers
    cells = selection.cells.count
    self.patchSize = patchSize
    model = Model(results[0], selection.markers)
    comparison = results.count > 1 ? Model(results[1], selection.markers) : nil
    var lists: [ChannelScoreList] = []
    for (index, result) in results.enumerated() { lists += result.scores(prefix: index == 0 ? "" : "comparison:") }
    var agreement: [Agreement] = []
    for (index, list) in lists.enumerated() {
      for other in lists[(index + 1)...] { agreement.append(Agreement(RankAgreement(list, other))) }
    }
    self.agreement = agreement
    self.warnings = warnings
    self.provenance = provenance
  }

  private enum CodingKeys: String, CodingKey {
    case markers, cells, patchSize, name, weightNorm, ablation, furtherAblations, effectiveRank, firstEmbedding, comparison
    case agreement, warnings, provenance
  }

  /// The first model's results stand at the top: mostly there is no other.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(markers, forKey: .markers)
    try container.encode(cells, forKey: .cells)
    try container.encode(patchSize, forKey: .patchSize)
    try model.encode(to: encoder)
    try container.encodeIfPresent(comparison, forKey: .comparison)
    try container.encode(agreement, forKey: .agreement)
    try container.encode(warnings, forKey: .warnings)
    try container.encode(provenance, forKey: .provenance)
  }
}

extension ChannelsReport.Model {
  init(_ result: ChannelsResult, _ markers: [String]) {
    let importance = result.importance
    name = result.name
    weightNorm = importance.weightNorm.map { norm in
      ChannelsReport.WeightNorm(
        raw: norm.raw, normalised: norm.normalised, identifiable: norm.identifiable,
        mean: norm.normalised.reduce(0, +) / Double(max(1, norm.normalised.count)),
        belowOneTenth: norm.normalised.count { $0 < 0.1 })
    }
    ablation = ChannelsReport.Ablation(importance.ablations[0], markers)
    furtherAblations = importance.ablations.dropFirst().map { ChannelsReport.Ablation($0, markers) }
    effectiveRank = result.rank.map { rank in
      ChannelsReport.Rank(
        variance: rank.variance, royVetterli: rank.royVetterli, dimensionsFor90Percent: rank.dimensionsFor90Percent,
        dimensions: rank.dimensions, singularValues: rank.singularValues, cumulativeVariance: rank.cumulativeVariance,
        source: result.embeddingSource ?? "computed")
    }
    firstEmbedding = Tensor(importance.embeddings).sliced(0, from: 0, to: 1).doubles
  }
}

extension ChannelsReport.Ablation {
  /// How many are listed, as in the notebook.
  private static let listed = 5

  init(_ ablation: ChannelAblation, _ markers: [String]) {
    let scores = ablation.sensitivity
    let order = descendingOrder(scores)
    baseline = "\(ablation.baseline)"
    strategy = ablation.strategy.rawValue
    sensitivity = scores
    interval = ablation.bootstrap == nil ? nil : ablation.intervals.map { [$0.lower, $0.upper] }
    rank = ablation.rank
    rankInterval = ablation.bootstrap == nil ? nil : ablation.rankIntervals.map { [$0.lower, $0.upper] }
    mean = scores.reduce(0, +) / Double(max(1, scores.count))
    mostSensitive = order.prefix(Self.listed).map { ChannelsReport.Scored(marker: markers[$0], sensitivity: scores[$0]) }
    leastSensitive = order.reversed().prefix(Self.listed).map {
      ChannelsReport.Scored(marker: markers[$0], sensitivity: scores[$0])
    }
    topCount = min(Self.listed, scores.count)
    surelyTop = ablation.surelyTop(topCount).map { markers[$0] }
    let rows = { (matrix: NDArray) -> [[Double]] in
      let values = matrix.doubles
      return scores.indices.map { Array(values[$0 * scores.count..<($0 + 1) * scores.count]) }
    }
    pairs = ablation.pairSensitivity.map {
      ChannelsReport.Pairs(sensitivity: rows($0), interaction: ablation.interaction.map(rows) ?? [])
    }
    groups = ablation.groups.indices.map { index in
      let interval = ablation.groupIntervals.indices.contains(index) ? ablation.groupIntervals[index] : nil
      return ChannelsReport.Group(
        markers: ablation.groups[index].map { markers[$0] }, sensitivity: ablation.groupSensitivity[index],
        interval: interval.map { [$0.lower, $0.upper] })
    }
  }
}

extension ChannelsReport.Agreement {
  init(_ agreement: RankAgreement) {
    func coefficient(_ value: RankAgreement.Coefficient) -> ChannelsReport.Coefficient {
      ChannelsReport.Coefficient(value: value.value, interval: value.interval.map { [$0.lower, $0.upper] })
    }
    self.init(
      first: agreement.first, second: agreement.second, spearman: coefficient(agreement.spearman),
      kendall: coefficient(agreement.kendall), topOverlap: coefficient(agreement.topOverlap), topCount: agreement.k)
  }
}
