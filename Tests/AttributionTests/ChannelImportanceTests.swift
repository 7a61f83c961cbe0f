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
  static let groups = [[1, 3], [2], [3, 0, 1, 2]]
  static let strategies: [String: AblationStrategy] = [
    "wide": .separable, "late fusion": .separable, "early": .linearStem, "mid": .linearStem, "resnet-baseline": .linearStem,
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
      .init(baselines: baselines, usesShortcuts: shortcuts, draws: draws, seed: 2, groups: groups))
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
      #expect(a.groups == Self.groups && a.groupSensitivity.count == 3 && a.groupSensitivity[1] == a.sensitivity[2])
      for (x, y) in zip(a.groupSensitivity, b.groupSensitivity) {
        #expect(Swift.abs(x - y) <= 1e-9 * y + 1e-15, "\(a.baseline): \(x), by brute force \(y)")
      }
    }
    #expect(fast.embeddings.shape == slow.embeddings.shape)
  }

  /// In float32, a stem takes a kernel of its own and what follows goes by a plan: 1 − cos is quadratic in what rounding does.
  @Test(arguments: ["late fusion", "early", "mid", "resnet-baseline"])
  func shortcutsInSinglePrecision(name: String) throws {
    let network = try #require(Self.networks[name]).network(seed: 3)
    let source = try PatchSource(Self.patches().converted(to: .float32))
    let baselines: [ChannelBaseline] = [.zero, .channelMean, .permuted]
    let fast = try ChannelImportance(network, source, .init(baselines: baselines, draws: 0, seed: 2, groups: Self.groups))
    let exact = try Self.importance(name, baselines, shortcuts: false)
    for (a, b) in zip(fast.ablations, exact.ablations) {
      for (x, y) in zip(a.sensitivity + a.groupSensitivity, b.sensitivity + b.groupSensitivity) {
        #expect(Swift.abs(x - y) <= 2e-3 * y + 1e-12, "\(a.baseline): \(x), in float64 \(y)")
      }
    }
  }

  /// A sweep that stops after any batch and is resumed gives the same numbers to the last bit.
  @Test(arguments: ["wide", "late fusion", "resnet-baseline"])
  func resumingGivesTheSameBits(name: String) throws {
    let network = try #require(Self.networks[name]).network(seed: 3, dtype: .float64)
    let source = try PatchSource(Self.patches(150))
    let configuration = ChannelImportance.Configuration(baselines: [.zero, .permuted], draws: 50, seed: 1)
    var (pieces, last) = ([AblationProgress](), 0)
    let whole = try ChannelImportance(network, source, configuration) { (done, _, found) throws(FormatError) in
      pieces.append(found(last))
      last = done
    }
    #expect(pieces.map(\.count) == [64, 64, 22])
    for count in 1...3 {
      let resumed = try ChannelImportance(network, source, configuration, resuming: Array(pieces.prefix(count)))
      #expect(resumed.embeddings == whole.embeddings)
      for (a, b) in zip(resumed.ablations, whole.ablations) { #expect(a.perCell == b.perCell && a.intervals == b.intervals) }
    }
    let (width, columns) = (pieces[0].features.shape[1], pieces[0].distances.shape[1])
    for (cells, width) in [(63, width), (64, width + 1)] {
      let odd = AblationProgress(
        features: .zeros([cells, width], dtype: .float64), distances: .zeros([cells, columns], dtype: .float64),
        moments: pieces[0].moments)
      #expect(throws: ChannelStudyError.self) { try ChannelImportance(network, source, configuration, resuming: [odd]) }
    }
  }

  /// Two channels at once, against the network run on patches without both.
  @Test(arguments: ["wide", "late fusion"], [ChannelBaseline.zero, .channelMean])
  func pairsEqualBruteForce(name: String, baseline: ChannelBaseline) throws {
    let network = try #require(Self.networks[name]).network(seed: 3, dtype: .float64)
    let patches = Self.patches()
    let result = try ChannelImportance(network, PatchSource(patches), .init(baselines: [baseline], draws: 0))
    let (pairs, cells) = (try #require(result.ablations[0].pairSensitivity).doubles, patches.shape[0])
    func unit(_ values: [Double]) throws -> Tensor {
      let z = try network(Tensor(values, shape: patches.shape, dtype: .float64)).reshaped(to: [cells, result.embeddings.shape[1]])
      return z / sqrt((z * z).sum(along: [1], keepingAxes: true))
    }
    let clean = try unit(patches.doubles)
    for a in 0..<4 {
      for b in 0..<4 {
        var values = patches.doubles
        for cell in 0..<cells {
          for channel in [a, b] {
            let value = baseline == .zero ? 0 : result.statistics.mean[channel]
            for pixel in 0..<64 { values[(cell * 4 + channel) * 64 + pixel] = value }
          }
        }
        let turn = try unit(values) - clean
        let expected = (turn * turn).sum().scalar / Double(2 * cells)
        let found = pairs[a * 4 + b]
        #expect(Swift.abs(found - expected) <= 1e-9 * expected, "\(a), \(b): \(found), by brute force \(expected)")
      }
    }
  }

  /// Whatever affine layers end a network that keeps channels apart, and also where features are maps.
  @Test func affineEndsAreSeparable() throws {
    func network(_ end: (inout NetworkBuilder, ValueReference) -> ValueReference) throws -> Network {
      var builder = NetworkBuilder()
      var x = builder.input(shape: [nil, 4, 8, 8])
      x = builder.convolution("stem.0", x, from: 4, to: 8, kernel: 3, padding: 1, groups: 4)
      x = builder.batchNormalization("stem.1", x, channels: 8)
      x = builder.add("stem.2", Activation(.gelu), x)
      x = builder.add("pool", AveragePooling(kernel: Size2D(4, 4)), x)
      builder.output(end(&builder, x))
      return try builder.build(seed: 7, dtype: .float64)
    }
    let maps = try network { _, x in x }
    let convolved = try network { builder, x in
      let y = builder.convolution("mix", x, from: 8, to: 5, kernel: 2)
      return builder.batchNormalization("norm", builder.add("flat", Flattening(), y), channels: 5)
    }
    let linear = try network { builder, x in
      builder.linear("head", builder.add("flat", Flattening(), x), from: 32, to: 3)
    }
    let bent = try network { builder, x in
      builder.add("bend", Activation(.relu), builder.linear("head", builder.add("flat", Flattening(), x), from: 32, to: 9))
    }
    let cases = [(maps, AblationStrategy.separable), (convolved, .separable), (linear, .separable), (bent, .linearStem)]
    for (network, strategy) in cases {
      let source = try PatchSource(Self.patches())
      let baselines: [ChannelBaseline] = [.zero, .channelMean, .permuted]
      let fast = try ChannelImportance(network, source, .init(baselines: baselines, draws: 0))
      let slow = try ChannelImportance(network, source, .init(baselines: baselines, usesShortcuts: false, draws: 0))
      for (a, b) in zip(fast.ablations, slow.ablations) {
        #expect(a.strategy == strategy && b.strategy == .full)
        for (x, y) in zip(a.perCell.doubles, b.perCell.doubles) {
          #expect(Swift.abs(x - y) <= 1e-9 * y + 1e-15, "\(a.baseline): \(x), by brute force \(y)")
        }
      }
      let (x, y) = (fast.embeddings.doubles, slow.embeddings.doubles)
      #expect(zip(x, y).allSatisfy { Swift.abs($0 - $1) <= 1e-12 * (1 + Swift.abs($1)) })
    }
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
    // The notebook's: of σ² under both names, and one dimension too few.
    let seed = try EffectiveRank(NDArray(rows, shape: [4, 3]), asInSeed: true)
    #expect(Swift.abs(seed.variance - rank.variance) < 1e-10 && seed.royVetterli == seed.variance)
    #expect(seed.dimensionsFor90Percent == 0)
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
