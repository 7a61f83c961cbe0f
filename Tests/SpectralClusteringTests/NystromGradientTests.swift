import Testing

@testable import SpectralClustering

/// Gradients of cuts that are extended from a sample, against central differences of the very same function.
@Suite struct NystromGradientTests {
  @Test(arguments: ["gaussian", "cosine", "custom"], RotationRule.allCases)
  func objectivesOfSegments(_ name: String, _ rotation: RotationRule) throws {
    for (seed, nodes, sample) in [(221, 16, 9), (222, 20, 12), (223, 24, 23)] {
      let features = clustered(nodes: nodes, channels: 3, clusters: 3, noise: 0.4, seed: UInt64(seed))
      let kernel = NystromTests.kernel(name)
      try expectDerivatives(features, kernel, width: .value(0.8), rotation: rotation, regime: .nystrom, sample: sample)
      if name == "custom" { continue }
      try expectDerivatives(features, kernel, rule: .moving, rotation: rotation, regime: .nystrom, sample: sample)
    }
  }

  /// w(x, x) moves, too.
  @Test(arguments: RotationRule.allCases) func anAffinityOfYourOwnThatIsNoFunctionOfDistances(_ rotation: RotationRule) throws {
    let kernel = AffinityKernel.custom(
      ComposedAffinity { x, y in
        let (p, q) = (1 + (x * x).sum(along: [1], keepingAxes: true), 1 + (y * y).sum(along: [1], keepingAxes: true))
        let inner = 1 + matmul(x, y, transposeB: true)
        return inner * inner / sqrt(p) / sqrt(q).transposed
      })
    let features = clustered(nodes: 16, channels: 3, clusters: 3, noise: 0.4, seed: 224)
    try expectDerivatives(features, kernel, rotation: rotation, regime: .nystrom, sample: 10)
  }

  @Test(arguments: 0..<8) func anyLossOfEigenvectorsAndEigenvalues(_ seed: Int) throws {
    let (n, k) = (18 + seed, 2 + seed % 3)
    let features = clustered(nodes: n, channels: 3, clusters: k, noise: 0.45, seed: UInt64(230 + seed))
    let (squares, weights) = (randomTensor([n, k], seed: UInt64(240 + seed)), randomTensor([k], seed: UInt64(250 + seed)))
    func losses(_ vectors: Tensor, _ values: Tensor) -> [Tensor] {
      [
        (squares * vectors * vectors).sum(), vectors.sum(), (weights * values).sum(),
        (squares * vectors).sum() * (weights * exp(values)).sum(),
      ]
    }
    let sample = NodeSample(count: n - 6, seed: UInt64(seed))
    let input = Tensor(features).recorded()
    let (vectors, values, _) = try normalizedCutEigenvectors(of: input, count: k, width: .value(1), sample: sample)
    let base = vectors.detached
    let expected = try finiteDifferences(features) { moved in
      let cut = try NormalizedCut(moved, segments: k, width: .value(1), sample: sample)
      return losses(aligned(Tensor(cut.eigenvectors), to: base), Tensor(cut.eigenvalues, dtype: .float64)).map(\.scalar)
    }
    for (loss, numeric) in zip(losses(vectors, values), expected) {
      #expect(relativeDifference(try loss.gradient(for: input).doubles, numeric) < 1e-6)
    }
  }

