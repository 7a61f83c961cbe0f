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
    let widths = [4, max(7, markers.map(\.count).max() ?? 0), 10, 22, 11, 8, 0]
    func row(_ cells: [String]) -> String {
      let padded = zip(cells, widths).map { cell, width in
        cell + String(repeating: " ", count: max(0, width - cell.count))
      }
      return "  " + padded.joined(separator: "  ")
    }
    lines.append(row(["rank", "channel", "1 − cos", "95 % interval", "ranks", "norm", "identifiable"]))
    for channel in descendingOrder(ablation.sensitivity) {
      var cells = ["\(ablation.rank[channel])", markers[channel], number(ablation.sensitivity[channel])]
      cells.append(ablation.intervals.isEmpty ? "–" : range(ablation.intervals[channel], " … "))
      cells.append(ablation.rankIntervals.isEmpty ? "–" : range(ablation.rankIntervals[channel], " to "))
      cells.append(norm.map { number($0.normalised[channel]) } ?? "–")
      cells.append(norm.map { number($0.identifiable[channel]) } ?? "–")
      lines.append(row(cells))
    }
    for (index, group) in ablation.groups.enumerated() {
      let interval = ablation.groupIntervals.isEmpty ? "" : ", 95 % from \(range(ablation.groupIntervals[index], " to "))"
      lines.append(
        "without \(group.map { markers[$0] }.joined(separator: ", ")): \(number(ablation.groupSensitivity[index]))\(interval)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func range(_ interval: Interval, _ separator: String) -> String {
    number(interval.lower) + separator + number(interval.upper)
  }

  private func number(_ value: Double) -> String { String(format: "%.4g", value) }
}
