import Attribution
import TensorCore
import Testing

/// Which channels made what belongs to a prompt.
@Suite struct PromptTraceTests {
  /// [2, 30, 12, 5]: noise, and in each third of the rows channel 0, 1 or 2 is bright.
  private let features: NDArray = {
    var random = RandomSource(seed: 12)
    let values = (0..<2 * 30 * 12 * 5).map { index in
      let (row, channel) = (index / 60 % 30, index % 5)
      return (row / 10 == channel ? 4.0 : 0) + 0.5 * random.normal()
    }
    return NDArray(values, shape: [2, 30, 12, 5])
  }()
  private let configuration = ChannelTrace.Configuration(segments: 3, width: .value(2), precision: .float64)
  private func node(_ picture: Int, _ row: Int, _ column: Int) -> Int { (picture * 30 + row) * 12 + column }

  @Test(arguments: 0..<3)
  func thePromptedThirdAndItsChannelAreFound(_ third: Int) throws {
    for background in [[], [node(0, (10 * third + 15) % 30, 3)]] {
      let prompts = try CutPrompts(foreground: [node(1, 10 * third + 4, 7)], background: background)
      var stages: [PromptTrace.Stage] = []
      let trace = try PromptTrace(features, prompts: prompts, configuration: configuration, onStage: { stages.append($0) })
      #expect(stages == PromptTrace.Stage.allCases)
      #expect(trace.foreground.nodes == (0..<720).filter { $0 / 12 % 30 / 10 == third })
      #expect(trace.mask == trace.scores.map { $0 > trace.prompted.threshold } && trace.scores.allSatisfy { abs($0) <= 1 })
      #expect(trace.foreground.ranking.first == third && trace.foreground.ranking.sorted() == Array(0..<5))
      // More of the channel, more of the foreground.
      #expect(trace.foreground.channels[third].meanSigned > 0)
      #expect(trace.grid == [2, 30, 12] && trace.heldFixed == ["sigma", "foreground"] && trace.warnings.isEmpty)
      #expect(trace.foreground.widthGradient == nil)
    }
  }

  /// The scores of channels are those of the gradient that a cut of the same features gives.
  @Test func channelsAreAggregatedOverTheForeground() throws {
    let prompts = try CutPrompts(foreground: [node(0, 3, 3)], background: [node(1, 25, 5)])
    var moving = configuration
    (moving.width, moving.widthRule) = (.medianDistance, .moving)
    let trace = try PromptTrace(features, prompts: prompts, configuration: moving)
    #expect(trace.heldFixed == ["foreground"] && trace.foreground.widthGradient != nil)
    let gradient = trace.gradients.doubles
    let (nodes, x) = (trace.foreground.nodes, features.doubles)
    for channel in 0..<5 {
      func mean(_ value: (Int) -> Double) -> Double { nodes.reduce(0) { $0 + value($1 * 5 + channel) } / Double(nodes.count) }
      let scores = trace.foreground.channels[channel]
      #expect(abs(scores.meanSigned - mean { gradient[$0] }) < 1e-15)
      #expect(abs(scores.meanAbsolute - mean { abs(gradient[$0]) }) < 1e-15)
      #expect(abs(scores.gradientTimesInput - mean { gradient[$0] * x[$0] }) < 1e-14)
    }
    #expect((0..<720).allSatisfy { node in nodes.contains(node) || gradient[node * 5..<node * 5 + 5].allSatisfy { $0 == 0 } })
  }

  @Test func unusablePromptsAreRefused() throws {
    let outside = try CutPrompts(foreground: [720])
    #expect(throws: SpectralError.self) { try PromptTrace(features, prompts: outside, configuration: configuration) }
    let prompts = try CutPrompts(foreground: [0])
    #expect(throws: SpectralError.self) {
      try PromptTrace(features, prompts: prompts, channelNames: ["a"], configuration: configuration)
    }
  }
}
