import SpectralClustering
import Testing

/// The k-way rotation: what it may not depend on, and what it gives where the answer is known.
@Suite struct RotationTests {
  private let features = clustered(nodes: 90, channels: 4, clusters: 4, noise: 0.4, seed: 41)

  @Test func permutingNodesPermutesTheSegments() throws {
    var order = Array(0..<90)
    var random = RandomSource(seed: 42)
    order.shuffle(using: &random)
    let moved = NDArray(order.flatMap { node in features.doubles[node * 4..<node * 4 + 4] }, shape: [90, 4])
    let original = try KWayCut(NormalizedCut(features, segments: 4, width: .value(1)))
    let permuted = try KWayCut(NormalizedCut(moved, segments: 4, width: .value(1)))
    // Segments are numbered by their first node, so the numbers may change.
    var renamed = [Int?](repeating: nil, count: 4)
    for (place, node) in order.enumerated() {
      let label = original.assignment[node]
      renamed[label] = renamed[label] ?? permuted.assignment[place]
      #expect(permuted.assignment[place] == renamed[label])
      for segment in 0..<4 {
        guard let other = renamed[segment] else { continue }
        let (a, b) = (original.scoreValues.doubles[node * 4 + segment], permuted.scoreValues.doubles[place * 4 + other])
        #expect(abs(a - b) < 1e-9)
      }
    }
    #expect(Set(renamed.compactMap { $0 }).count == 4)
    #expect(abs(permuted.rotationObjective - original.rotationObjective) < 1e-8)
  }

  /// Which basis of the span a solver returns must not matter where eigenvalues repeat; so it does not matter anywhere.
  @Test(arguments: RotationRule.allCases, [UInt64](0..<4))
  func turningTheEigenvectorsInsideTheirSpanChangesNoScore(_ rule: RotationRule, _ seed: UInt64) throws {
    let cut = try NormalizedCut(features, segments: 4, width: .value(1))
    let vectors = Tensor(cut.eigenvectors)
    let mixing = try eigh(randomTensor([4, 4], seed: seed)).vectors
    let original = try kWayScores(of: vectors, rule: rule)
    let turned = try kWayScores(of: matmul(vectors, mixing), rule: rule)
    #expect(turned.assignment == original.assignment)
    for (a, b) in zip(turned.scores.doubles, original.scores.doubles) { #expect(abs(a - b) < 1e-12) }
  }

  @Test func aPerfectIndicatorIsRecognised() throws {
    // Three groups without affinity to each other, of 5, 9 and 16 nodes.
    let sizes = [5, 9, 16]
    let labels = sizes.enumerated().flatMap { Array(repeating: $0, count: $1) }
    var random = RandomSource(seed: 43)
    let points = NDArray(labels.flatMap { [1000 * Double($0) + random.normal(), random.normal()] }, shape: [30, 2])
    let cut = try KWayCut(NormalizedCut(points, segments: 3, width: .value(1)))
    #expect(cut.assignment == labels)
    #expect(abs(cut.rotationObjective - 30) < 1e-10)
    for (node, label) in labels.enumerated() {
      for segment in 0..<3 where segment != label { #expect(abs(cut.scoreValues.doubles[node * 3 + segment]) < 1e-12) }
    }
    // Each column is then a unit vector on its group alone.
    let scores = Tensor(cut.scoreValues)
    for square in (scores * scores).sum(along: [0]).doubles { #expect(abs(square - 1) < 1e-12) }
  }

  @Test func scoresOfTheValueAndOfTheTensorAreTheSame() throws {
    for rule in RotationRule.allCases {
      let cut = try NormalizedCut(features, segments: 4, width: .value(1))
      let (value, tensor) = (try KWayCut(cut, rule: rule), try kWayScores(of: Tensor(cut.eigenvectors), rule: rule))
      #expect(value.scoreValues == tensor.scores.value && value.assignment == tensor.assignment)
      #expect(relativeDifference(value.objectives, Partition(value.assignment, 4).objectives(tensor.scores).doubles) < 1e-14)
    }
  }

  @Test(arguments: [[5], [0, 2], [2, 0], [2, 2, 2]])
  func scoresOfAnythingButAMatrixAreRefused(_ shape: [Int]) {
    #expect(throws: SpectralError.self) { try kWayScores(of: Tensor(repeating: 1, shape: Shape(shape))) }
  }
}
