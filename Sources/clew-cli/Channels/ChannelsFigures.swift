import Clew
import Foundation

/// The notebook's figures, with intervals, and the numbers beside them.
struct ChannelsFigures {
  let results: [ChannelsResult]
  let markers: [String]

  /// Writes all of them; what was written, in words, one line each.
  func write(to folder: OutputFolder) throws -> [String] {
    try table().write(to: folder.file("channels.csv"))
    var written = ["scores: \(folder.file("channels.csv"))"]
    if let interactions {
      try interactions.write(to: folder.file("interactions.csv"))
      written.append("interactions: \(folder.file("interactions.csv"))")
    }
    if let norms {
      try folder.write(norms, "weight-norms")
      written.append("weight norms: \(folder.file("weight-norms.png"))")
    }
    try folder.write(ablation, "ablation")
    written.append("ablation: \(folder.file("ablation.png"))")
    if let spectrum {
      try folder.write(spectrum, "spectrum")
      written.append("spectrum: \(folder.file("spectrum.png"))")
    }
    return written
  }

  /// All models in the order of the first one's norms, so that rows can be compared.
  private var norms: BarChart? {
    guard let first = results[0].importance.weightNorm else { return nil }
    let order = descendingOrder(first.normalised)
    var panels: [BarChart.Panel] = []
    for (index, result) in results.enumerated() {
      guard let norm = result.importance.weightNorm else { continue }
      let mean = norm.normalised.reduce(0, +) / Double(max(1, norm.normalised.count))
      panels.append(
        BarChart.Panel(
          "\(result.name) (mean \(NumberText.short(mean)))",
          bars: order.map { BarChart.Bar(markers[$0], norm.normalised[$0]) }, color: Palette.color(index)))
    }
    return BarChart(
      "First-layer weight norm of each input channel", panels: panels, valueName: "norm, relative to the largest",
      sharesAxis: true, columns: panels.count)
  }

  private var ablation: BarChart {
    let order = descendingOrder(results[0].importance.ablations[0].sensitivity)
    let panels = results.enumerated().flatMap { index, result in
      result.importance.ablations.map { ablation in
        BarChart.Panel(
          "\(result.name), \(ablation.baseline)",
          bars: order.map { channel in
            let interval = ablation.intervals.isEmpty ? nil : ablation.intervals[channel]
            return BarChart.Bar(
              markers[channel], ablation.sensitivity[channel],
              interval: interval.map { BarChart.Interval($0.lower, $0.upper) })
          }, color: Palette.color(index))
      }
    }
    let hasIntervals = results[0].importance.ablations[0].bootstrap != nil
    return BarChart(
      "How far the embedding turns without each channel", panels: panels, valueName: "1 − cos",
      columns: results.count > 1 && panels.count > 1 ? panels.count / results.count : nil,
      caption: hasIntervals ? "Whiskers: 95 % of samples of cells drawn with replacement." : "")
  }

  private var spectrum: LineChart? {
    var (values, shares) = ([LineChart.Curve](), [LineChart.Curve]())
    for (index, result) in results.enumerated() {
      guard let rank = result.rank, let largest = rank.singularValues.first else { continue }
      let places = rank.singularValues.indices.map { Double($0 + 1) }
      let title = "\(result.name) (effective rank \(NumberText.short(rank.royVetterli)) of \(rank.dimensions))"
      values.append(
        LineChart.Curve(
          title, x: places, y: rank.singularValues.map { $0 > 0 ? log10($0 / largest) : .nan }, color: Palette.color(index),
          hasMarks: false))
      shares.append(
        LineChart.Curve(
          "\(result.name) (90 % in \(rank.dimensionsFor90Percent))", x: places, y: rank.cumulativeVariance,
          color: Palette.color(index), hasMarks: false))
    }
    if values.isEmpty { return nil }
    return LineChart(
      "How many dimensions the embeddings use",
      panels: [
        LineChart.Panel("Singular values", curves: values, xName: "place", yName: "log10 of σ/largest σ"),
        LineChart.Panel(
          "Cumulative variance", curves: shares, xName: "dimensions", yName: "share of the variance", reference: 0.9),
      ], columns: 2)
  }

  /// Each two channels once, by model and baseline; `nil` where no network keeps channels apart.
  private var interactions: CSVWriter? {
    var table = CSVWriter(header: ["model", "baseline", "first", "second", "sensitivity", "interaction"])
    var isEmpty = true
    for result in results {
      for ablation in result.importance.ablations {
        guard let pairs = ablation.pairSensitivity?.doubles, let beyond = ablation.interaction?.doubles else { continue }
        for a in markers.indices {
          for b in markers.indices.dropFirst(a + 1) {
            let place = a * markers.count + b
            table.append([
              .text(result.name), .text("\(ablation.baseline)"), .text(markers[a]), .text(markers[b]), .number(pairs[place]),
              .number(beyond[place]),
            ])
            isEmpty = false
          }
        }
      }
    }
    return isEmpty ? nil : table
  }

  private func table() -> CSVWriter {
    var table = CSVWriter(
      header: [
        "model", "channel", "marker", "weightNorm", "normalisedNorm", "identifiableNorm", "baseline", "sensitivity", "lower",
        "upper", "rank", "rankLower", "rankUpper",
      ])
    for result in results {
      for ablation in result.importance.ablations {
        for (channel, marker) in markers.enumerated() {
          let norm = result.importance.weightNorm
          func cell(_ value: Double?) -> CSVWriter.Cell { value.map { .number($0) } ?? .text("") }
          let interval = ablation.intervals.isEmpty ? nil : ablation.intervals[channel]
          let ranks = ablation.rankIntervals.isEmpty ? nil : ablation.rankIntervals[channel]
          table.append([
            .text(result.name), .integer(channel), .text(marker), cell(norm?.raw[channel]), cell(norm?.normalised[channel]),
            cell(norm?.identifiable[channel]), .text("\(ablation.baseline)"), .number(ablation.sensitivity[channel]),
            cell(interval?.lower), cell(interval?.upper), .integer(ablation.rank[channel]), cell(ranks?.lower),
            cell(ranks?.upper),
          ])
        }
      }
    }
    return table
  }
}
