import Testing

@testable import SpectralClustering

/// More nodes than are decomposed in full: the truncated spectrum and its solves against the dense computation.
@Suite struct LargeCaseTests {
  private let sigma = 1.0
  private let segments = 4
  private let features = clustered(nodes: 700, channels: 5, clusters: 4, noise: 0.5, seed: 21)

  @Test func projectorAndEigenvaluesAgreeWithTheDenseComputation() throws {
    let (c, weights) = (randomTensor([700, 700], seed: 1), randomTensor([segments], seed: 2))
    let random = randomTensor([700, segments], seed: 3)
    /// ⟨C, V·Vᵀ⟩, Σ w·λ, and one that depends on every eigenvector alone.
    func losses(_ vectors: Tensor, _ values: Tensor) -> [Tensor] {
      [(matmul(c, vectors) * vectors).sum(), (weights * values).sum(), (random * vectors * vectors).sum()]
    }
    let input = Tensor(features).recorded()
    let dense = try DenseReference(input, count: segments, sigma: sigma)
    let (vectors, values, _) = try normalizedCutEigenvectors(of: input, count: segments, width: .value(sigma))
    #expect(relativeDifference(values.doubles, dense.values.doubles) < 1e-11)
    #expect(relativeDifference(vectors.doubles, dense.vectors.doubles) < 1e-8)
    for (loss, expected) in zip(losses(vectors, values), losses(dense.vectors, dense.values)) {
      #expect(abs(loss.scalar - expected.scalar) < 1e-9 * max(1, abs(expected.scalar)))
      let (found, reference) = (try loss.gradient(for: input), try expected.gradient(for: input))
      #expect(relativeDifference(found.doubles, reference.doubles) < 1e-8)
    }
  }

  @Test(arguments: RotationRule.allCases)
  func segmentGradientsAgreeWithTheDenseComputation(_ rule: RotationRule) throws {
    let cut = try KWayCut(NormalizedCut(features, segments: segments, width: .value(sigma)), rule: rule)
    let found = try cut.segmentGradients()
    let partition = Partition(cut.assignment, segments)
    let input = Tensor(features).recorded()
    let dense = try DenseReference(input, count: segments, sigma: sigma)
    let rotation = partition.rotation(of: dense.vectors)
    let objectives = partition.objectives(matmul(dense.vectors, rule == .frozen ? rotation.detached : rotation))
    #expect(relativeDifference(cut.objectives, objectives.doubles) < 1e-10)
    for (segment, nodes) in cut.segments.enumerated() {
      let whole = try objectives.sliced(0, from: segment, to: segment + 1).sum().gradient(for: input).doubles
      let entries = nodes.flatMap { $0 * 5..<($0 + 1) * 5 }
      #expect(relativeDifference(entries.map { found.values.doubles[$0] }, entries.map { whole[$0] }) < 1e-8)
    }
    #expect(found.residuals.allSatisfy { $0 <= 1e-11 } && found.warnings.isEmpty)
  }

  // In full, with exact products only, and with rounded ones first.
  @Test(arguments: [300, 700, 4200], RotationRule.allCases)
  func float32AgreesWithFloat64(_ nodes: Int, _ rule: RotationRule) throws {
    let features = clustered(nodes: nodes, channels: 5, clusters: 4, noise: 0.5, seed: 22, dtype: .float32)
    func cut(_ precision: DType) throws -> KWayCut {
      try KWayCut(NormalizedCut(features, segments: 4, width: .value(1), precision: precision), rule: rule)
    }
    let (single, double) = (try cut(.float32), try cut(.float64))
    #expect(single.assignment == double.assignment)
    let (found, expected) = (try single.segmentGradients().values, try double.segmentGradients().values)
    #expect(relativeDifference(found.doubles, expected.doubles) < 2e-4)
    for (a, b) in zip(single.cut.eigenvalues, double.cut.eigenvalues) { #expect(abs(a - b) < 1e-5) }
  }

  // A space that is full begins again with what is left; the answer is that of the dense systems all the same.
  @Test(arguments: [8, 24, 1000]) func spacesThatAreFullBeginAgain(_ capacity: Int) throws {
    let cut = try NormalizedCut(features, segments: segments, width: .value(sigma))
    let affinity = try #require(cut.affinity as? NormalizedAffinity<Double>)
    let leading = cut.leading
    let rightSides = Matrix<Double>(randomTensor([700, 8], seed: 5).value)
    Matrix.multiply(leading, Matrix.innerProducts(leading, rightSides), alpha: -1, beta: 1, into: rightSides)
    let shifts = (0..<8).map { cut.eigenvalues[$0 % segments] }
    let solution = try ShiftedSolve(affinity, cut.pairs, capacity: { _ in capacity })
      .solve(rightSides, shifts: shifts, group: segments)
    #expect(solution.residuals.allSatisfy { $0 <= 1e-12 } && solution.leftOut == 0)
    // λ·z − A·z, with products that the solve does not use.
    let image = affinity.apply(solution.z)
    for column in 0..<8 {
      var (square, size) = (0.0, 0.0)
      for node in 0..<700 {
        let rest = rightSides[node, column] - shifts[column] * solution.z[node, column] + image[node, column]
        square += rest * rest
        size += rightSides[node, column] * rightSides[node, column]
      }
      #expect(square.squareRoot() < 1e-11 * size.squareRoot(), "column \(column)")
    }
  }
}
