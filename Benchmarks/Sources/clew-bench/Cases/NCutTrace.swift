import Attribution
import Formats
import TensorCore

extension Cases {
  /// Normalised cut, segments, and the channel scores of all of them: exact, float32, all defaults.
  static let ncutTrace = Benchmark(
    name: "ncut-trace", summary: "segments of an .npy file and their channels, exact (--input, --segments)"
  ) { input in
    guard let file = input.file else { throw InputMissing(case: "ncut-trace") }
    let features = try NPY.read(file)
    let configuration = ChannelTrace.Configuration(segments: input.segments)
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

/// A case that works on a file was given none.
struct InputMissing: Error, CustomStringConvertible {
  let `case`: String
  var description: String { "\(self.case) needs --input FILE.npy; make one with `clew-bench generate`" }
}
