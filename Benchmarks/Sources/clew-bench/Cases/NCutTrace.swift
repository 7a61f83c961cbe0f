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
    Benchmark(name: name, summary: summary) { input in
      guard let file = input.file else { throw InputMissing(case: name) }
      let features = try NPY.read(file)
      let configuration = ChannelTrace.Configuration(segments: input.segments, memory: memory)
      return {
        let trace = try ChannelTrace(features, configuration: configuration)
        return [
          "segments": Double(trace.segments.count { $0.size > 0 }),
          "largestResidual": trace.cut.residuals.max() ?? 0,
          "largestSolveResidual": trace.segments.map(\.solveResidual).max() ?? 0,
        ]
      }
    }
  }
}

/// A case that works on a file was given none.
struct InputMissing: Error, CustomStringConvertible {
  let `case`: String
  var description: String { "\(self.case) needs --input FILE.npy; make one with `clew-bench generate`" }
}
