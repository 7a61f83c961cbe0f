import Attribution
import Foundation
import Formats
import Networks
import Statistics
import Testing

@Suite struct ChannelImportanceTests {
  static let networks: [String: any Architecture] = [
    "wide": FusionModel(inChannels: 4, stemWidth: 3, blockWidth: 2, layerConfig: [1, 1]),
    "late fusion": FusionModel(inChannels: 4, stemWidth: 3, blockWidth: 2, layerConfig: [1], lateFusion: 5),
    "early": FusionModel(fusion: .early, inChannels: 4, stemWidth: 2, blockWidth: 2, layerConfig: [1]),
    "mid": FusionModel(fusion: .mid, inChannels: 4, stemWidth: 2, blockWidth: 2, layerConfig: [1]),
    "resnet-baseline": ResNetBaseline(inChannels: 4, baseWidth: 4),
  ]
  static let strategies: [String: AblationStrategy] = [
    "wide": .separable, "late fusion": .linearStem, "early": .linearStem, "mid": .linearStem, "resnet-baseline": .linearStem,
  ]

  static func patches(_ count: Int = 11, channels: Int = 4, seed: UInt64 = 1) -> NDArray {
    var random = RandomSource(seed: seed)
    return NDArray((0..<count * channels * 64).map { _ in random.uniform() }, shape: [count, channels, 8, 8])
  }

  static func importance(
    _ name: String, _ baselines: [ChannelBaseline], shortcuts: Bool, draws: Int = 0, count: Int = 11
  ) throws -> ChannelImportance {
    let architecture = try #require(networks[name])
    return try ChannelImportance(
      architecture.network(seed: 3, dtype: .float64), PatchSource(patches(count)),
      .init(baselines: baselines, usesShortcuts: shortcuts, draws: draws, seed: 2))
  }

  /// The whole network for each channel and a shortcut are the same sums in another order.
  @Test(arguments: networks.keys.sorted())
  func shortcutsEqualBruteForce(name: String) throws {
    let baselines: [ChannelBaseline] = [.zero, .channelMean, .value(-0.3), .permuted, .resampled]
    let fast = try Self.importance(name, baselines, shortcuts: true)
    let slow = try Self.importance(name, baselines, shortcuts: false)
    for (a, b) in zip(fast.ablations, slow.ablations) {
      #expect(a.strategy == Self.strategies[name] && b.strategy == .full)
      for (x, y) in zip(a.perCell.doubles, b.perCell.doubles) {
        #expect(Swift.abs(x - y) <= 1e-9 * y + 1e-15, "\(a.baseline): \(x), by brute force \(y)")
      }
      #expect(b.sensitivity.contains { $0 > 1e-6 })
    }
    #expect(fast.embeddings.shape == slow.embeddings.shape)
  }

