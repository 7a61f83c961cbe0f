import Clew

/// What is varied between cases.
struct Factors: Sendable {
  var regions: Int
  /// Standard deviation of the noise over the strongest planted difference.
  var noise: Double
  /// Share of a planted difference that one other region shows too.
  var overlap: Double
  var plantedPerRegion: Int
  var uninformative: Int
  /// Standard deviation of the logarithm of the channels' scales.
  var gainSpread: Double

  /// `count` draws in which the levels of every factor occur equally often (to within one), in independent orders.
  static func balanced(_ count: Int, source: inout RandomSource) -> [Factors] {
    func column<Level>(_ levels: [Level]) -> [Level] {
      var values = (0..<count).map { levels[$0 % levels.count] }
      values.shuffle(using: &source)
      return values
    }
    let regions = column([2, 3, 4, 5, 6, 8])
    let noise = column([0.05, 0.1, 0.15, 0.25, 0.5])
    let overlap = column([0, 0.2, 0.4, 0.6, 0.8])
    let planted = column([1, 2, 3, 4])
    let uninformative = column([5, 11, 24, 48])
    let gains = column([0, 0.3, 0.6, 1])
    return (0..<count).map { index in
      Factors(
        regions: regions[index], noise: noise[index], overlap: overlap[index], plantedPerRegion: planted[index],
        uninformative: uninformative[index], gainSpread: gains[index])
    }
  }
}

/// Features of which it is known which channels make which region.
struct PlantedCase: Sendable {
  enum Generator: String, Sendable, CaseIterable {
    case tissue, clusters, counts

    var summary: String {
      switch self {
      case .tissue:
        "pictures of 48 × 48 pixels of `TissuePhantom`: regions of cells, planted channels brighter in their region, "
          + "background near zero"
      case .clusters:
        "1,200 points in Gaussian clusters of unequal sizes: planted channels shifted **up or down** in their cluster, every "
          + "channel with an offset of its own that dwarfs the shift; the others Gaussian, heavy-tailed, two-valued or "
          + "driven by one hidden factor"
      case .counts:
        "1,200 points of Poisson counts, log(1 + n): planted channels up to four times more frequent in their group, rates "
          + "and depths unequal, so that noise depends on level; some of the others overdispersed"
      }
    }
  }

  let generator: Generator
  let factors: Factors
  /// [nodes, channels] or [height, width, channels]
  let features: NDArray
  /// The true region of each node.
  let regions: [Int]
  /// The channels planted in each region.
  let planted: [[Int]]

  init(_ generator: Generator, _ factors: Factors, seed: UInt64) {
    self.generator = generator
    self.factors = factors
    switch generator {
    case .tissue:
      let phantom = TissuePhantom(configuration: Self.tissue(factors), seed: seed)
      features = phantom.features
      regions = phantom.regions
      planted = (0..<factors.regions).map { phantom.planted[$0] ?? [] }
    case .clusters, .counts:
      var source = RandomSource(seed: seed)
      let plan = GroupPlan(factors, nodes: 1200, signed: generator == .clusters, source: &source)
      features = generator == .clusters ? shiftedClusters(plan, &source) : logCounts(plan, &source)
      regions = plan.regions
      planted = plan.planted
    }
  }

  private static func tissue(_ factors: Factors) -> TissuePhantom.Configuration {
    var configuration = TissuePhantom.Configuration()
    (configuration.height, configuration.width) = (48, 48)
    configuration.regions = factors.regions
    configuration.plantedPerRegion = factors.plantedPerRegion
    configuration.overlap = factors.overlap
    configuration.noise = factors.noise
    configuration.uninformativeChannels = factors.uninformative
    configuration.gainSpread = factors.gainSpread
    return configuration
  }
}
