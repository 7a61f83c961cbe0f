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
    @Nullable var sigmaGradient: Double?
    let channels: [Channel]
    let ranking: [Int]
  }

  /// How `--segments auto` came to its number.
  struct Choice: Encodable {
    let rule = "eigengap"
    let segments: Int
    let gap: Double
    let from: Int
    let to: Int
  }

  /// What `--sample` drew, and what is estimated of its error.
  struct Sample: Encodable {
    let count: Int
    let seed: UInt64
    /// Ascending.
    let nodes: [Int]
    /// Nodes without affinity to any of these.
    let unreached: Int
    /// Of the sine of the angle to the exact eigenvectors; no bound.
    @Nullable var subspaceErrorEstimate: Double?
    @Nullable var standardError: Double?
    /// Number of nodes at which it was taken.
    let estimatedAt: Int

    init(_ sample: SampledCut) {
      (count, seed, nodes, unreached) = (sample.nodes.count, sample.seed, sample.nodes, sample.unreached)
      subspaceErrorEstimate = sample.error.angle
      standardError = sample.error.standardError
      estimatedAt = sample.error.rows
    }
  }

  /// The step that weights the eigenvectors with `--spectral-filter`.
  struct Filter: Encodable {
    let form = "smoothstep"
    let chosen: String
    let centre: Double
    let width: Double
    /// How many have a weight.
    let eigenvectors: Int
  }

  /// Part of a segment in one picture of a batch that was cut as a whole.
  struct Part: Encodable {
    let id: Int
    let size: Int
    let objective: Double
    let channels: [Channel]
    let ranking: [Int]
  }

  struct Picture: Encodable {
    let index: Int
    let segments: [Part]
  }

  let shape: [Int]
  let grid: [Int]
  let affinity: String
  let regime: String
  let sample: Sample?
  let segmentChoice: Choice?
  let sigma: Double
  let eigenvalues: [Double]
  @Nullable var spectralGap: Double?
  let residuals: [Double]
  let certificate: CertificateReport
  /// None with a filter.
  @Nullable var rotation: String?
  let spectralFilter: Filter?
  let rankedBy: String
  let heldFixed: [String]
  let assignment: [Int]
  let segments: [Segment]
  let pictures: [Picture]?
  let planted: PlantedChannels?
  let placed: PlacedFeatures?
  let warnings: [String]
  /// Of the whole document; `nil` for one of several pictures.
  let provenance: Provenance?

  init(_ trace: ChannelTrace, planted: PlantedChannels?, placed: PlacedFeatures?, provenance: Provenance?) {
    shape = trace.shape.extents
    grid = trace.grid.extents
    affinity = trace.cut.kernel.name
    regime = trace.cut.regime.rawValue
    sample = trace.cut.sample.map(Sample.init)
    segmentChoice = trace.cut.suggestion.map(Choice.init)
    sigma = trace.cut.sigma
    eigenvalues = trace.cut.eigenvalues
    spectralGap = trace.cut.gap.width
    residuals = trace.cut.residuals
    certificate = CertificateReport(trace.certificate)
    rotation = trace.partition.filter == nil ? trace.configuration.rotation.rawValue : nil
    let isAutomatic = trace.configuration.filter == .automatic
    spectralFilter = trace.partition.filter.map {
      Filter(chosen: isAutomatic ? "auto" : "given", centre: $0.centre, width: $0.width, eigenvectors: $0.count)
    }
    rankedBy = trace.configuration.aggregation.rawValue
    heldFixed = trace.heldFixed
    assignment = trace.assignment
    segments = trace.segments.map { segment in
      Segment(
        id: segment.id, size: segment.size, firstPixel: segment.firstPixel, objective: segment.objective,
        solveResidual: segment.solveResidual, sigmaGradient: segment.widthGradient,
        channels: segment.channels.map(Channel.init), ranking: segment.ranking)
    }
    pictures =
      trace.pictures.isEmpty
      ? nil
      : trace.pictures.map { picture in
        Picture(
          index: picture.index,
          segments: picture.segments.map { part in
            Part(
              id: part.id, size: part.size, objective: part.objective, channels: part.channels.map(Channel.init),
              ranking: part.ranking)
          })
      }
    (self.planted, self.placed) = (planted, placed)
    warnings = trace.warnings + (placed?.warnings ?? [])
    self.provenance = provenance
  }
}

extension TraceReport.Choice {
  init(_ suggestion: SegmentSuggestion) {
    self.init(
      segments: suggestion.segments, gap: suggestion.gap, from: suggestion.range.lowerBound, to: suggestion.range.upperBound)
  }
}

extension TraceReport.Channel {
  init(_ scores: ChannelScores) {
    self.init(
      index: scores.index, name: scores.name, distinctiveness: scores.distinctiveness, meanSigned: scores.meanSigned,
      standardError: scores.standardError, meanAbsolute: scores.meanAbsolute, rootMeanSquare: scores.rootMeanSquare,
      gradientTimesInput: scores.gradientTimesInput, gradientTimesContrast: scores.gradientTimesContrast)
  }
}

/// The JSON document of `clew trace --separate`.
struct SeparateTraceReport: Encodable {
  let shape: [Int]
  let separate = true
  /// By their place in the batch.
  let pictures: [TraceReport]
  let warnings: [String]
  let provenance: Provenance

  init(_ traces: [ChannelTrace], shape: Shape, warnings: [String], provenance: Provenance) {
    self.shape = shape.extents
    pictures = traces.map { TraceReport($0, planted: nil, placed: nil, provenance: nil) }
    (self.warnings, self.provenance) = (warnings, provenance)
  }
}

/// What `clew trace` prints with `--json`.
enum TraceDocument: Encodable {
  case whole(TraceReport)
  case separate(SeparateTraceReport)

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .whole(let report): try report.encode(to: encoder)
    case .separate(let report): try report.encode(to: encoder)
    }
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
