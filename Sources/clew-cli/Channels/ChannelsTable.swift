import Clew
import Foundation

/// The study as a person reads it in a terminal.
struct ChannelsTable {
  let results: [ChannelsResult]
  let markers: [String]
  let cells: Int

  var text: String { results.map(section).joined(separator: "\n") }

  private func section(_ result: ChannelsResult) -> String {
    let ablation = result.importance.ablations[0]
    let norm = result.importance.weightNorm
    var lines = [
      "\(result.name): \(cells) cells, \(markers.count) channels; ablation to \(ablation.baseline), strategy \(ablation.strategy.rawValue)"
    ]
    if let norm {
      let mean = norm.normalised.reduce(0, +) / Double(max(1, norm.normalised.count))
      lines.append(
        "\(norm.normalised.count { $0 < 0.1 })/\(norm.normalised.count) channels with a normalised weight norm below 0.1; "
          + "mean \(number(mean))")
    }
    if let rank = result.rank {
      lines.append(
        "effective rank \(number(rank.variance)) (of variance), \(number(rank.royVetterli)) (Roy & Vetterli) of "
          + "\(rank.dimensions); 90 % of the variance in \(rank.dimensionsFor90Percent); embeddings: "
          + (result.embeddingSource ?? "computed"))
    }
    let width = max(7, markers.map(\.count).max() ?? 0)
    func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
    lines.append(
      "  rank  " + padded("channel", width) + "  " + padded("1 − cos", 11) + padded("95 % interval", 24) + padded("rank from", 13)
        + "norm     identifiable")
    for channel in descendingOrder(ablation.sensitivity) {
      let interval =
        ablation.intervals.isEmpty
        ? "–" : "\(number(ablation.intervals[channel].lower)) … \(number(ablation.intervals[channel].upper))"
      let ranks =
        ablation.rankIntervals.isEmpty
        ? "–" : "\(number(ablation.rankIntervals[channel].lower)) to \(number(ablation.rankIntervals[channel].upper))"
      lines.append(
        "  " + padded("\(ablation.rank[channel])", 6) + padded(markers[channel], width) + "  "
          + padded(number(ablation.sensitivity[channel]), 11) + padded(interval, 24) + padded(ranks, 13)
          + padded(norm.map { number($0.normalised[channel]) } ?? "–", 9)
          + (norm.map { number($0.identifiable[channel]) } ?? "–"))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func number(_ value: Double) -> String { String(format: "%.4g", value) }
}
