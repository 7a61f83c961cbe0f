import ArgumentParser
import Clew

enum Precision: String, ExpressibleByArgument, CaseIterable {
  case float32, float64
  var dtype: DType { self == .float32 ? .float32 : .float64 }
}

/// Options that every subcommand has.
struct CommonOptions: ParsableArguments {
  @Flag(help: "Print one JSON document to standard output, and nothing else there.")
  var json = false

  @Option(help: ArgumentHelp("Seed of everything random.", valueName: "number"))
  var seed: UInt64 = 0

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Threads to use (default: all processors). The result does not depend on it.", valueName: "count"))
  var threads: Int?

  @Option(
    name: .customLong("precision"),
    help: "Precision of the heavy computation (default: float32, unless said otherwise above).")
  var chosenPrecision: Precision?
  var precision: Precision { chosenPrecision ?? .float32 }

  @Flag(help: "No progress and no warnings on standard error.")
  var quiet = false

  func apply() throws {
    if let threads {
      if threads < 1 { throw CommandError.unusable("--threads: found \(threads), expected at least 1") }
      Parallel.threadCount = threads
    }
  }

  func warn(_ warnings: [String]) {
    if !quiet { for warning in warnings { standardError("warning: \(warning)") } }
  }
}
