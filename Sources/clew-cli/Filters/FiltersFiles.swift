import Clew
import Foundation

/// The tables and figures of `clew filters`.
struct FiltersFiles {
  let samples: NetworkSamples
  let importance: FilterImportance
  let pruning: FilterPruning?
  /// Over which the heat map is drawn.
  let sample: Int
  /// The layers that are drawn by t-SNE.
  let embedded: [FilterImportance.Layer]
  let seed: UInt64
  /// Filters of the first layer that are drawn.
  var depth = 16

  /// Returns what was written, for a person.
  func write(to folder: OutputFolder) throws -> [String] {
    try filters().write(to: folder.file("filters.csv"))
    try NPZ.write(coefficients, to: folder.file("coefficients.npz"))
    var lines = [
      "\(folder.file("filters.csv")), \(folder.file("coefficients.npz")): the numbers",
      "\(folder.file("importance.png")): importances of each layer",
      "\(folder.file("first-layer.png")): the first layer's filters",
    ]
    try folder.write(boxes, "importance")
    try folder.write(firstLayer, "first-layer")
    if let map = try heatMap() {
      try folder.write(map, "heat-map")
      lines.append("\(folder.file("heat-map.png")): where the first layer's filters are active")
    }
    if let tsne = try tsne() {
      try folder.write(tsne, "tsne")
      lines.append("\(folder.file("tsne.png")): filters by t-SNE")
    }
    if let pruning {
      try folder.write(curves(pruning), "pruning")
      lines.append("\(folder.file("pruning.png")): accuracy without filters")
    }
    return lines
  }

  private func filters() -> CSVWriter {
    var table = CSVWriter(
      header: ["layer", "filter", "importance", "rank", "rawImportance", "standardisedImportance", "rSquared"])
    for layer in importance.layers {
      var rank = layer.ranking
      for (place, filter) in layer.ranking.enumerated() { rank[filter] = place + 1 }
      for filter in 0..<layer.filterCount {
        let rSquared = layer.fit.flatMap { $0.rSquared[filter] }
        table.append([
          .text(layer.name), .integer(filter), .number(layer.importance[filter]), .integer(rank[filter]),
          .number(layer.rawImportance[filter]), .number(layer.standardisedImportance[filter]),
          rSquared.map { .number($0) } ?? .text(""),
        ])
      }
    }
    return table
  }

  /// Of each layer with parents, [filters, filters of the parents].
  private var coefficients: [(name: String, array: NDArray)] {
    importance.layers.flatMap { layer -> [(name: String, array: NDArray)] in
      guard let fit = layer.fit else { return [] }
      return [("\(layer.name).raw", fit.coefficients), ("\(layer.name).standardised", fit.standardizedCoefficients)]
    }
  }

  private var boxes: BoxPlot {
    let groups = importance.layers.map { layer in
      BoxPlot.Group(
        "\(layer.name) (\(layer.filterCount))", values: layer.importance, reference: 1 / Double(layer.filterCount),
        color: layer.isUniform ? Palette.color(-1) : Palette.color(0))
    }
    let kind = importance.configuration.coefficients.rawValue
    return BoxPlot(
      "Importance of filters", groups: groups, valueName: "share of the layer's \(kind) coefficients",
      caption: "Box: quartiles; whiskers: values within one and a half boxes; dots: values beyond. Thin line: equal shares. "
        + "Grey: nothing is known. In brackets: how many filters.")
  }

  private var firstLayer: PanelGrid {
    let layer = importance.layers[0]
    let weight = (try? samples.network.layer(named: layer.name))?.parameter("weight")
    let panels = layer.ranking.prefix(depth).compactMap { filter in
      weight.map { FilterPicture($0, filter: filter).panel(importance: layer.importance[filter]) }
    }
    let shown = panels.count < layer.filterCount ? "The \(panels.count) most important filters" : "Filters"
    return PanelGrid("\(shown) of \(layer.name)", panels: panels, columns: 4, panelWidth: 110)
  }

  /// The input, the map, and one over the other.
  private func heatMap() throws -> PanelGrid? {
    guard let values = try importance.heatMap(of: sample, in: samples) else { return nil }
    let input = samples.inputs.sliced(axis: 0, start: sample, count: 1)
    let picture = FilterPicture.picture(of: input.reshaped(to: Shape(Array(input.shape.dropFirst()))))
    let overlay = FilterPicture.overlay(values, on: picture)
    return PanelGrid(
      "Activity of \(importance.layers[0].name) on sample \(sample)",
      panels: [
        ImagePanel("input", .picture(picture)), ImagePanel("importance × activation", .heat(HeatMap(values))),
        ImagePanel("overlay", .picture(overlay)),
      ], columns: 3, caption: "Sum of the first layer's maps, each times its importance, scaled to the input.")
  }

  private func tsne() throws -> ScatterPlot? {
    var panels: [ScatterPlot.Panel] = []
    var perplexities: [String] = []
    for layer in embedded where layer.filterCount >= 4 {
      guard let weight = try samples.network.layer(named: layer.name).parameter("weight") else { continue }
      let flat = weight.converted(to: .float64).reshaped(to: [layer.filterCount, weight.count / layer.filterCount])
      let map = try TSNE(flat, configuration: TSNE.Configuration(seed: seed))
      perplexities.append(NumberText.short(map.perplexity))
      let points = map.points.doubles
      let named = Set(layer.ranking.prefix(5))
      panels.append(
        ScatterPlot.Panel(
          "\(layer.name) (\(layer.filterCount) filters)", x: layer.importance.indices.map { points[2 * $0] },
          y: layer.importance.indices.map { points[2 * $0 + 1] }, values: layer.importance,
          labels: layer.isUniform ? [] : layer.importance.indices.map { named.contains($0) ? "\($0)" : "" }))
    }
    if panels.isEmpty { return nil }
    return ScatterPlot(
      "Filters by t-SNE of their weights", panels: panels, valueName: "importance",
      caption:
        "Perplexity \(perplexities.joined(separator: ", ")). Numbers: the five most important filters. Neighbours are alike; "
        + "distances between groups mean nothing.")
  }

  private func curves(_ pruning: FilterPruning) -> LineChart {
    let steps = pruning.steps.sorted { $0.percent < $1.percent }
    let places = [0] + steps.map(\.percent)
    let accuracy = pruning.accuracy
    let random = LineChart.Curve(
      "at random", x: places, y: [accuracy] + steps.map(\.randomMean),
      band: [(accuracy, accuracy)] + steps.map { ($0.randomInterval.lower, $0.randomInterval.upper) }, color: Palette.color(7))
    let own = LineChart.Curve(
      "least important", x: places, y: [accuracy] + steps.map(\.accuracy), color: Palette.color(3))
    return LineChart(
      "Accuracy without filters",
      panels: [
        LineChart.Panel("", curves: [random, own], xName: "pruned filters of each layer, percent", yName: "accuracy")
      ],
      caption: "Shaded: 2.5 to 97.5 % of the random draws. Set to zero: the filters' "
        + (pruning.configuration.ablation == .output ? "outputs." : "weights and biases."))
  }
}
