import Attribution
import TensorCore
import Testing

/// Batches: cut as a whole with results for each picture, and each on its own.
@Suite struct TracedPicturesTests {
  private let batch = Self.grouped().reshaped(to: [3, 5, 8, 6])
  private let configuration = ChannelTrace.Configuration(segments: 3, width: .value(1.5), precision: .float64)

  @Test func partsOfASegmentMakeItUp() throws {
    let trace = try ChannelTrace(batch, configuration: configuration)
    #expect(trace.pictures.map(\.index) == [0, 1, 2])
    for segment in trace.segments {
      let parts: [ChannelTrace.Part] = trace.pictures.map { $0.segments[segment.id] }
      var nodes: [Int] = []
      for (index, part) in parts.enumerated() { nodes += part.nodes.map { index * 40 + $0 } }
      #expect(nodes == segment.nodes)
      // Means over the parts, weighted by their sizes, are those over the whole.
      func mean(_ value: (ChannelTrace.Part) -> Double) -> Double {
        var sum = 0.0
        for part in parts { sum += value(part) * Double(part.size) }
        return sum / Double(segment.size)
      }
      #expect(abs(mean(\.objective) - segment.objective) < 1e-14)
      for channel in 0..<6 {
        let mean = mean { $0.channels[channel].meanSigned }
        #expect(abs(mean - segment.channels[channel].meanSigned) < 1e-14)
      }
      for part in parts { #expect(part.ranking.sorted() == Array(0..<6)) }
    }
    #expect(try ChannelTrace(batch.reshaped(to: [1, 15, 8, 6]), configuration: configuration).pictures.isEmpty)
  }

  @Test func separateTracesAreThoseOfEachPicture() throws {
    var stages: [String] = []
    let traces = try ChannelTrace.separately(batch, configuration: configuration, onStage: { stages.append("\($0) \($1)") })
    #expect(traces.count == 3 && stages.count == 9 && stages.first == "0 eigenvectors" && stages.last == "2 gradients")
    for (index, trace) in traces.enumerated() {
      let values = Array(batch.doubles[index * 240..<(index + 1) * 240])
      let alone = try ChannelTrace(NDArray(values, shape: [5, 8, 6]), configuration: configuration)
      #expect(trace.gradients == alone.gradients && trace.assignment == alone.assignment && trace.shape == [5, 8, 6])
    }
    let flat = batch.reshaped(to: [120, 6])
    #expect(throws: SpectralError.self) { try ChannelTrace.separately(flat, configuration: configuration) }
  }

  /// Three groups of nodes in 6 channels, float64.
  private static func grouped() -> NDArray {
    var random = RandomSource(seed: 14)
    let centres = random.normals(18)
    let values = (0..<720).map { index in centres[index / 6 % 3 * 6 + index % 6] + 0.5 * random.normal() }
    return NDArray(values, shape: [120, 6])
  }
}
