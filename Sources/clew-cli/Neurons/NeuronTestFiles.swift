import Clew

/// The tables and figures of `clew neurons test`.
struct NeuronTestFiles {
  let study: NeuronStudy
  let tests: NeuronTests
  let masking: NeuronMasking?
  let activations: [(layer: String, values: NDArray)]

  /// Returns what was written, for a person.
  func write(to folder: OutputFolder) throws -> [String] {
    try neurons().write(to: folder.file("neurons.csv"))
    var lines = ["\(folder.file("neurons.csv")): every neuron"]
    if let masking {
      try comparisons(masking).write(to: folder.file("masking.csv"))
      lines.append("\(folder.file("masking.csv")): accuracy with silent neurons")
    }
    for (place, layer) in tests.layers.enumerated() {
      let name = String(layer.name.map { $0 == "/" ? "_" : $0 })
      let choices = [
        ("most-separated", "Most separated", Array(layer.separation.prefix(10))),
        ("least-separated", "Least separated", Array(layer.separation.suffix(10).reversed())),
        ("most-normal", "Most normal", Array(layer.normality.prefix(10))),
        ("least-normal", "Least normal", Array(layer.normality.suffix(10).reversed())),
      ]
      for (file, title, neurons) in choices where !neurons.isEmpty {
        let figure = distributions("\(title) neurons of \(layer.name)", activations[place].values, layer, neurons)
        try folder.write(figure, "\(name)-\(file)")
        lines.append("\(folder.file("\(name)-\(file).png")): \(title.lowercased()) neurons by class")
      }
    }
    return lines
  }

  private func neurons() -> CSVWriter {
    var table = CSVWriter(header: [
      "layer", "neuron", "test", "pValue", "qValue", "important", "effectSize", "rankBiserial", "klDivergence", "jensenShannon",
      "shapiroPPositive", "shapiroPNegative", "pooledShapiroP", "meanPositive", "meanNegative",
    ])
    func cell(_ value: Double?) -> CSVWriter.Cell { value.map { .number($0) } ?? .text("") }
    for layer in tests.layers {
      for neuron in layer.neurons {
        table.append([
          .text(layer.name), .integer(neuron.index), .text(neuron.test.rawValue), .number(neuron.pValue), .number(neuron.qValue),
          .text(neuron.isImportant ? "true" : "false"), cell(neuron.effectSize), .number(neuron.rankBiserial),
          .number(neuron.klDivergence), .number(neuron.jensenShannon), cell(neuron.shapiro[0]?.pValue),
          cell(neuron.shapiro[1]?.pValue), cell(neuron.pooledShapiro?.pValue), .number(neuron.moments[0].mean),
          .number(neuron.moments[1].mean),
        ])
      }
    }
    return table
  }

  private func comparisons(_ masking: NeuronMasking) -> CSVWriter {
    var table = CSVWriter(header: ["layers", "repetition", "importantAccuracy", "unimportantAccuracy", "accuracy"])
    for comparison in masking.comparisons {
      for (index, pair) in zip(comparison.importantAccuracies, comparison.unimportantAccuracies).enumerated() {
        table.append([
          .text(comparison.layers.joined(separator: " ")), .integer(index + 1), .number(pair.0), .number(pair.1),
          .number(comparison.accuracy),
        ])
      }
    }
    return table
  }

  /// Densities of each neuron in both classes, as histograms over their common range.
  private func distributions(_ title: String, _ values: NDArray, _ layer: NeuronTests.Layer, _ neurons: [Int]) -> LineChart {
    let isPositive = study.isPositive
    let name = study.classes.names[study.positive]
    let other = study.classes.count == 2 ? study.classes.names[1 - study.positive] : "other classes"
    let columns = values.columns
    let panels = neurons.map { index in
      let column = columns[index]
      let (positive, negative) = (column.indices.filter { isPositive[$0] }, column.indices.filter { !isPositive[$0] })
      var curves: [LineChart.Curve] = []
      let groups = [("class \(name)", positive, Palette.color(1)), ("class \(other)", negative, Palette.color(0))]
      for (label, members, color) in groups {
        let steps = Self.steps(members.map { column[$0] }, among: column)
        curves.append(LineChart.Curve(label, x: steps.map(\.0), y: steps.map(\.1), color: color, hasMarks: false))
      }
      let neuron = layer.neurons[index]
      let size = neuron.effectSize.map { "g \(NumberText.short($0))" } ?? "constant"
      return LineChart.Panel("\(index): \(size), q \(NumberText.short(neuron.qValue))", curves: curves)
    }
    return LineChart(
      title, panels: panels, columns: 5, plotHeight: 90, namesEachPanel: false,
      caption: "Density of the activation in each class, in \(NeuronTests.bins) bins. Above: the neuron, Hedges' g, q-value.")
  }

  /// The outline of a histogram whose area is 1.
  private static func steps(_ members: [Double], among all: [Double]) -> [(Double, Double)] {
    guard let bins = try? commonHistograms(members, all, bins: NeuronTests.bins) else { return [] }
    var result: [(Double, Double)] = []
    for (place, count) in bins.first.enumerated() {
      let density = count / Double(members.count) / (bins.edges[place + 1] - bins.edges[place])
      result += [(bins.edges[place], density), (bins.edges[place + 1], density)]
    }
    return result
  }
}