  /// A sweep that stops after any batch and is resumed gives the same numbers to the last bit.
  @Test(arguments: ["wide", "resnet-baseline"])
  func resumingGivesTheSameBits(name: String) throws {
    let network = try #require(Self.networks[name]).network(seed: 3, dtype: .float64)
    let source = try PatchSource(Self.patches(150))
    let configuration = ChannelImportance.Configuration(baselines: [.zero, .permuted], draws: 50, seed: 1)
    var states: [AblationProgress] = []
    let whole = try ChannelImportance(network, source, configuration) { (_, _, state) throws(FormatError) in
      states.append(state())
    }
    #expect(states.map(\.done) == [64, 128, 150])
    for state in states {
      let resumed = try ChannelImportance(network, source, configuration, resuming: state)
      #expect(resumed.embeddings == whole.embeddings)
      for (a, b) in zip(resumed.ablations, whole.ablations) { #expect(a.perCell == b.perCell && a.intervals == b.intervals) }
    }
    let odd = AblationProgress(
      embeddings: NDArray.zeros([63, whole.embeddings.shape[1]], dtype: .float64), distances: .zeros([63, 0], dtype: .float64))
    #expect(throws: ChannelStudyError.self) { try ChannelImportance(network, source, configuration, resuming: odd) }
  }

  @Test func aChannelThatTheNetworkCannotSeeHasNoInfluence() throws {
    var network = try #require(Self.networks["resnet-baseline"]).network(seed: 3, dtype: .float64)
    let weight = try #require(network.parameters.first { $0.name == "stem.0.weight" }).value
    var values = weight.doubles
    for output in 0..<4 { for place in 0..<9 { values[(output * 4 + 2) * 9 + place] = 0 } }
    network = try network.replacing(parameter: "stem.0.weight", with: NDArray(values, shape: weight.shape))
    let result = try ChannelImportance(network, PatchSource(Self.patches()), .init(baselines: [.zero, .permuted]))
    for ablation in result.ablations {
      #expect(ablation.sensitivity[2] == 0 && ablation.rank[2] == 4)
      #expect(ablation.surelyTop(3).sorted() == [0, 1, 3] && ablation.surelyTop(4).count == 4)
    }
    #expect(result.weightNorm?.raw[2] == 0)
  }

  /// Rescaling what a batch normalisation undoes changes the raw norm, but not the identifiable one.
  @Test func identifiableNormsDoNotSeeTheScaleOfTheStem() throws {
    let network = try #require(Self.networks["resnet-baseline"]).network(seed: 3, dtype: .float64)
    func parameter(_ name: String) throws -> NDArray { try #require(network.parameters.first { $0.name == name }).value }
    let scaled = { (array: NDArray, factor: Double) in NDArray(array.doubles.map { $0 * factor }, shape: array.shape) }
    var other = try network.replacing(parameter: "stem.0.weight", with: scaled(parameter("stem.0.weight"), 1e4))
    other = try other.replacing(parameter: "stem.1.running_var", with: scaled(parameter("stem.1.running_var"), 1e8))
    other = try other.replacing(parameter: "stem.1.running_mean", with: scaled(parameter("stem.1.running_mean"), 1e4))
    let deviations = [1.0, 2, 3, 4]
    let (a, b) = (
      try ChannelWeightNorm(network, standardDeviations: deviations), try ChannelWeightNorm(other, standardDeviations: deviations)
    )
    for channel in 0..<4 {
      #expect(Swift.abs(b.raw[channel] / a.raw[channel] - 1e4) < 1e-6)
      // All but ε, which was not scaled along.
      #expect(Swift.abs(b.identifiable[channel] / a.identifiable[channel] - 1) < 1e-4)
    }
  }

  @Test func effectiveRankOfKnownSpectra() throws {
    // Two orthogonal directions with singular values 3 and 1, rows of mean 0.
    let rows = [3.0, 0, 0, -3, 0, 0, 0, 1, 0, 0, -1, 0].map { $0 / 2.0.squareRoot() }
    let rank = try EffectiveRank(NDArray(rows, shape: [4, 3]))
    #expect(zip(rank.singularValues, [3, 1, 0]).allSatisfy { Swift.abs($0 - $1) < 1e-12 })
    let entropy = { (p: [Double]) in Foundation.exp(-p.reduce(0) { $0 + $1 * Foundation.log($1) }) }
    #expect(Swift.abs(rank.variance - entropy([0.9, 0.1])) < 1e-12)
    #expect(Swift.abs(rank.royVetterli - entropy([0.75, 0.25])) < 1e-12)
    #expect(rank.dimensionsFor90Percent == 1 && rank.dimensions == 3)
    #expect(throws: ChannelStudyError.self) { try EffectiveRank(.zeros([4, 3])) }
  }

  /// Rows ±a·e of mean 0 have the singular value a√2 along e.
  private func rank(ofSingularValues values: [Double]) throws -> EffectiveRank {
    let width = values.count
    var rows = [Double](repeating: 0, count: 2 * width * width)
    for (place, value) in values.enumerated() {
      rows[2 * place * width + place] = value / 2.0.squareRoot()
      rows[(2 * place + 1) * width + place] = -value / 2.0.squareRoot()
    }
    return try EffectiveRank(NDArray(rows, shape: [2 * width, width]))
  }

  /// Singular values 2 and 1: 1.6494 from σ², 1.8899 from σ.
  @Test func effectiveRankByHand() throws {
    let rank = try rank(ofSingularValues: [2, 1])
    #expect(Swift.abs(rank.variance - 1.6494) < 5e-5 && Swift.abs(rank.royVetterli - 1.8899) < 5e-5)
  }

  /// Variances .5, .3, .15, .05: 90 % are reached at three dimensions, where the published notebook says two.
  @Test func dimensionsFor90PercentByHand() throws {
    let rank = try rank(ofSingularValues: [0.5, 0.3, 0.15, 0.05].map { $0.squareRoot() })
    #expect(zip(rank.cumulativeVariance, [0.5, 0.8, 0.95, 1]).allSatisfy { Swift.abs($0 - $1) < 1e-12 })
    #expect(rank.dimensionsFor90Percent == 3)
  }

  @Test func aStratifiedDrawTakesAsManyOfEachGroup() throws {
    // Constant within groups: a draw that keeps their sizes cannot move the mean.
    let strata = [0, 1, 1, 0, 2, 1]
    let table = NDArray(strata.map { Double($0 * $0) }, shape: [6, 1])
    let stratified = try Bootstrap(meansOf: table, draws: 200, seed: 1, strata: strata)
    #expect(stratified.replicates.doubles.allSatisfy { Swift.abs($0 - 7.0 / 6) < 1e-12 })
    #expect(try Bootstrap(meansOf: table, draws: 200, seed: 1).standardErrors[0] > 0.1)
    #expect(throws: StatisticsError.self) { try Bootstrap(meansOf: table, strata: [0]) }
  }

  @Test func rankingsAgreeWithThemselves() throws {
    let ablation = try Self.importance("wide", [.zero], shortcuts: true, draws: 100).ablations[0]
    let list = ChannelScoreList("a", ablation.sensitivity, replicates: ablation.bootstrap?.replicates)
    let same = RankAgreement(list, list)
    #expect(same.spearman.value == 1 && same.kendall.value == 1 && same.topOverlap.value == 1 && same.k == 4)
    #expect(same.spearman.interval == Interval(lower: 1, upper: 1))
    let reversed = RankAgreement(list, ChannelScoreList("b", ablation.sensitivity.map { -$0 }), k: 1)
    #expect(reversed.spearman.value == -1 && reversed.topOverlap.value == 0)
  }
}
