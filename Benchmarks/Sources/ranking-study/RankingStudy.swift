import ArgumentParser
import Clew
import Foundation

@main
struct RankingStudy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ranking-study",
    abstract: "Measure which aggregation of gradients ranks planted channels first.",
    discussion: "Example: ranking-study --output Documentation/Ranking.md")

  @Option(help: "Cases of each generator.") var cases = 200
  @Option(help: "Seed of all cases.") var seed: UInt64 = 1
  @Option(help: "Write the page here instead of to standard output.") var output: String?

  func validate() throws {
    if cases < 1 { throw ValidationError("--cases: found \(cases), expected at least 1") }
  }

  func run() throws {
    var source = RandomSource(seed: seed)
    var outcomes: [CaseOutcome] = []
    for generator in PlantedCase.Generator.allCases {
      for factors in Factors.balanced(cases, source: &source) {
        outcomes.append(try CaseOutcome(PlantedCase(generator, factors, seed: source.next()), Candidate.all))
        progress("\(generator.rawValue) \((outcomes.count - 1) % cases + 1) of \(cases)")
      }
    }
    progress("\n")
    let report = StudyReport(outcomes, Candidate.all, seed: seed)
    let page = report.markdown(command: command)
    if let output {
      try Data(page.utf8).write(to: URL(fileURLWithPath: output), options: .atomic)
      print("best by gradient: \(Candidate.all[report.best].name); written to \(output)")
    } else {
      print(page, terminator: "")
    }
  }

  /// What makes this page again, without what belongs to one machine.
  private var command: String {
    cases == 200 && seed == 1
      ? "make study" : "swift run --package-path Benchmarks -c release ranking-study --cases \(cases) --seed \(seed)"
  }

  private func progress(_ text: String) {
    let line = text == "\n" ? "\n" : "\r\(text)   "
    try? FileHandle.standardError.write(contentsOf: Data(line.utf8))
  }
}
