import Attribution
import Features
import TensorCore
import Testing

/// What must hold of a trace whatever the features: derivatives of known symmetries, independence of order and layout.
@Suite struct ChannelTraceTests {
  /// Three overlapping groups of 40 nodes in 6 channels, float64.
  private let features = grouped(nodes: 120, channels: 6, groups: 3, seed: 4)

  private func trace(_ features: NDArray, width: AffinityWidth = .value(1.5)) throws -> ChannelTrace {
    try ChannelTrace(
      features, configuration: ChannelTrace.Configuration(segments: 3, width: width, precision: .float64))
  }

  @Test func findsThePlantedChannelsOfATissue() throws {
    var configuration = TissuePhantom.Configuration()
    (configuration.height, configuration.width) = (40, 40)
    configuration.regions = 3
    for seed in UInt64(0)..<4 {
      let phantom = TissuePhantom(configuration: configuration, seed: seed)
      let trace = try ChannelTrace(
        phantom.features, channelNames: phantom.markerNames, configuration: ChannelTrace.Configuration(segments: 3))
      for region in 0..<3 {
        let segment = trace.segments[coveringSegment(trace, phantom.regions, region)]
        let planted = phantom.planted[region] ?? []
        let found = planted.count(where: segment.ranking.prefix(planted.count).contains)
        #expect(found >= planted.count - 1, "seed \(seed), region \(region): found \(found)")
      }
    }
  }

  /// The segment that covers most of `region`.
  private func coveringSegment(_ trace: ChannelTrace, _ regions: [Int], _ region: Int) -> Int {
    let sizes = trace.segments.indices.map { id in regions.indices.count { regions[$0] == region && trace.assignment[$0] == id } }
    return sizes.indices.max { sizes[$0] < sizes[$1] } ?? 0
  }

  @Test func layoutOfTheNodesDoesNotMatter() throws {
    let flat = try trace(features)
    for shape: Shape in [[10, 12, 6], [1, 10, 12, 6], [2, 5, 12, 6]] {
      let other = try trace(features.reshaped(to: shape))
      #expect(other.gradients == flat.gradients && other.assignment == flat.assignment)
      #expect(other.segments.map(\.ranking) == flat.segments.map(\.ranking))
      #expect(other.segments.map(\.channels) == flat.segments.map(\.channels))
      #expect(other.grid == Shape(Array(shape.dropLast())))
    }
    #expect(flat.grid == [120])
  }

  /// Bounds are shares of the largest score: of float32 against float64, every kind of score, of every channel and segment.
  @Test func everyScoreIsWithinItsBound() throws {
    for seed in UInt64(0)..<4 {
      let features = grouped(nodes: 150, channels: 5, groups: 3, seed: 50 + seed).converted(to: .float32)
      func trace(_ precision: DType) throws -> ChannelTrace {
        try ChannelTrace(
          features, configuration: ChannelTrace.Configuration(segments: 3, width: .value(1.5), precision: precision))
      }
      let (single, double) = (try trace(.float32), try trace(.float64))
      #expect(single.assignment == double.assignment && single.warnings == double.warnings)
      for (id, certified) in single.certificate.segments.enumerated() {
        let errors = try #require(certified.channels)
        #expect(errors.map(\.index) == Array(0..<5))
        for aggregation in ChannelAggregation.allCases {
          let exact = double.segments[id].channels.map { $0[aggregation] }
          let largest = exact.map(abs).max() ?? 0
          for (channel, own) in errors.enumerated() {
            let bound = try #require(own[aggregation])
            let found = abs(single.segments[id].channels[channel][aggregation] - exact[channel]) / largest
            #expect(found <= bound * (1 + 1e-3), "seed \(seed), segment \(id), \(aggregation)")
            #expect(bound < 0.5 && (double.certificate.segments[id].channels?[channel][aggregation] ?? 1) < 1e-6)
          }
          #expect(certified.largest(aggregation) == errors.compactMap { $0[aggregation] }.max())
        }
      }
    }
  }

  @Test func everySegmentAndEveryNodeIsAccountedFor() throws {
    let trace = try trace(features)
    #expect(trace.segments.map(\.id) == [0, 1, 2])
    #expect(trace.segments.flatMap(\.nodes).sorted() == Array(0..<120))
    for segment in trace.segments {
      #expect(segment.nodes.allSatisfy { trace.assignment[$0] == segment.id })
      #expect(segment.ranking.sorted() == Array(0..<6))
      #expect(segment.channels.map(\.index) == Array(0..<6))
      #expect(segment.firstPixel == segment.nodes.first && segment.objective > 0)
    }
    #expect(trace.segments.compactMap(\.firstPixel) == trace.segments.compactMap(\.firstPixel).sorted())
    #expect(trace.heldFixed == ["sigma", "assignment"])
  }

  @Test func permutingNodesPermutesTheResult() throws {
    var order = Array(0..<120)
    var source = RandomSource(seed: 9)
    order.shuffle(using: &source)
    let original = try trace(features)
    let permuted = try trace(matrix(120, 6) { features.doubles[order[$0] * 6 + $1] })
    // Segments are numbered by first node, so ids may change; who is with whom may not.
    var renamed = [Int?](repeating: nil, count: 3)
    for (place, node) in order.enumerated() {
      let id = renamed[original.assignment[node]] ?? permuted.assignment[place]
      renamed[original.assignment[node]] = id
      #expect(permuted.assignment[place] == id)
    }
    #expect(Set(renamed.compactMap { $0 }).count == 3)
    let expected = order.flatMap { node in original.gradients.doubles[node * 6..<node * 6 + 6] }
    expectClose(permuted.gradients.doubles, expected)
    for segment in original.segments {
      let id = try #require(renamed[segment.id])
      #expect(permuted.segments[id].ranking == segment.ranking)
    }
  }

