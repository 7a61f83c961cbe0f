import Attribution
import TensorCore
import Testing

/// Aggregations of gradients written by hand, against numbers worked out by hand.
@Suite struct ChannelScoresTests {
  /// Four nodes, three channels; the last channel is constant and has no gradient.
  private let gradients: [Double] = [1, -2, 0, 3, 2, 0, -1, 4, 0, 5, 6, 0]
  private let features: [Double] = [2, 1, 7, 4, -1, 7, 6, 0, 7, 0, 3, 7]

  private func scores(of nodes: [Int]) -> [ChannelScores] {
    channelScores(
      gradients: NDArray(gradients, shape: [4, 3]), features: NDArray(features, shape: [4, 3]), nodes: nodes,
      names: ["a", "b", "c"], totals: [12, 3, 28])
  }

  @Test func aggregationsOfTwoNodes() {
    let scores = scores(of: [0, 1])
    #expect(scores.map(\.name) == ["a", "b", "c"] && scores.map(\.index) == [0, 1, 2])
    // g = 1, 3; x = 2, 4; outside 6, 0.
    #expect(scores[0].meanSigned == 2)
    #expect(scores[0].meanAbsolute == 2)
    #expect(abs(scores[0].rootMeanSquare - 5.0.squareRoot()) < 1e-15)
    #expect(scores[0].gradientTimesInput == 7)
    #expect(scores[0].gradientTimesContrast == 0)
    // Sample variance 2, of two nodes.
    #expect(scores[0].standardError.map { abs($0 - 1) < 1e-15 } == true)
    // g = −2, 2; x = 1, −1; outside 0, 3: signs cancel in the mean only.
    #expect(scores[1].meanSigned == 0)
    #expect(scores[1].meanAbsolute == 2)
    #expect(scores[1].rootMeanSquare == 2)
    #expect(scores[1].gradientTimesInput == -2)
    #expect(scores[1].gradientTimesContrast == 0)
  }

  @Test func contrastIsInsideMinusOutside() {
    // g = −1, 5 and 4, 6; x = 6, 0 inside, 2, 4 outside, and 0, 3 inside, 1, −1 outside.
    let scores = scores(of: [2, 3])
    #expect(scores[0].meanSigned == 2 && scores[0].gradientTimesContrast == 0)
    #expect(scores[1].meanSigned == 5 && scores[1].gradientTimesContrast == 7.5)
  }

  @Test func aSingleNodeHasNoStandardError() {
    let scores = scores(of: [3])
    #expect(scores[1].meanSigned == 6 && scores[1].meanAbsolute == 6 && scores[1].rootMeanSquare == 6)
    #expect(scores[1].gradientTimesInput == 18)
    #expect(scores[1].gradientTimesContrast == 18)
    #expect(scores.allSatisfy { $0.standardError == nil })
  }

  @Test func aConstantChannelIsExactlyZero() {
    for nodes in [[0], [1, 3], [0, 1, 2, 3]] {
      let constant = scores(of: nodes)[2]
      for aggregation in ChannelAggregation.allCases { #expect(constant[aggregation] == 0, "\(aggregation)") }
    }
  }

  @Test func anEmptySegmentScoresZero() {
    let scores = scores(of: [])
    #expect(scores.map(\.name) == ["a", "b", "c"])
    for channel in scores {
      #expect(channel.standardError == nil)
      for aggregation in ChannelAggregation.allCases { #expect(channel[aggregation] == 0) }
    }
    for aggregation in ChannelAggregation.allCases { #expect(rankedChannels(scores, by: aggregation) == [0, 1, 2]) }
  }

  @Test func aSegmentOfAllNodesHasNoOutside() {
    let scores = scores(of: [0, 1, 2, 3])
    // The mean itself, for want of anything to compare it with: finite, never 0/0.
    #expect(scores.allSatisfy { $0.gradientTimesContrast.isFinite })
    #expect(scores[0].meanSigned == 2 && scores[1].meanSigned == 2.5)
  }

  @Test func equalScoresAreRankedByIndex() {
    let gradients = NDArray([1.0, 2, -1, 2, -2], shape: [1, 5])
    let scores = channelScores(
      gradients: gradients, features: NDArray([1.0, 1, 1, 1, 1], shape: [1, 5]), nodes: [0],
      names: ["a", "b", "c", "d", "e"], totals: [1, 1, 1, 1, 1])
    #expect(rankedChannels(scores, by: .meanAbsolute) == [1, 3, 4, 0, 2])
    #expect(rankedChannels(scores, by: .rootMeanSquare) == [1, 3, 4, 0, 2])
  }
}
