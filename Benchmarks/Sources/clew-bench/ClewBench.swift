import ArgumentParser
import Foundation
import TensorCore

@main
struct ClewBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clew-bench",
    abstract: "Measure Clew, one case or many.",
    discussion: "Example: clew-bench --case ncut-trace --input features.npy --repeats 5 --json",
    subcommands: [Run.self, Generate.self, Samples.self, Stream.self],
    defaultSubcommand: Run.self)
}

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Run cases and print what they took (the default).")

  @Flag(help: "Name the cases and stop.") var list = false
  @Option(help: "Run cases whose name contains this.") var filter: String?
  @Option(name: .customLong("case"), help: "Run exactly this case.") var caseName: String?
  @Option(help: "The .npy file that the case reads.") var input: String?
  @Option(help: "Segments, for cases that cut their input.") var segments = 20
  @Option(help: "Elements, for cases that read no file.") var count = 1_000_000
  @Option(help: "Rows and columns, for cases on square matrices.") var size = 1000
  @Option(help: "Runs on the clock.") var repeats = 5
  @Option(help: "Runs before the clock starts.") var warmup = 0
  @Option(help: "Threads.") var threads = 2
  @Flag(help: "One JSON object a line instead of a table.") var json = false
  @Option(help: "Write the answer of the case to this .npz file, and measure nothing.") var result: String?

  func validate() throws {
    if repeats < 1 || warmup < 0 || threads < 1 || segments < 1 || count < 1 || size < 1 {
      throw ValidationError("repeats, threads, segments, count and size must be at least 1, warmup at least 0")
    }
    if let caseName, !Cases.all.contains(where: { $0.name == caseName }) {
      throw ValidationError("there is no case '\(caseName)'; there are: \(Cases.all.map(\.name).joined(separator: ", "))")
    }
  }

  func run() throws {
    let chosen = Cases.all.filter { benchmark in
      if let caseName { return benchmark.name == caseName }
      return filter.map { benchmark.name.contains($0) } ?? true
    }
    if list {
      for benchmark in chosen { print(json ? benchmark.name : "\(benchmark.name): \(benchmark.summary)") }
      return
    }
    Parallel.threadCount = threads
    let input = BenchmarkInput(file: input, segments: segments, count: count, size: size)
    if let result {
      guard let benchmark = chosen.first, chosen.count == 1, let answer = benchmark.answer else {
        let able = Cases.all.filter { $0.answer != nil }.map(\.name)
        throw ValidationError("--result needs --case with one of: \(able.joined(separator: ", "))")
      }
      return try answer(input, result)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    for benchmark in chosen {
      let result = try benchmark.measure(input, warmup: warmup, repeats: repeats, threads: threads)
      if json {
        print(String(decoding: try encoder.encode(result), as: UTF8.self))
      } else {
        let median = result.seconds.sorted()[result.seconds.count / 2]
        let peak = result.peakBytes.map { String(format: "%.0f MB", Double($0) / 1e6) } ?? "unknown"
        print("\(benchmark.name): \(String(format: "%.4g s", median)) (median of \(repeats)), peak \(peak)")
      }
    }
  }
}
