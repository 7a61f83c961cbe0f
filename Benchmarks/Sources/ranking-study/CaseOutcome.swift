import Clew

/// How well every candidate did on one case.
struct CaseOutcome: Sendable {
  let generator: PlantedCase.Generator
  let factors: Factors
  /// Share of nodes whose segment covers most of their region, and whose region covers most of their segment.
  let agreement: Double
  /// Of each candidate: the share of a region's m planted channels among the first m, mean over the regions.
  let recall: [Double]
  /// The recall of an order drawn at random.
  let chance: Double

  /// - Throws: ``SpectralError``.
  init(_ planted: PlantedCase, _ candidates: [Candidate]) throws(SpectralError) {
    let trace = try ChannelTrace(
      planted.features, configuration: ChannelTrace.Configuration(segments: planted.factors.regions))
    let statistics = ChannelStatistics.all(trace, features: planted.features.doubles)
    let rankings = candidates.map { candidate in statistics.map { candidate.ranking($0) } }
    let match = RegionMatch(planted.regions, trace.assignment, count: planted.planted.count)
    var found = [Double](repeating: 0, count: candidates.count)
    for (region, channels) in planted.planted.enumerated() {
      for index in candidates.indices {
        let top = rankings[index][match.segments[region]].prefix(channels.count)
        found[index] += Double(channels.count(where: top.contains)) / Double(channels.count)
      }
    }
    generator = planted.generator
    factors = planted.factors
    agreement = match.agreement
    recall = found.map { $0 / Double(planted.planted.count) }
    chance = Double(planted.factors.plantedPerRegion) / Double(trace.channelNames.count)
  }

  /// The segments are the regions, so that the planted channels are those of the segments.
  var isCutWell: Bool { agreement >= 0.9 }
}

/// Which segment stands for which region.
private struct RegionMatch {
  /// Of each region, the segment that covers most of it.
  let segments: [Int]
  let agreement: Double

  init(_ regions: [Int], _ assignment: [Int], count: Int) {
    var overlap = [[Int]](repeating: [Int](repeating: 0, count: count), count: count)
    for (region, segment) in zip(regions, assignment) { overlap[region][segment] += 1 }
    func largest(_ sizes: [Int]) -> Int { sizes.indices.max { sizes[$0] < sizes[$1] } ?? 0 }
    let segments = overlap.map(largest)
    let majority = (0..<count).map { segment in largest(overlap.map { $0[segment] }) }
    let matching = segments.indices.filter { majority[segments[$0]] == $0 }.reduce(0) { $0 + overlap[$1][segments[$1]] }
    self.segments = segments
    agreement = Double(matching) / Double(max(1, regions.count))
  }
}
