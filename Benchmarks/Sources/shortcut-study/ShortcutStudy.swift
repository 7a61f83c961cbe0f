import ArgumentParser
import Clew
import Foundation

@main
struct ShortcutStudy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shortcut-study",
    abstract: "Measure how often targeted ablation and its controls are significant on planted shortcuts.",
    discussion: "Example: shortcut-study --output Documentation/Shortcuts.md")

  @Option(help: "Data sets for each strength.") var cases = 100
  @Option(help: "Random orders of each control.") var orders = 199
  @Option(help: "Write the page here instead of to standard output.") var output: String?

  private static let strengths = [0, 0.25, 0.5, 1, 2]
  private static let level = 0.05

  func validate() throws {
    if cases < 1 { throw ValidationError("--cases: found \(cases), expected at least 1") }
    if orders < 39 { throw ValidationError("--orders: found \(orders), expected at least 39, for p-values below 0.05") }
  }

  func run() throws {
    var lines: [String] = []
    for strength in Self.strengths {
      var outcomes: [ShortcutCase.Outcome] = []
      for seed in 0..<cases {
        let data = try ShortcutCase(strength: strength, seed: UInt64(seed))
        outcomes.append(try data.outcome(orders: orders, seed: UInt64(seed)))
      }
      lines.append(row(strength, outcomes))
    }
    let page = header + lines.joined(separator: "\n") + "\n\n" + footer
    if let output {
      try Data(page.utf8).write(to: URL(fileURLWithPath: output), options: .atomic)
      print("written to \(output)")
    } else {
      print(page, terminator: "")
    }
  }

  private func row(_ strength: Double, _ outcomes: [ShortcutCase.Outcome]) -> String {
    func mean(_ value: (ShortcutCase.Outcome) -> Double) -> String {
      String(format: "%.3f", outcomes.reduce(0) { $0 + value($1) } / Double(outcomes.count))
    }
    func rate(_ value: (ShortcutCase.Outcome) -> Double) -> String {
      String(format: "%.2f", Double(outcomes.count { value($0) < Self.level }) / Double(outcomes.count))
    }
    return "| \(strength) | \(mean(\.recall)) | \(mean(\.accuracyBefore)) | \(mean(\.accuracyAfter)) | \(rate(\.randomPValue)) | "
      + "\(rate(\.matchedPValue)) | \(rate(\.controlPValue)) |"
  }

  private var header: String {
    """
    # How often ablation finds a planted shortcut

    Written by `make shortcuts`. \(cases) generated data sets for each strength of the leak (seeds 0 to \(cases - 1)): \(ShortcutCase.samples) training and \
    \(ShortcutCase.samples) test samples of \(ShortcutCase.width)
    features with unit noise. Two groups agree with the two targets in 0.9 of the training samples and in half of the test samples. Of the
    features \(ShortcutCase.leaks) leak the group (they differ between the groups by the strength, in standard deviations of the noise), a third of the others
    knows the target a little (0.4). The head is a logistic regression on the training samples. Ablated are as many features as leak, by the
    ranking of `clew neurons ablate`; p-values are two-sided, of the head's accuracy on the test samples among \(orders) control orders.

    | strength | leaks among the first \(ShortcutCase.leaks) | accuracy before | after | p < 0.05, against random orders | p < 0.05, against orders matched by norm | \
    p < 0.05, a matched order in the ranking's place |
    |---|---|---|---|---|---|---|

    """
  }

  private var footer: String {
    """
    The last column is the control of the control: an order drawn as the matched ones are and judged as the ranking is should be significant in
    at most 0.05 of the data sets; of \(cases), up to \(bound) happen by chance once in a hundred times.

    Without a leak the ranking names features of the target, for the group goes with the target in training. Ablating them costs accuracy,
    more than ablating random features does, but not more than ablating features that the head listens to as much: that is what matched orders
    are for. Where the leak is strong the head does better without it, and that is significant against both.

    """
  }

  /// The smallest number of significant data sets that chance passes less than once in a hundred times.
  private var bound: Int {
    var (probability, term) = (0.0, pow(1 - Self.level, Double(cases)))
    for count in 0...cases {
      probability += term
      if probability >= 0.99 { return count }
      term *= Double(cases - count) / Double(count + 1) * Self.level / (1 - Self.level)
    }
    return cases
  }
}
