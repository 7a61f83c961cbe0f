import Clew
import Foundation

/// The sweep as a person reads it in a terminal.
struct AblationTable {
  let study: NeuronAblation
  /// Empty where there are none.
  let featureNames: [String]
  /// Rows printed at most.
  var depth = 24

  init(_ study: NeuronAblation, featureNames: [String] = []) { (self.study, self.featureNames) = (study, featureNames) }

  private func top(_ scores: ProbeScores) -> String {
    scores.ranking.prefix(10).map { featureNames.isEmpty ? String($0) : featureNames[$0] }.joined(separator: " ")
  }

  var text: String {
    let counts = study.sampleCounts.map { "\($0.samples) samples of \($0.split)" }.joined(separator: ", ")
    var lines = [
      "\(study.groupScores.euclidean.count) features; \(counts)",
      "tell the group apart:  " + top(study.groupScores),
      "tell the target apart: " + top(study.targetScores),
    ]
    for split in study.splits {
      lines.append("")
      lines.append("\(split.name), ablated to \(split.baseline.rawValue): accuracy of the head, of the probes, p against random")
      lines.append("     k  by group  by target  random           p  group probe  target probe")
      let stride = max(1, (split.rows.count + depth - 1) / depth)
      for (place, row) in split.rows.enumerated() where place % stride == 0 || place == split.rows.count - 1 {
        lines.append(line(row))
      }
      if let curve = split.curve?[.random] {
        lines.append(
          String(
            format: "  over all K: by group %.3f, by target %.3f, random %.3f ± %.3f; p = %.2g by group, %.2g by target",
            curve.group, curve.target, curve.randomMean, curve.randomStd, curve.pValue, curve.targetPValue))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func line(_ row: SplitReport.Row) -> String {
    let control = row.controls[.random]
    let random = control.map { String(format: "%.3f ± %.3f", $0.headAccuracyMean, $0.headAccuracyStd) } ?? ""
    let pValue = control?.pValue.map { String(format: "%.2g", $0) } ?? "–"
    let probe = row.group.groupProbe.map { String(format: "%.3f", $0) } ?? "–"
    func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
    return right(String(row.number), 6) + right(String(format: "%.3f", row.group.headAccuracy), 10)
      + right(String(format: "%.3f", row.target.headAccuracy), 11) + right(random, 15) + right(pValue, 9) + right(probe, 13)
      + right(String(format: "%.3f", row.group.targetProbe), 14)
  }
}
