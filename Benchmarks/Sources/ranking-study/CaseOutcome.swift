import Clew

/// How well every candidate did on one case.
struct CaseOutcome: Sendable {
  let generator: PlantedCase.Generator
  let factors: Factors
  /// Share of nodes whose segment is the one that covers most of their region.
  let agreement: Double
  /// Of each candidate: the share of a region's m planted channels among the first m, mean over the regions.
  let recall: [Double]
  /// The recall of an order drawn at random.
  let chance: Double

  /// - Throws: ``SpectralError``.
  init(_ planted: PlantedCase, _ candidates: [Candidate]) throws(SpectralError) {
    let trace = try ChannelTrace(
      planted.features, configuration: ChannelTrace.Configuration(segments: planted.factors.regions))
    let (features, gradients) = (planted.features.doubles, trace.gradients.doubles)
    let statistics = trace.segments.map { segment in
      segment.nodes.isEmpty ? [] : ChannelStatistics.all(trace, segment, features: features, gradients: gradients)
    }
    let rankings = candidates.map { candidate in statistics.map { candidate.ranking($0) } }
    var matching = 0
    var found = [Double](repeating: 0, count: candidates.count)
    for (region, channels) in planted.planted.enumerated() {
      var overlap = [Int](repeating: 0, count: trace.segments.count)
      for (node, label) in planted.regions.enumerated() where label == region { overlap[trace.assignment[node]] += 1 }
      let segment = overlap.indices.max { overlap[$0] < overlap[$1] } ?? 0
      matching += overlap[segment]
      for index in candidates.indices {
        let top = rankings[index][segment].prefix(channels.count)
        found[index] += Double(channels.count(where: top.contains)) / Double(channels.count)
      }
    }
    generator = planted.generator
    factors = planted.factors
    agreement = Double(matching) / Double(planted.regions.count)
    recall = found.map { $0 / Double(planted.planted.count) }
    chance = Double(planted.factors.plantedPerRegion) / Double(trace.channelNames.count)
  }
}
