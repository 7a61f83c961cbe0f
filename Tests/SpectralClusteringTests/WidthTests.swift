import Testing

@testable import SpectralClustering

/// σ in the derivative: as a number of the result, and as the median distance that moves with the features.
@Suite struct WidthTests {
  /// Of 12 nodes there are 66 pairs, of 14 nodes 91: two in the middle, and one.
  @Test(arguments: [12, 14], [AffinityKernel.gaussian, .cosine].map(\.name))
  func aMovingMedianHasTheDerivativeOfFiniteDifferences(_ nodes: Int, _ name: String) throws {
    let kernel = name == "cosine" ? AffinityKernel.cosine : .gaussian
    let features = clustered(nodes: nodes, channels: 3, clusters: 3, noise: 0.4, seed: 71)
    for rotation in RotationRule.allCases {
      for regime in AffinityRegime.allCases {
        try expectDerivatives(features, kernel, rule: .moving, rotation: rotation, regime: regime)
      }
    }
    // It is worth something.
    let (frozen, moving) = (
      try KWayCut(NormalizedCut(features, 3, kernel)).segmentGradients().values.doubles,
      try KWayCut(NormalizedCut(features, 3, kernel, rule: .moving)).segmentGradients().values.doubles
    )
    #expect(relativeDifference(moving, frozen) > 1e-3)
  }

  @Test(arguments: ["gaussian", "cosine"])
  func aMovingMedianAgreesWithDenseAutograd(_ name: String) throws {
    let kernel = name == "cosine" ? AffinityKernel.cosine : .gaussian
    let features = clustered(nodes: 30, channels: 4, clusters: 3, noise: 0.5, seed: 72)
    let input = Tensor(features).recorded()
    let dense = try DenseReference(input, count: 3, kernel: kernel, sigma: movingMedian(input, kernel: kernel))
    let c = randomTensor([30, 30], seed: 73)
    let expected = try (matmul(c, dense.vectors) * dense.vectors).sum().gradient(for: input).doubles
    for regime in AffinityRegime.allCases {
      let vectors = try recordedCut(input, NormalizedCut(features, 3, kernel, rule: .moving, regime: regime))
      let found = try (matmul(c, vectors) * vectors).sum().gradient(for: input).doubles
      #expect(relativeDifference(found, expected) < 1e-10)
    }
  }

  /// Σ x·∂s/∂x = −σ·∂s/∂σ for the Gaussian; for the cosine, which ignores lengths, both sides of it are not related, and finite
  /// differences remain.
  @Test(arguments: ["gaussian", "cosine"], [40, 600])
  func theGradientByTheWidth(_ name: String, _ nodes: Int) throws {
    let kernel = name == "cosine" ? AffinityKernel.cosine : .gaussian
    let features = clustered(nodes: nodes, channels: 4, clusters: 3, noise: 0.5, seed: 74)
    let sigma = name == "cosine" ? 0.4 : 1.2
    let base = try KWayCut(NormalizedCut(features, 3, kernel, width: .value(sigma)))
    let fixed = Partition(base.assignment, 3)
    let expected = try derivative(1e-3) { t in
      let vectors = aligned(
        Tensor(try NormalizedCut(features, 3, kernel, width: .value(sigma + t)).eigenvectors), to: Tensor(base.cut.eigenvectors))
      return fixed.objectives(matmul(vectors, fixed.rotation(of: vectors))).doubles
    }
    for regime in AffinityRegime.allCases {
      let cut = try KWayCut(NormalizedCut(features, 3, kernel, width: .value(sigma), regime: regime))
      let widths = try #require(try cut.segmentGradients().widthGradients)
      #expect(relativeDifference(widths, expected) < 1e-6)
    }
    guard name == "gaussian" else { return }
    let input = Tensor(features).recorded()
    let scores = try kWayScores(of: recordedCut(input, base.cut)).scores
    let widths = try #require(try base.segmentGradients().widthGradients)
    for segment in 0..<3 {
      let gradient = try fixed.objectives(scores).sliced(0, from: segment, to: segment + 1).sum().gradient(for: input).doubles
      let along = zip(gradient, features.doubles).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(along + sigma * widths[segment]) < 1e-9 * max(abs(along), 1e-3))
    }
  }

  /// Features scaled with a σ that is their median distance: nothing changes, so the gradient is orthogonal to them.
  @Test func aMovingMedianTakesTheScaleOut() throws {
    let features = clustered(nodes: 33, channels: 4, clusters: 3, noise: 0.5, seed: 75)
    let input = Tensor(features).recorded()
    let vectors = try recordedCut(input, NormalizedCut(features, 3, rule: .moving))
    let scores = try kWayScores(of: vectors).scores
    let gradient = try (scores * randomTensor([33, 3], seed: 76)).sum().gradient(for: input).doubles
    let along = zip(gradient, features.doubles).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(along) < 1e-11 * (gradient.map(abs).max() ?? 0) * 100)
  }

  /// A square of side 1 with its centre: four pairs at the distance 1, and of these the first counts.
  @Test(arguments: AffinityRegime.allCases)
  func ofTiesTheFirstCounts(_ regime: AffinityRegime) throws {
    let features = NDArray([0, 0, 1, 0, 0, 1, 1, 1, 0.5, 0.5], shape: [5, 2])
    let cut = try NormalizedCut(features, 2, rule: .moving, regime: regime)
    let affinity = try #require(cut.double)
    // Distances: 4 × √½, 4 × 1, 2 × √2, so that the fifth and the sixth are 1.
    #expect(cut.sigma == 1)
    #expect(affinity.medianPairs.map { [$0.first, $0.second] } == [[0, 1], [0, 1]])
    #expect(affinity.medianPairs.map(\.share) == [0.5, 0.5])
  }

  @Test func aWidthThatIsGivenCannotMove() throws {
    let features = clustered(nodes: 8, channels: 2, clusters: 2)
    let error = #expect(throws: SpectralError.self) {
      try NormalizedCut(features, segments: 2, width: .value(1), widthRule: .moving)
    }
    #expect(error?.description.contains("sigma is given") == true)
  }
}
