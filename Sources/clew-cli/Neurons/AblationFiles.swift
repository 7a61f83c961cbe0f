import Clew

/// The tables and the figure of an ablation.
struct AblationFiles {
  let study: NeuronAblation
  /// Empty where there are none.
  let featureNames: [String]

  init(_ study: NeuronAblation, featureNames: [String] = []) { (self.study, self.featureNames) = (study, featureNames) }

  /// Returns what was written, for a person.
  func write(to folder: OutputFolder) throws -> [String] {
    try scores().write(to: folder.file("scores.csv"))
    try sweep().write(to: folder.file("sweep.csv"))
    try folder.write(figure, "ablation")
    return [
      "\(folder.file("ablation.png")): accuracy by the number of ablated features",
      "\(folder.file("sweep.csv")), \(folder.file("scores.csv")): the numbers",
    ]
  }

  private func scores() -> CSVWriter {
    var table = CSVWriter(
      header: ["feature", "groupScore", "groupScoreMaximum", "groupRank", "targetScore", "targetScoreMaximum", "targetRank"]
        + (featureNames.isEmpty ? [] : ["name"]))
    let (group, target) = (study.groupScores, study.targetScores)
    var (groupRank, targetRank) = (group.ranking, target.ranking)
    for (rank, feature) in group.ranking.enumerated() { groupRank[feature] = rank + 1 }
    for (rank, feature) in target.ranking.enumerated() { targetRank[feature] = rank + 1 }
    for feature in group.euclidean.indices {
      table.append(
        [
          .integer(feature), .number(group.euclidean[feature]), .number(group.maximum[feature]), .integer(groupRank[feature]),
          .number(target.euclidean[feature]), .number(target.maximum[feature]), .integer(targetRank[feature]),
        ] + (featureNames.isEmpty ? [] : [.text(featureNames[feature])]))
    }
    return table
  }

  private func sweep() -> CSVWriter {
    var table = CSVWriter(header: [
      "baseline", "split", "k", "ablated", "headAccuracy", "headAccuracyStd", "margin", "logLoss", "groupProbe", "targetProbe",
      "pValue",
    ])
    func cell(_ value: Double?) -> CSVWriter.Cell { value.map { .number($0) } ?? .text("") }
    for split in study.splits + study.otherBaselines.flatMap(\.splits) {
      for row in split.rows {
        let start: [CSVWriter.Cell] = [.text(split.baseline.rawValue), .text(split.name), .integer(row.number)]
        for (name, outcome, pValue) in [
          ("group", row.group, row.controls[.random]?.pValue), ("target", row.target, row.controls[.random]?.targetPValue),
        ] {
          table.append(
            start + [
              .text(name), .number(outcome.headAccuracy), .text(""), cell(outcome.margin), cell(outcome.logLoss),
              cell(outcome.groupProbe), .number(outcome.targetProbe), cell(pValue),
            ])
        }
        for kind in AblationControl.allCases {
          guard let control = row.controls[kind] else { continue }
          table.append(
            start + [
              .text(kind.rawValue), .number(control.headAccuracyMean), .number(control.headAccuracyStd), .text(""), .text(""),
              cell(control.groupProbeMean), .text(""), .text(""),
            ])
        }
      }
    }
    return table
  }

  private static let colors = (group: Palette.color(3), target: Palette.color(2), random: RGBColor(hex: 0x444444))

  /// Left: the two rankings against random orders. Right: in distribution against out of it, or without an in-distribution
  /// split what the probes still see.
  var figure: LineChart {
    let test = study.splits[0]
    let other = study.splits.dropFirst().first
    let orders = study.configuration.drawsAsInSeed ? "5 random sets" : "\(study.configuration.randomOrders) random orders"
    let left = LineChart.Panel(
      "Ranked against random ablation, \(test.name)",
      curves: [
        curve("by group score", test, Self.colors.group) { $0.group.headAccuracy },
        curve("by target score", test, Self.colors.target) { $0.target.headAccuracy },
        random("\(orders), mean ± std", test, .solid),
      ], xName: "ablated features", yName: "accuracy of the head", reference: test.rows.first?.group.headAccuracy)
    let right: LineChart.Panel
    if let other {
      right = LineChart.Panel(
        "\(test.name) against \(other.name)",
        curves: [
          curve("\(test.name), by group score", test, Self.colors.group) { $0.group.headAccuracy },
          curve("\(other.name) (dashed), by group score", other, Self.colors.group, .dashed) { $0.group.headAccuracy },
          random("\(test.name), random", test, .solid), random("\(other.name) (dashed), random", other, .dashed),
        ], xName: "ablated features", yName: "accuracy of the head")
    } else {
      var curves = [curve("target probe, by group score", test, Self.colors.target) { $0.group.targetProbe }]
      if test.rows.contains(where: { $0.group.groupProbe != nil }) {
        curves.insert(curve("group probe, by group score", test, Self.colors.group) { $0.group.groupProbe ?? .nan }, at: 0)
        curves.append(
          LineChart.Curve(
            "group probe, random", x: places(test), y: test.rows.map { $0.controls[.random]?.groupProbeMean ?? .nan },
            band: band(test) { ($0.groupProbeMean ?? .nan, $0.groupProbeStd ?? .nan) }, color: Self.colors.random,
            hasMarks: hasMarks))
      }
      right = LineChart.Panel(
        "What linear probes still see, \(test.name)", curves: curves, xName: "ablated features", yName: "accuracy of the probe")
    }
    return LineChart(
      "Targeted ablation against random controls", panels: [left, right], scale: .symmetricLogarithm(threshold: 4),
      caption: "Ablated features are set to \(Self.description(test.baseline)). Shaded: one standard deviation of the random "
        + "controls. Thin line: nothing ablated.")
  }

  private static func description(_ baseline: AblationBaseline) -> String {
    switch baseline {
    case .trainMean: "their mean over the training samples"
    case .zero: "zero"
    case .splitMean: "their mean over the split"
    case .resample: "values of training samples"
    }
  }

  private var hasMarks: Bool { study.numbers.count <= 40 }
  private func places(_ split: SplitReport) -> [Double] { split.rows.map { Double($0.number) } }

  private func curve(
    _ name: String, _ split: SplitReport, _ color: RGBColor, _ style: LineChart.Curve.Style = .solid,
    _ value: (SplitReport.Row) -> Double
  ) -> LineChart.Curve {
    LineChart.Curve(name, x: places(split), y: split.rows.map(value), color: color, style: style, hasMarks: hasMarks)
  }

  private func random(_ name: String, _ split: SplitReport, _ style: LineChart.Curve.Style) -> LineChart.Curve {
    LineChart.Curve(
      name, x: places(split), y: split.rows.map { $0.controls[.random]?.headAccuracyMean ?? .nan },
      band: band(split) { ($0.headAccuracyMean, $0.headAccuracyStd) }, color: Self.colors.random, style: style, hasMarks: hasMarks
    )
  }

  private func band(
    _ split: SplitReport, _ value: (SplitReport.Control) -> (mean: Double, deviation: Double)
  ) -> [(low: Double, high: Double)] {
    split.rows.map { row in
      guard let control = row.controls[.random] else { return (.nan, .nan) }
      let (mean, deviation) = value(control)
      return (mean - deviation, mean + deviation)
    }
  }
}