  /// With more nodes in the sample than are decomposed in full, and more than one tile.
  @Test func ofManyNodes() throws {
    let features = clustered(nodes: 900, channels: 3, clusters: 3, noise: 0.5, seed: 225)
    let sample = NodeSample(count: 600, seed: 1)
    let (c, input) = (randomTensor([900, 3], seed: 226), Tensor(features).recorded())
    func loss(_ cut: NormalizedCut, _ fixed: Partition) -> Tensor {
      let vectors = Tensor(cut.eigenvectors)
      return (matmul(vectors, fixed.rotation(of: vectors)) * c).sum()
    }
    let width = AffinityWidth.value(1.5)
    let cut = try NormalizedCut(features, segments: 3, width: width, sample: sample)
    let (scores, assignment) = try kWayScores(of: recordedCut(input, cut))
    let fixed = Partition(assignment, 3)
    let gradient = try (scores * c).sum().gradient(for: input).doubles
    var random = RandomSource(seed: 227)
    for _ in 0..<3 {
      let direction = random.normals(2700)
      let expected = try derivative(1e-4) { t in
        let moved = NDArray(zip(features.doubles, direction).map { $0 + t * $1 }, shape: features.shape)
        return [loss(try NormalizedCut(moved, segments: 3, width: width, sample: sample), fixed).scalar]
      }[0]
      let slope = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(slope - expected) < 1e-6 * zip(gradient, direction).reduce(0) { $0 + abs($1.0 * $1.1) })
    }
  }

  /// Functions of the span at repeated eigenvalues, with a sample of all nodes and with fewer.
  @Test(arguments: DegenerateSpectrumTests.cases)
  func functionsOfTheSpanHaveTheDerivativeOfTheirValue(_ edge: DegenerateSpectrumTests.Case) throws {
    let (features, k, n) = (edge.features, edge.segments, edge.features.shape[0])
    let (c, weights) = (randomTensor([n, n], seed: 231), randomTensor([n, k], seed: 232))
    for sample in [n, n - 1, n - 3] where sample > k {
      let drawn = NodeSample(count: sample, seed: 6)
      let input = Tensor(features).recorded()
      let (vectors, _, cut) = try normalizedCutEigenvectors(of: input, count: k, width: .value(1), sample: drawn)
      if (cut.gap.width ?? 0) < 1e-3 || (cut.sample?.unreached ?? 1) > 0 { continue }
      let (scores, assignment) = try kWayScores(of: vectors)
      let partition = Partition(assignment, k)
      try #require(Set(assignment).count == k)
      let numeric = try finiteDifferences(features) { moved in
        let v = Tensor(try NormalizedCut(moved, segments: k, width: .value(1), sample: drawn).eigenvectors)
        let rotated = matmul(v, partition.rotation(of: v))
        return [(matmul(c, v) * v).sum().scalar, (weights * rotated).sum().scalar] + partition.objectives(rotated).doubles
      }
      let objectives = partition.objectives(scores)
      var losses = [(matmul(c, vectors) * vectors).sum(), (weights * scores).sum()]
      for segment in 0..<k { losses.append(objectives.sliced(0, from: segment, to: segment + 1).sum()) }
      for (index, (loss, expected)) in zip(losses, numeric).enumerated() {
        let found = try loss.gradient(for: input).doubles
        let scale = max(1e-2, expected.map(abs).max() ?? 0)
        for (a, b) in zip(found, expected) {
          #expect(abs(a - b) < 2e-6 * scale, "function \(index), sample of \(sample)")
        }
      }
    }
  }

  @Test(arguments: DegenerateSpectrumTests.cases, [DType.float32, .float64])
  func everyNumberIsFinite(_ edge: DegenerateSpectrumTests.Case, _ precision: DType) throws {
    let n = edge.features.shape[0]
    for (k, sample) in (1..<n).flatMap({ k in [(k, k + 1), (k, (k + 1 + n) / 2), (k, n)] }) {
      do throws(SpectralError) {
        let cut = try NormalizedCut(
          edge.features, k, width: .value(1), regime: .nystrom, precision: precision, sample: sample, seed: UInt64(k))
        let error = cut.sample?.error
        let numbers = cut.eigenvalues + cut.residuals + cut.eigenvectors.doubles + [error?.angle ?? 0]
        #expect((numbers + [error?.standardError ?? 0]).allSatisfy { $0.isFinite })
        for rule in RotationRule.allCases {
          let partition = try KWayCut(cut, rule: rule)
          #expect((partition.scoreValues.doubles + partition.objectives).allSatisfy { $0.isFinite })
          do throws(SpectralError) {
            let gradients = try partition.segmentGradients()
            let all = gradients.values.doubles + gradients.residuals + (gradients.widthGradients ?? [])
            #expect(all.allSatisfy { $0.isFinite })
          } catch {
            // Only a constant rotation depends on the choice of eigenvectors.
            guard rule == .frozen, case .degenerate = error else { throw error }
          }
        }
      } catch {
        // An eigenvalue of the sample that is zero does not extend.
        guard case .degenerate(let message) = error, message.contains("of the sample is") else { throw error }
      }
    }
  }

  @Test(arguments: [DType.float32, .float64]) func whatTheSampleDoesNotReachHasNoGradient(_ precision: DType) throws {
    var values = clustered(nodes: 80, channels: 3, clusters: 3, noise: 0.3, seed: 228).doubles
    let nodes = NodeSample(count: 30).drawn(of: 80)
    let lonely = try #require((0..<80).first { !nodes.contains($0) })
    for c in 0..<3 { values[lonely * 3 + c] = 1e6 }
    let cut = try NormalizedCut(
      NDArray(values, shape: [80, 3]), 3, width: .value(1), regime: .nystrom, precision: precision, sample: 30)
    #expect(cut.sample?.unreached == 1 && cut.warnings.contains { $0.contains("1 of 80 nodes have no affinity") })
    for rule in RotationRule.allCases {
      let partition = try KWayCut(cut, rule: rule)
      let gradients = try partition.segmentGradients().values.doubles
      #expect(gradients.allSatisfy { $0.isFinite } && gradients[lonely * 3..<lonely * 3 + 3].allSatisfy { $0 == 0 })
      #expect(gradients.contains { $0 != 0 } && partition.scoreValues.doubles.allSatisfy { $0.isFinite })
    }
  }

  /// Vectors of zeros among the nodes, of which the sample has none.
  @Test func vectorsOfZerosOutsideTheSample() throws {
    var values = clustered(nodes: 30, channels: 3, clusters: 3, noise: 0.3, seed: 229).doubles
    let nodes = NodeSample(count: 18).drawn(of: 30)
    let zero = try #require((0..<30).first { !nodes.contains($0) })
    for c in 0..<3 { values[zero * 3 + c] = 0 }
    let features = NDArray(values, shape: [30, 3])
    let cut = try KWayCut(NormalizedCut(features, 3, .cosine, width: .value(0.5), regime: .nystrom, sample: 18))
    let gradients = try cut.segmentGradients().values.doubles
    #expect(gradients.allSatisfy { $0.isFinite } && gradients[zero * 3..<zero * 3 + 3].allSatisfy { $0 == 0 })
    let fixed = Partition(cut.assignment, 3)
    let expected = try finiteDifferences(features, step: 1e-3) { moved in
      // The zeros stay where they are: they have no direction to move in.
      var rest = moved.doubles
      for c in 0..<3 { rest[zero * 3 + c] = 0 }
      let vectors = Tensor(
        try NormalizedCut(
          NDArray(rest, shape: [30, 3]), 3, .cosine, width: .value(0.5), regime: .nystrom, sample: 18
        ).eigenvectors)
      return fixed.objectives(matmul(vectors, fixed.rotation(of: vectors))).doubles
    }
    for (segment, members) in cut.segments.enumerated() {
      let scale = expected[segment].map(abs).max() ?? 0
      for entry in members.flatMap({ $0 * 3..<($0 + 1) * 3 }) {
        #expect(abs(gradients[entry] - expected[segment][entry]) < 1e-6 * scale)
      }
    }
  }
}
