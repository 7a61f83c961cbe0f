import Clew
import Foundation

/// The importances as a person reads them in a terminal.
struct FiltersTable {
  let importance: FilterImportance
  let pruning: FilterPruning?
  /// Filters printed of each layer.
  var depth = 6

  init(importance: FilterImportance, pruning: FilterPruning?) {
    self.importance = importance
    self.pruning = pruning
  }

  var text: String {
    var lines: [String] = []
    for layer in importance.layers {
      let parents = layer.parents.isEmpty ? "" : " from " + layer.parents.joined(separator: ", ")
      lines.append("\(layer.name): \(layer.filterCount) filters\(parents)\(explained(layer))")
      if layer.isUniform {
        lines.append("  importances are equal")
      } else {
        let top = layer.ranking.prefix(depth).map { String(format: "%d (%.4f)", $0, layer.importance[$0]) }
        lines.append("  " + top.joined(separator: "  ") + (layer.filterCount > depth ? "  …" : ""))
      }
    }
    guard let pruning else { return lines.joined(separator: "\n") + "\n" }
    lines.append("")
    lines.append(
      String(format: "accuracy %.4f; without filters (%@):", pruning.accuracy, pruning.configuration.ablation.rawValue))
    lines.append("  percent  filters  least important  at random                p")
    for step in pruning.steps {
      let random = String(format: "%.4f ± %.4f", step.randomMean, step.randomStd)
      let pValue = step.pValue.map { String(format: "%.2g", $0) } ?? "–"
      lines.append(
        right(NumberText.short(step.percent), 9) + right("\(step.prunedCount)", 9)
          + right(String(format: "%.4f", step.accuracy), 17) + "  " + random + right(pValue, 10))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }

  private func explained(_ layer: FilterImportance.Layer) -> String {
    let known = layer.fit?.rSquared.compactMap { $0 }.sorted() ?? []
    if known.isEmpty { return "" }
    return String(format: ", median R² %.3f", (known[(known.count - 1) / 2] + known[known.count / 2]) / 2)
  }
}
