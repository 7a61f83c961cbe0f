import Clew
import Foundation

/// The tests as a person reads them in a terminal.
struct NeuronTestTable {
  let tests: NeuronTests
  let masking: NeuronMasking?
  let report: NeuronTestReport
  /// Neurons printed of each layer.
  var depth = 5

  init(tests: NeuronTests, masking: NeuronMasking?, report: NeuronTestReport) {
    self.tests = tests
    self.masking = masking
    self.report = report
  }

  var text: String {
    var lines = [
      String(format: "accuracy %.4f", report.accuracy)
        + " of \(report.samples) samples; class \(report.positiveClass) against the rest"
    ]
    for (layer, summary) in zip(tests.layers, report.layers) {
      lines.append("")
      lines.append(
        "\(layer.name): \(summary.importantCount) of \(layer.neurons.count) neurons with p < \(report.level), "
          + "\(summary.discoveries) with q < \(report.level); the most separated:")
      for index in layer.separation.prefix(depth) {
        let neuron = layer.neurons[index]
        let size = neuron.effectSize.map { String(format: "%.3f", $0) } ?? "–"
        lines.append(
          String(format: "  %5d  ", index) + (neuron.test == .welch ? "Welch" : "U    ")
            + String(format: "  p %.3g  q %.3g  g ", neuron.pValue, neuron.qValue) + size
            + String(format: "  rank-biserial %.3f  KL %.3f", neuron.rankBiserial, neuron.klDivergence))
      }
    }
    guard let masking, !masking.comparisons.isEmpty else { return lines.joined(separator: "\n") + "\n" }
    lines.append("")
    lines.append(
      "silenced neurons, chosen on \(masking.selectionCount) samples and judged on \(masking.evaluationCount): accuracy")
    for comparison in masking.comparisons {
      let interval = comparison.interval.map { String(format: " [%.3f, %.3f]", $0.lower, $0.upper) } ?? ""
      lines.append(
        "  " + comparison.layers.joined(separator: " + ")
          + String(
            format: ": none %.3f, %d important %.3f, %d others %.3f; difference %.3f", comparison.accuracy,
            comparison.importantCount, comparison.importantAccuracy, comparison.unimportantCount, comparison.unimportantAccuracy,
            comparison.difference) + interval + String(format: ", p %.2g", comparison.pValue))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
