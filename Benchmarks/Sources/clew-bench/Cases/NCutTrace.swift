import Attribution
import Formats
import TensorCore

extension Cases {
  /// Normalised cut, segments, and the channel scores of all of them: exact, float32, all defaults.
  static let ncutTrace = ncut(
    "ncut-trace", "segments of an .npy file and their channels, exact (--input, --segments)", memory: nil)

  /// The same without an affinity that is kept.
  static let ncutTiles = ncut(
    "ncut-tiles", "ncut-trace with the affinity made again, a tile at a time, whenever it is used",
    memory: MemoryBudget(bytes: 0))

  private static func ncut(_ name: String, _ summary: String, memory: MemoryBudget?) -> Benchmark {
    Benchmark(
      name: name, summary: summary,
      prepare: { input in
        let trace = try tracing(input, name, memory: memory)
        return {
          let trace = try trace()
          return [
            "segments": Double(trace.segments.count { $0.size > 0 }),
            "largestResidual": trace.cut.residuals.max() ?? 0,
            "largestSolveResidual": trace.segments.map(\.solveResidual).max() ?? 0,
          ]
        }
      },
      answer: { input, file in
        let trace = try tracing(input, name, memory: memory)()
        let channels = trace.channelNames.count
        let scores = trace.segments.flatMap { segment in segment.channels.map(\.meanSigned) }
        try NPZ.write(
          [
            ("importance", NDArray(scores, shape: [trace.segments.count, channels])),
            ("assignment", NDArray(trace.assignment.map(Double.init), shape: [trace.assignment.count])),
            ("sigma", NDArray([trace.cut.sigma], shape: [1])),
            ("segments", NDArray([Double(trace.segments.count)], shape: [1])),
          ], to: file)
      })
  }

  private static func tracing(_ input: BenchmarkInput, _ name: String, memory: MemoryBudget?) throws -> () throws -> ChannelTrace
  {
    guard let file = input.file else { throw InputMissing(case: name) }
    let features = try NPY.read(file)
    let configuration = ChannelTrace.Configuration(segments: input.segments, memory: memory)
    return { try ChannelTrace(features, configuration: configuration) }
  }
}

/// A case that works on a file was given none.
struct InputMissing: Error, CustomStringConvertible {
  let `case`: String
  var description: String { "\(self.case) needs --input FILE.npy; make one with `clew-bench generate`" }
}
