import Autograd
import Foundation

/// A piece of work with a name, run on an input that its peer in `peers/` gets too.
struct Benchmark: Sendable {
  let name: String
  /// One line, for `clew-bench --list`.
  let summary: String
  /// Loads the input (off the clock) and returns the work (on the clock), which returns facts about its result.
  let prepare: @Sendable (BenchmarkInput) throws -> () throws -> [String: Double]
  /// Writes the answer to the file of `--result`; `nil` for a case that has none to be compared.
  var answer: (@Sendable (BenchmarkInput, String) throws -> Void)?
}

/// What a case is given on the command line.
struct BenchmarkInput: Sendable {
  /// The `.npy` file of `--input`, if there is one.
  var file: String?
  /// The value of `--segments`, for cases that cut their input into segments.
  var segments = 20
  /// The value of `--count`, for cases that need no file.
  var count = 1_000_000
  /// The value of `--size`, for cases on square matrices.
  var size = 1000
}

/// What one case took: the line of JSON that `compare.py` reads.
struct Measurement: Codable {
  var name: String
  var seconds: [Double]
  /// High-water mark of the process's resident memory.
  var peakBytes: Int?
  /// The same before the first run, with the input loaded; absent after a warm-up, which has already raised it.
  var baselineBytes: Int?
  var threads: Int
  var facts: [String: Double]
}

extension Benchmark {
  func measure(_ input: BenchmarkInput, warmup: Int, repeats: Int, threads: Int) throws -> Measurement {
    let work = try prepare(input)
    for _ in 0..<warmup { _ = try work() }
    let before = warmup == 0 ? residentPeak() : nil
    var seconds: [Double] = []
    var facts: [String: Double] = [:]
    for _ in 0..<repeats {
      let clock = ContinuousClock()
      let start = clock.now
      facts = try work()
      seconds.append((clock.now - start) / .seconds(1))
    }
    // What living arrays took at most, without what is kept for reuse.
    facts["arrayPeakBytes"] = Double(Memory.peak)
    return Measurement(
      name: name, seconds: seconds, peakBytes: residentPeak(), baselineBytes: before, threads: threads, facts: facts)
  }
}

/// Not `getrusage`: its `ru_maxrss` survives `exec`, and so shows the parent's peak.
func residentPeak(of process: String = "self") -> Int? {
  guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8) else { return nil }
  for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
    return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
  }
  return nil
}