  @Test func permutingChannelsPermutesTheRanking() throws {
    let order = [3, 0, 5, 1, 4, 2]
    let original = try trace(features)
    let permuted = try trace(matrix(120, 6) { features.doubles[$0 * 6 + order[$1]] })
    #expect(permuted.assignment == original.assignment)
    for (a, b) in zip(permuted.segments, original.segments) { #expect(a.ranking.map { order[$0] } == b.ranking) }
  }

  @Test func addingAConstantToAChannelChangesNoGradient() throws {
    let original = try trace(features)
    let moved = try trace(matrix(120, 6) { features.doubles[$0 * 6 + $1] + ($1 == 2 ? 40 : 0) })
    #expect(moved.assignment == original.assignment)
    expectClose(moved.gradients.doubles, original.gradients.doubles)
    for (a, b) in zip(moved.segments, original.segments) {
      #expect(a.ranking == b.ranking)
      expectClose(a.channels.map(\.gradientTimesContrast), b.channels.map(\.gradientTimesContrast))
      // Where zero is matters to this one.
      let difference = a.channels[2].gradientTimesInput - b.channels[2].gradientTimesInput
      #expect(abs(difference - 40 * b.channels[2].meanSigned) < 1e-8 && abs(difference) > 1e-6)
    }
  }

  @Test func unitsOfTheFeaturesAreUnitsOfTheGradients() throws {
    let original = try trace(features)
    let scaled = try trace(matrix(120, 6) { 10 * features.doubles[$0 * 6 + $1] }, width: .value(15))
    #expect(scaled.assignment == original.assignment)
    expectClose(scaled.gradients.doubles, original.gradients.doubles.map { $0 / 10 })
    for (a, b) in zip(scaled.segments, original.segments) {
      #expect(abs(a.objective - b.objective) < 1e-10)
      // Gradient times a difference has no unit.
      expectClose(a.channels.map(\.gradientTimesContrast), b.channels.map(\.gradientTimesContrast))
    }
  }

  @Test(arguments: [DType.float32, .float64])
  func aConstantChannelHasExactlyNoScore(_ precision: DType) throws {
    let withConstant = matrix(120, 6) { $1 == 4 ? 0.1 : features.doubles[$0 * 6 + $1] }
    let trace = try ChannelTrace(
      withConstant, configuration: ChannelTrace.Configuration(segments: 3, width: .value(1.5), precision: precision))
    for segment in trace.segments {
      for aggregation in ChannelAggregation.allCases { #expect(segment.channels[4][aggregation] == 0, "\(aggregation)") }
      #expect(segment.channels[4].standardError == 0)
      #expect(segment.ranking.contains(4))
    }
  }

  @Test func theConfigurationDecidesTheOrder() throws {
    for aggregation in ChannelAggregation.allCases {
      let trace = try ChannelTrace(
        features,
        configuration: ChannelTrace.Configuration(
          segments: 3, width: .value(1.5), aggregation: aggregation, precision: .float64))
      for segment in trace.segments { #expect(segment.ranking == rankedChannels(segment.channels, by: aggregation)) }
    }
  }

  @Test func refusesWhatCannotBeTraced() {
    func refuses(_ shape: Shape, segments: Int = 2, names: [String]? = nil) -> Bool {
      do throws(SpectralError) {
        _ = try ChannelTrace(
          .zeros(shape), channelNames: names, configuration: ChannelTrace.Configuration(segments: segments))
        return false
      } catch { if case .invalidInput = error { return true } else { return false } }
    }
    #expect(refuses([6]))
    #expect(refuses([1, 1, 2, 3, 4]))
    #expect(refuses([1, 3]))
    #expect(refuses([6, 3], segments: 1))
    #expect(refuses([6, 3], segments: 7))
    #expect(refuses([6, 3], names: ["one"]))
  }
}

/// `groups` runs of nodes around random centres, float64.
private func grouped(nodes: Int, channels: Int, groups: Int, seed: UInt64) -> NDArray {
  var source = RandomSource(seed: seed)
  let centres = source.normals(groups * channels)
  let noise = source.normals(nodes * channels)
  return matrix(nodes, channels) { node, channel in
    centres[node * groups / nodes * channels + channel] + 0.35 * noise[node * channels + channel]
  }
}

private func matrix(_ rows: Int, _ columns: Int, _ value: (Int, Int) -> Double) -> NDArray {
  NDArray((0..<rows * columns).map { value($0 / columns, $0 % columns) }, shape: [rows, columns])
}

/// Equal to rounding, relative to the largest expected magnitude.
private func expectClose(_ a: [Double], _ b: [Double], sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(a.count == b.count, sourceLocation: sourceLocation)
  let scale = b.map(abs).max() ?? 0
  let worst = zip(a, b).map { abs($0 - $1) }.max() ?? 0
  #expect(worst <= 1e-8 * scale, "differs by \(worst) of \(scale)", sourceLocation: sourceLocation)
}
