import Clew

/// The JSON document of `clew trace`.
struct TraceReport: Encodable {
  struct Channel: Encodable {
    let index: Int
    let name: String
    let distinctiveness: Double
    let meanSigned: Double
    @Nullable var standardError: Double?
    let meanAbsolute: Double
    let rootMeanSquare: Double
    let gradientTimesInput: Double
    let gradientTimesContrast: Double
  }

  struct Segment: Encodable {
    let id: Int
    let size: Int
    @Nullable var firstPixel: Int?
    let objective: Double
    let solveResidual: Double
    let channels: [Channel]
    let ranking: [Int]
  }

  let shape: [Int]
  let grid: [Int]
  let sigma: Double
  let eigenvalues: [Double]
  @Nullable var spectralGap: Double?
  let residuals: [Double]
  let rotation: String
  let rankedBy: String
  let heldFixed: [String]
  let assignment: [Int]
  let segments: [Segment]
  let planted: PlantedChannels?
  let warnings: [String]
  let provenance: Provenance

  init(_ trace: ChannelTrace, planted: PlantedChannels?, provenance: Provenance) {
    shape = trace.shape.extents
    grid = trace.grid.extents
    sigma = trace.cut.sigma
    eigenvalues = trace.cut.eigenvalues
    spectralGap = trace.cut.gap.width
    residuals = trace.cut.residuals
    rotation = trace.configuration.rotation.rawValue
    rankedBy = trace.configuration.aggregation.rawValue
    heldFixed = trace.heldFixed
    assignment = trace.assignment
    segments = trace.segments.map { segment in
      Segment(
        id: segment.id, size: segment.size, firstPixel: segment.firstPixel, objective: segment.objective,
        solveResidual: segment.solveResidual,
        channels: segment.channels.map {
          Channel(
            index: $0.index, name: $0.name, distinctiveness: $0.distinctiveness, meanSigned: $0.meanSigned,
            standardError: $0.standardError, meanAbsolute: $0.meanAbsolute, rootMeanSquare: $0.rootMeanSquare,
            gradientTimesInput: $0.gradientTimesInput, gradientTimesContrast: $0.gradientTimesContrast)
        }, ranking: segment.ranking)
    }
    self.planted = planted
    warnings = trace.warnings
    self.provenance = provenance
  }
}

/// How many of a phantom's planted channels a trace found: those among the first of the ranking, as many as were planted.
struct PlantedChannels: Encodable {
  struct Region: Encodable {
    let region: Int
    /// The segment that covers most of the region.
    let segment: Int
    let planted: [String]
    let found: [String]
  }

  let regions: [Region]
  let plantedCount: Int
  let foundCount: Int
  /// Share of pixels whose segment is the one that covers most of their region.
  let agreement: Double

  init(_ trace: ChannelTrace, _ phantom: TissuePhantom) {
    var matching = 0
    regions = phantom.planted.keys.sorted().map { region in
      var overlap = [Int](repeating: 0, count: trace.segments.count)
      for (pixel, label) in phantom.regions.enumerated() where label == region { overlap[trace.assignment[pixel]] += 1 }
      let segment = overlap.indices.max { overlap[$0] < overlap[$1] } ?? 0
      matching += overlap[segment]
      let planted = phantom.planted[region] ?? []
      let top = trace.segments[segment].ranking.prefix(planted.count)
      return Region(
        region: region, segment: segment, planted: planted.map { phantom.markerNames[$0] },
        found: planted.filter(top.contains).map { phantom.markerNames[$0] })
    }
    plantedCount = regions.reduce(0) { $0 + $1.planted.count }
    foundCount = regions.reduce(0) { $0 + $1.found.count }
    agreement = Double(matching) / Double(max(1, phantom.regions.count))
  }
}
