import Attribution
import TensorCore
import Testing

/// Aggregations of gradients written by hand, against numbers worked out by hand.
@Suite struct ChannelScoresTests {
  /// Four nodes, three channels; the last channel is constant and has no gradient.
  private let gradients: [Double] = [1, -2, 0, 3, 2, 0, -1, 4, 0, 5, 6, 0]
  private let features: [Double] = [2, 1, 7, 4, -1, 7, 6, 0, 7, 0, 3, 7]

  /// For the segment of `nodes`; all other nodes are one other segment.
  private func scores(of nodes: [Int]) -> [ChannelScores] {
    scores(segments: [nodes, (0..<4).filter { !nodes.contains($0) }])
  }

  /// For the first of the segments.
  private func scores(segments: [[Int]]) -> [ChannelScores] {
    let features = NDArray(features, shape: [4, 3])
    return channelScores(
      gradients: NDArray(gradients, shape: [4, 3]), features: features, segment: 0,
      moments: ChannelMoments(features: features, segments: segments), names: ["a", "b", "c"])
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

  @Test func distinctivenessIsSensitivityTimesMarginOverVariance() {
    // Channel a: x = 2, 4, 6, 0, mean 3, variance 5; channel b: x = 1, −1, 0, 3, mean 0.75, variance 35/16.
    // Two segments: the margin is the difference of the means, 3 − 3 and 0 − 1.5, without its sign.
    let two = scores(segments: [[0, 1], [2, 3]])
    #expect(two[0].distinctiveness == 0)
    #expect(abs(two[1].distinctiveness - 2 * 1.5 / (35.0 / 16)) < 1e-14)
    // Three: a's mean is 4 between 1 and 6, and lacks 2 to be the highest; b's is −1, by 1 lower than 0 and 2.
    let three = scores(segments: [[1], [2], [0, 3]])
    #expect(abs(three[0].distinctiveness - 3 * -2.0 / 5) < 1e-14)
    #expect(abs(three[1].distinctiveness - 2 * 1.0 / (35.0 / 16)) < 1e-14)
  }

  @Test func emptySegmentsHaveNoSayInTheMargin() {
    let with = scores(segments: [[1], [], [2], [0, 3]])
    #expect(with == scores(segments: [[1], [2], [0, 3]]))
  }

  @Test func aSegmentOfAllNodesStandsApartFromNothing() {
    let scores = scores(of: [0, 1, 2, 3])
    #expect(scores.allSatisfy { $0.gradientTimesContrast == 0 && $0.distinctiveness == 0 })
    #expect(scores[0].meanSigned == 2 && scores[1].meanSigned == 2.5)
  }

  @Test func theScaleAndTheOffsetOfAChannelDoNotMoveItsDistinctiveness() {
    // With a channel scaled by 8, and its gradient too, as a change of its weight in the distances would.
    let partition = [[1], [2], [0, 3]]
    let moved = NDArray(features.enumerated().map { $0 % 3 == 1 ? 8 * $1 + 100 : $1 }, shape: [4, 3])
    let steeper = NDArray(gradients.enumerated().map { $0 % 3 == 1 ? 8 * $1 : $1 }, shape: [4, 3])
    let result = channelScores(
      gradients: steeper, features: moved, segment: 0, moments: ChannelMoments(features: moved, segments: partition),
      names: ["a", "b", "c"])
    for (a, b) in zip(result, scores(segments: partition)) { #expect(abs(a.distinctiveness - b.distinctiveness) < 1e-12) }
  }

  @Test func rankingsDescend() {
    let scores = scores(of: [2, 3])
    #expect(scores.map(\.meanSigned) == [2, 5, 0])
    #expect(rankedChannels(scores, by: .meanSigned) == [1, 0, 2])
    let features = NDArray([1.0, 1, 1, 0, 0, 0], shape: [2, 3])
    let signed = channelScores(
      gradients: NDArray([-3.0, 1, 2, 0, 0, 0], shape: [2, 3]), features: features, segment: 0,
      moments: ChannelMoments(features: features, segments: [[0], [1]]), names: ["a", "b", "c"])
    #expect(rankedChannels(signed, by: .meanSigned) == [2, 1, 0])
    #expect(rankedChannels(signed, by: .gradientTimesInput) == [2, 1, 0])
    #expect(rankedChannels(signed, by: .meanAbsolute) == [0, 2, 1])
    #expect(rankedChannels(signed, by: .distinctiveness) == [0, 2, 1])
  }

  @Test func equalScoresAreRankedByIndex() {
    let features = NDArray([1.0, 1, 1, 1, 1, 0, 0, 0, 0, 0], shape: [2, 5])
    let scores = channelScores(
      gradients: NDArray([1.0, 2, -1, 2, -2, 0, 0, 0, 0, 0], shape: [2, 5]), features: features, segment: 0,
      moments: ChannelMoments(features: features, segments: [[0], [1]]), names: ["a", "b", "c", "d", "e"])
    for aggregation in [ChannelAggregation.meanAbsolute, .rootMeanSquare, .distinctiveness] {
      #expect(rankedChannels(scores, by: aggregation) == [1, 3, 4, 0, 2])
    }
  }
}
