import Clew
import Foundation

/// The ranking as a person reads it in a terminal.
struct TraceTable {
  let trace: ChannelTrace
  let planted: PlantedChannels?
  var placed: PlacedFeatures?
  var text: String {
    let (cut, aggregation) = (trace.cut, trace.configuration.aggregation)
    var lines = [
      "\(cut.nodeCount) nodes in \(trace.segments.count) segments by \(trace.channelNames.count) channels; "
        + "\(cut.kernel.name) affinity (\(cut.regime.rawValue)), sigma \(number(cut.sigma)); "
        + "held fixed: \(trace.heldFixed.joined(separator: ", "))"
    ]
    lines += spectrumLines(cut)
    if let filter = trace.partition.filter {
      lines.append(
        "spectral filter \(number(filter.width)) wide around \(number(filter.centre)): \(filter.count) eigenvectors have a weight"
      )
    }
    lines += cut.sample.map { [estimate($0)] } ?? certificate
    if let choice = cut.suggestion {
      lines.append(
        "\(choice.segments) segments by the widest gap (\(number(choice.gap))) of \(choice.range.lowerBound) to "
          + "\(choice.range.upperBound)")
    }
    for picture in trace.pictures {
      let sizes = picture.segments.map { "\($0.id): \($0.size)" }.joined(separator: ", ")
      lines.append("picture \(picture.index): nodes of segments \(sizes)")
    }
    for segment in trace.segments {
      lines.append("")
      lines.append(
        "segment \(segment.id): \(segment.size) nodes, objective \(number(segment.objective)), "
          + "channels by \(aggregation.rawValue)")
      if !segment.nodes.isEmpty { lines += rankedLines(segment.channels, segment.ranking, by: aggregation) }
    }
    if let planted {
      lines.append("")
      lines.append(
        "found \(planted.foundCount) of \(planted.plantedCount) planted channels; the segments cover "
          + String(format: "%.1f %%", 100 * planted.agreement) + " of their regions")
    }
    if let placed { lines += ["", placed.line] }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What is known of the error of a sample, for which there is no certificate.
  private func estimate(_ sample: SampledCut) -> String {
    let start = "extended from \(sample.nodes.count) nodes (Nystrom); subspace error "
    guard let angle = sample.error.angle else { return start + "unknown, without a gap after the last eigenvalue" }
    return start + "\(number(angle)) ± \(number(sample.error.standardError ?? 0)), estimated at \(sample.error.rows) nodes, "
      + "not certified"
  }

  /// What the numbers below can be wrong by.
  private var certificate: [String] {
    let aggregation = trace.configuration.aggregation
    let bounds = trace.certificate.segments.compactMap { segment in
      segment.largest(aggregation).map { "\(segment.id): \(number($0))" }
    }
    return bounds.isEmpty
      ? []
      : ["largest error of \(aggregation.rawValue), as a share of the segment's largest: " + bounds.joined(separator: ", ")]
  }
}

/// Eigenvalues, and what is certain of them.
func spectrumLines(_ cut: NormalizedCut) -> [String] {
  let eigenvalues =
    "eigenvalues\(cut.sample == nil ? "" : " of the sample") \(cut.eigenvalues.map(number).joined(separator: " "))"
    + (cut.gap.width.map { "; gap \(number($0))" } ?? "") + "; largest residual \(number(cut.residuals.max() ?? 0))"
  if cut.sample != nil { return [eigenvalues] }
  return [
    eigenvalues,
    "certified: " + (cut.certificate.gap.map { "gap at least \(number($0))" } ?? "no gap") + "; "
      + (cut.certificate.subspaceAngle.map { "eigenvectors within an angle of sine \(number($0))" }
        ?? "no bound of the eigenvectors"),
  ]
}

/// The first channels of a ranking.
func rankedLines(_ channels: [ChannelScores], _ ranking: [Int], by aggregation: ChannelAggregation, depth: Int = 5) -> [String] {
  let top = ranking.prefix(depth).map { channels[$0] }
  let width = top.map(\.name.count).max() ?? 0
  return top.enumerated().map { rank, channel in
    // `padding(toLength:)` counts UTF-16 units, and would cut off the end of a name with others.
    let name = channel.name + String(repeating: " ", count: width - channel.name.count)
    let error = channel.standardError.map { " ± " + number($0) } ?? ""
    // In columns of their own, whatever the ranking is by.
    let isPrinted = aggregation == .meanAbsolute || aggregation == .meanSigned
    let ranked = isPrinted ? "" : "  \(aggregation.rawValue) \(number(channel[aggregation]))"
    return "  \(rank + 1). \(name)\(ranked)  mean |g| \(number(channel.meanAbsolute))"
      + "  mean g \(number(channel.meanSigned))\(error)"
  }
}

private func number(_ value: Double) -> String { String(format: "%.4g", value) }
