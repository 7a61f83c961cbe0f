import Foundation

/// The study as a page of Markdown.
struct StudyReport {
  /// All cases.
  let all: [CaseOutcome]
  /// Those that are cut well.
  let outcomes: [CaseOutcome]
  let candidates: [Candidate]
  let seed: UInt64
  /// Candidate indices by descending mean recall.
  let order: [Int]
  private let bootstrap: Bootstrap

  init(_ cases: [CaseOutcome], _ candidates: [Candidate], seed: UInt64) {
    all = cases
    let outcomes = cases.filter(\.isCutWell)
    self.outcomes = outcomes
    self.candidates = candidates
    self.seed = seed
    let means = candidates.indices.map { index in mean(outcomes.map { $0.recall[index] }) }
    order = candidates.indices.sorted { means[$0] == means[$1] ? $0 < $1 : means[$0] > means[$1] }
    bootstrap = Bootstrap(outcomes, seed: seed)
  }

  /// What `clew trace` ranks by unless told otherwise.
  private var reference: Int { candidates.firstIndex { $0.name.hasPrefix(Candidate.defaultName) } ?? best }

  /// The gradient-based candidate with the highest mean recall.
  var best: Int { order.first { candidates[$0].kind == .gradient } ?? 0 }

  /// - Parameter command: how the page is made.
  func markdown(command: String) -> String {
    let sections = [introduction(command), recallTable(), factorTable(), limits]
    return sections.joined(separator: "\n") + "\n"
  }

  private func introduction(_ command: String) -> String {
    let perGenerator = PlantedCase.Generator.allCases.map { generator in
      "- **\(generator.rawValue)**, \(outcomes.count { $0.generator == generator }) of \(all.count { $0.generator == generator }): "
        + generator.summary
    }
    return """
      # Which ranking finds the planted channels

      Written by `\(command)`. The decision that rests on it: [0005](Decisions/0005-default-ranking.md).

      In \(all.count) generated cases (seed \(seed)) it is known which channels make which region. Each is cut into as many segments as it
      has regions, and traced with the default configuration. In \(outcomes.count) of them the segments are the regions: at least 0.9 of the
      nodes are in the segment that covers most of their region and in the region that covers most of their segment. These
      decide, for elsewhere it is not known which channels made a segment; the last column of the table is over all cases.
      If m channels are planted in a region, recall is the share of them among the first m of its segment's ranking, mean over
      the regions of a case. Brackets are 95 % bootstrap intervals over cases, stratified by generator; differences are paired.
      An order drawn at random has recall \(number(mean(outcomes.map(\.chance)))).

      \(perGenerator.joined(separator: "\n"))

      In each generator the levels of every factor occur equally often: 2 to 8 regions, noise 0.05 to 0.5 of the strongest planted
      difference, overlap (share of a planted difference that another region shows too) 0 to 0.8, 1 to 4 planted channels a region,
      5 to 48 uninformative channels, spread of the channels' scales (standard deviation of the logarithm) 0 to 1.

      """
  }

  private func recallTable() -> String {
    let referenceRecall = outcomes.map { $0.recall[reference] }
    let generators = PlantedCase.Generator.allCases
    var lines = [
      "## Recall", "",
      "g is the gradient of the segment's objective on the segment's nodes, x the feature, ⟨·⟩ the mean over those nodes, c the mean of "
        + "x inside the segment minus its mean outside, s the standard deviation of x over all nodes. m is the margin: by how much "
        + "the segment's mean of x is beyond those of all other segments, above or below, negative if it lies between them (± gives it "
        + "the sign of the direction); l the mean inside minus the highest of the other segments' means; "
        + "n the mean inside minus the nearest of them. All rank by descending value; the default is bold. "
        + "*Control*: looks at the features alone.",
      "",
      "| aggregation | | recall | to the default | \(generators.map(\.rawValue).joined(separator: " | ")) | all cases |",
      "|---|---|---|---|\(String(repeating: "---|", count: generators.count))---|",
    ]
    for index in order {
      let candidate = candidates[index]
      let values = outcomes.map { $0.recall[index] }
      let isControl = candidate.kind == .control
      let name = index == reference ? "**\(candidate.name)**" : isControl ? "*control: \(candidate.name)*" : candidate.name
      let difference = index == reference ? "" : signed(bootstrap.estimate(zip(values, referenceRecall).map { $0 - $1 }))
      let columns = generators.map { generator in
        number(mean(outcomes.filter { $0.generator == generator }.map { $0.recall[index] }))
      }
      lines.append(
        "| \(name) | \(candidate.formula) | \(text(bootstrap.estimate(values))) | \(difference) | \(columns.joined(separator: " | ")) | "
          + "\(number(mean(all.map { $0.recall[index] }))) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The aggregations that the command offers, the best of all, and the strongest control, at every level of every factor.
  private func factorTable() -> String {
    let offered = candidates.indices.filter {
      ["mean signed", "mean absolute", "RMS", "gradient × input", "gradient × contrast"].contains(candidates[$0].name)
        || $0 == reference
    }
    let control = order.first { candidates[$0].kind == .control }
    let shown = order.filter { $0 == best || $0 == control || offered.contains($0) }
    var lines = [
      "## By factor", "",
      "Mean recall at each level, over all generators, where the segments are the regions.", "",
      "| factor | level | cases | \(shown.map { candidates[$0].name }.joined(separator: " | ")) |",
      "|---|---|---|\(String(repeating: "---|", count: shown.count))",
    ]
    let factors: [(String, (Factors) -> Double)] = [
      ("regions", { Double($0.regions) }), ("noise", { $0.noise }), ("overlap", { $0.overlap }),
      ("planted a region", { Double($0.plantedPerRegion) }), ("uninformative channels", { Double($0.uninformative) }),
      ("spread of scales", { $0.gainSpread }),
    ]
    for (name, level) in factors {
      for value in Set(outcomes.map { level($0.factors) }).sorted() {
        let cases = outcomes.filter { level($0.factors) == value }
        let recalls = shown.map { index in number(mean(cases.map { $0.recall[index] })) }
        lines.append("| \(name) | \(String(format: "%g", value)) | \(cases.count) | \(recalls.joined(separator: " | ")) |")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private let limits = """
    ## How far it carries

    A channel planted in another region makes a segment too, by its absence; it counts as a miss here, because only a region's own
    channels count as planted. With two regions a channel that is high in one is low in the other, and no score that takes
    both directions can tell whose it is: half of them is what such a score can find. Scores that look for higher channels
    only do better there, and miss every channel that marks its region by being lower, as half of those of *clusters* do.
    A planted channel of small scale counts as much as one of large scale, though it moves the affinity less.
    The cases are generated: they say how rankings compare where the truth is known, not how large recall is on data of your own.
    Last digits may differ on another processor.
    """

  private func number(_ value: Double) -> String { String(format: "%.3f", value) }
  private func text(_ estimate: Estimate) -> String {
    "\(number(estimate.mean)) [\(number(estimate.low)), \(number(estimate.high))]"
  }
  private func signed(_ estimate: Estimate) -> String {
    String(format: "%+.3f [%+.3f, %+.3f]", estimate.mean, estimate.low, estimate.high).replacing("-", with: "−")
  }
}
