import Clew
import Foundation

/// The foreground as a person reads it in a terminal.
struct PromptTable {
  let trace: PromptTrace

  var text: String {
    let (cut, region, prompts) = (trace.cut, trace.foreground, trace.prompted.prompts)
    let sides =
      "\(prompts.foreground.count) foreground"
      + (prompts.background.isEmpty ? "" : " and \(prompts.background.count) background")
    let points = prompts.foreground.count + prompts.background.count == 1 ? "point" : "points"
    var lines = [
      "\(cut.nodeCount) nodes by \(trace.channelNames.count) channels, prompted by \(sides) \(points) through "
        + "\(cut.segmentCount) eigenvectors; \(cut.kernel.name) affinity (\(cut.regime.rawValue)), "
        + "sigma \(number(cut.sigma)); held fixed: \(trace.heldFixed.joined(separator: ", "))"
    ]
    lines += spectrumLines(cut)
    lines += [
      "",
      "foreground: \(region.size) nodes (\(String(format: "%.1f %%", 100 * Double(region.size) / Double(cut.nodeCount)))), "
        + "score above \(number(trace.prompted.threshold)), mean \(number(region.objective)), channels by \(trace.configuration.aggregation.rawValue)",
    ]
    if region.size > 0 { lines += rankedLines(region.channels, region.ranking, by: trace.configuration.aggregation) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func number(_ value: Double) -> String { String(format: "%.4g", value) }
}
