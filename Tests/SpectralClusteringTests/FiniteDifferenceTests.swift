import SpectralClustering
import Testing

/// Gradients against central differences of the function itself, with what is documented as fixed held fixed.
@Suite struct FiniteDifferenceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let nodes: Int
    let channels: Int
    let segments: Int
    let seed: UInt64
    var testDescription: String { "\(nodes) nodes, \(channels) channels, \(segments) segments, seed \(seed)" }
    var features: NDArray {
      clustered(nodes: nodes, channels: channels, clusters: segments, noise: 0.45, seed: seed)
    }
  }
  static let cases: [Case] = [
    Case(nodes: 12, channels: 2, segments: 2, seed: 1), Case(nodes: 13, channels: 3, segments: 3, seed: 2),
    Case(nodes: 15, channels: 2, segments: 4, seed: 3), Case(nodes: 16, channels: 6, segments: 5, seed: 4),
    Case(nodes: 20, channels: 4, segments: 2, seed: 5), Case(nodes: 21, channels: 5, segments: 3, seed: 6),
    Case(nodes: 24, channels: 3, segments: 5, seed: 7), Case(nodes: 28, channels: 2, segments: 3, seed: 8),
    Case(nodes: 32, channels: 6, segments: 4, seed: 9), Case(nodes: 40, channels: 3, segments: 2, seed: 10),
    Case(nodes: 45, channels: 2, segments: 5, seed: 11), Case(nodes: 60, channels: 2, segments: 4, seed: 12),
  ]

  @Test(arguments: cases)
  func anyLossOfEigenvectorsAndEigenvalues(_ small: Case) throws {
    let (features, k) = (small.features, small.segments)
    let squares = randomTensor([small.nodes, k], seed: small.seed + 100)
    let weights = randomTensor([k], seed: small.seed + 200)
    /// The second is what a first script would write.
    func losses(_ vectors: Tensor, _ values: Tensor) -> [Tensor] {
      [
        (squares * vectors * vectors).sum(), vectors.sum(), (weights * values).sum(),
        (squares * vectors).sum() * (weights * exp(values)).sum(),
      ]
    }
    let input = Tensor(features).recorded()
    let (vectors, values, _) = try normalizedCutEigenvectors(of: input, count: k, width: .value(1))
    let base = vectors.detached
    let expected = try finiteDifferences(features) { moved in
      let cut = try NormalizedCut(moved, segments: k, width: .value(1))
      return losses(aligned(Tensor(cut.eigenvectors), to: base), Tensor(cut.eigenvalues, dtype: .float64)).map(\.scalar)
    }
    for (loss, numeric) in zip(losses(vectors, values), expected) {
      #expect(relativeDifference(try loss.gradient(for: input).doubles, numeric) < 1e-6)
    }
  }

  @Test(arguments: cases, RotationRule.allCases)
  func objectivesOfSegments(_ small: Case, _ rule: RotationRule) throws {
    let (features, k) = (small.features, small.segments)
    let weights = randomTensor([small.nodes, k], seed: small.seed + 300)
    let input = Tensor(features).recorded()
    let (vectors, _, cut) = try normalizedCutEigenvectors(of: input, count: k, width: .value(1))
    let (scores, assignment) = try kWayScores(of: vectors, rule: rule)
    let partition = Partition(assignment, k)
    try #require(Set(assignment).count == k)
    let (base, frozen) = (vectors.detached, matmul(vectors.detached, scores.detached, transposeA: true))
    let expected = try finiteDifferences(features) { moved in
      let turned = aligned(Tensor(try NormalizedCut(moved, segments: k, width: .value(1)).eigenvectors), to: base)
      let rotated = matmul(turned, rule == .frozen ? frozen : partition.rotation(of: turned))
      return partition.objectives(rotated).doubles + [(weights * rotated).sum().scalar]
    }
    let objectives = partition.objectives(scores)
    let rows = try KWayCut(cut, rule: rule).segmentGradients().values.doubles
    for segment in 0..<k {
      let whole = try objectives.sliced(0, from: segment, to: segment + 1).sum().gradient(for: input).doubles
      #expect(relativeDifference(whole, expected[segment]) < 1e-6)
      // The gradients of all segments at once are the rows of each segment's own.
      for node in assignment.indices where assignment[node] == segment {
        for entry in node * small.channels..<(node + 1) * small.channels {
          #expect(abs(rows[entry] - whole[entry]) <= 1e-11 * (whole.map(abs).max() ?? 0))
        }
      }
    }
    let arbitrary = try (weights * scores).sum().gradient(for: input).doubles
    #expect(relativeDifference(arbitrary, expected[k]) < 1e-6)
  }
}
