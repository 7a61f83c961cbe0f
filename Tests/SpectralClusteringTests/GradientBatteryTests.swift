import Testing

@testable import SpectralClustering

/// 200 small cases with fixed seeds, through both rotations, both rules for σ, both affinities, stored, in tiles and extended from
/// a sample, with and without degenerate spectra: gradients against finite differences of the very function, and nothing that is not finite.
@Suite struct GradientBatteryTests {
  enum Kind: Int, CaseIterable { case generic, plain, duplicates, copies, islands }

  struct Case {
    let kind: Kind
    let rotation: RotationRule
    let rule: WidthRule
    let kernel: AffinityKernel
    let regime: AffinityRegime
    let segments: Int
    /// Nodes in the sample, and the seed of its draw, where there is one.
    let sample: Int
    let draw: UInt64
    let features: NDArray
    /// Rows that move together: equal ones, so that ties at the median remain ties.
    let orbits: [Int]
    var width: AffinityWidth { rule == .moving ? .medianDistance : .value(kernel.isOfDirections ? 0.5 : 1) }

    init(_ seed: Int) {
      kind = Kind.allCases[seed % 5]
      let bits = seed / 5
      rotation = bits & 1 == 0 ? .procrustes : .frozen
      rule = bits & 2 == 0 ? .frozen : .moving
      kernel = bits & 4 == 0 ? .gaussian : .cosine
      regime = [.stored, .tiles, .nystrom, .nystrom, .tiles][bits / 8]
      var random = RandomSource(seed: UInt64(1000 + seed))
      let channels = 2 + seed % 3
      func cloud(_ count: Int, _ size: Double, at centre: [Double]) -> [[Double]] {
        (0..<count).map { _ in centre.map { $0 + size * random.normal() } }
      }
      func centre() -> [Double] { random.normals(channels).map { 1.5 * $0 } }
      var rows: [[Double]] = []
      var orbits: [Int] = []
      segments = 2 + seed % 2
      switch kind {
      case .generic, .plain:
        for group in 0..<segments { rows += cloud(4 + seed % 4 + group, 0.45, at: centre()) }
        orbits = Array(rows.indices)
      case .duplicates:
        for group in 0..<segments { rows += cloud(3 + group, 0.45, at: centre()) }
        orbits = Array(rows.indices) + Array(rows.indices)
        rows += rows
      case .copies:
        let shape = cloud(5, 0.5, at: [Double](repeating: 0, count: channels))
        for group in 0..<segments {
          // A shift in one channel, in sixteenths.
          rows += shape.map { row in row.enumerated().map { ($1 * 16).rounded() / 16 + ($0 == 0 ? 3 * Double(group) : 0) } }
        }
        orbits = (0..<segments).flatMap { _ in shape.indices }
      case .islands:
        // The largest holds most pairs, so that a median distance is one of its own.
        for group in 0..<segments {
          rows += cloud(group == 0 ? 11 : 3, 0.5, at: (0..<channels).map { 500 * Double($0 == group % channels ? group : 0) })
        }
        orbits = Array(rows.indices)
      }
      (features, self.orbits) = (NDArray(rows.flatMap { $0 }, shape: [rows.count, channels]), orbits)
      sample = max(segments + 2, 2 * rows.count / 3)
      // A draw that leaves no island out: without affinity to the sample there is no direction.
      let islands = kind == .islands ? (0..<segments).map { $0 == 0 ? 0..<11 : 8 + 3 * $0..<11 + 3 * $0 } : []
      let count = sample
      draw =
        (0..<1000).first { draw in
          let nodes = NodeSample(count: count, seed: draw).drawn(of: rows.count)
          return islands.allSatisfy { island in nodes.contains { island.contains($0) } }
        } ?? 0
    }

    /// Whether pairs that move alike are at equal distances, of which any may be found first.
    var hasTies: Bool { kind == .duplicates || kind == .copies && !kernel.isOfDirections }

    func cut(_ features: NDArray) throws(SpectralError) -> NormalizedCut {
      try NormalizedCut(
        features, segments, kernel, width: width, rule: rule, regime: regime, sample: sample, seed: draw)
    }
  }

  /// What became of a case.
  enum Verdict { case compared, refused, withoutGap, kinked }

  @Test func twoHundredCases() throws {
    var verdicts: [Verdict: Int] = [:]
    for seed in 0..<200 {
      let verdict = try verdict(seed)
      verdicts[verdict, default: 0] += 1
    }
    // Most are compared; what is refused is a frozen rotation at equal eigenvalues.
    #expect(verdicts[.compared] ?? 0 >= 150, "\(verdicts)")
    #expect(verdicts[.refused] ?? 0 <= 25 && verdicts[.kinked] ?? 0 <= 2, "\(verdicts)")
  }

  private func verdict(_ seed: Int) throws -> Verdict {
    let example = Case(seed)
    let cut = try example.cut(example.features)
    let partition = try KWayCut(cut, rule: example.rotation)
    let numbers = cut.eigenvalues + cut.residuals + cut.eigenvectors.doubles + partition.objectives + [cut.sigma]
    #expect(numbers.allSatisfy { $0.isFinite }, "seed \(seed)")
    let gradients: KWayCut.SegmentGradients
    do throws(SpectralError) { gradients = try partition.segmentGradients() } catch {
      guard case .degenerate = error, example.rotation == .frozen else { throw error }
      return .refused
    }
    let found = gradients.values.doubles + gradients.residuals + (gradients.widthGradients ?? [.nan])
    #expect(found.allSatisfy { $0.isFinite }, "seed \(seed)")
    if (cut.gap.width ?? 1) < 0.02 { return .withoutGap }
    return try compare(example, cut, partition, seed)
  }

  /// Slopes of a loss of all scores along random directions.
  private func compare(_ example: Case, _ cut: NormalizedCut, _ partition: KWayCut, _ seed: Int) throws -> Verdict {
    let (n, d, k) = (cut.nodeCount, example.features.shape[1], example.segments)
    let fixed = Partition(partition.assignment, k)
    let weights = randomTensor([n, k], seed: UInt64(3000 + seed))
    let base = Tensor(cut.eigenvectors)
    let frozen = matmul(base, Tensor(partition.scoreValues), transposeA: true)
    func loss(_ vectors: Tensor) -> Double {
      let rotation = example.rotation == .frozen ? frozen : fixed.rotation(of: vectors)
      let scores = matmul(vectors, rotation)
      return (scores * weights).sum().scalar + fixed.objectives(scores).sum().scalar
    }
    let input = Tensor(example.features).recorded()
    let scores = try kWayScores(of: recordedCut(input, cut), rule: example.rotation).scores
    let total = (scores * weights).sum() + fixed.objectives(scores).sum()
    // The objectives may not feel what a frozen rotation leaves free; other functions of the scores do, and are refused.
    guard let gradient = try? total.gradient(for: input).doubles else {
      #expect(example.rotation == .frozen, "seed \(seed)")
      return .refused
    }
    #expect(gradient.allSatisfy { $0.isFinite }, "seed \(seed)")
    // Equal eigenvalues turn freely inside their span, which the moving rotation undoes and a frozen one does not.
    let spread = zip(cut.eigenvalues, cut.eigenvalues.dropFirst()).map { $0 - $1 }.min() ?? 1
    if example.rotation == .frozen && spread < 0.01 { return .withoutGap }
    var random = RandomSource(seed: UInt64(5000 + seed))
    for _ in 0..<3 {
      let moves = (0..<n).map { _ in random.normals(d) }
      let direction = example.orbits.flatMap { moves[$0] }
      func moved(_ t: Double) throws -> NormalizedCut {
        try example.cut(NDArray(zip(example.features.doubles, direction).map { $0 + t * $1 }, shape: example.features.shape))
      }
      // A median has a kink where another pair takes its place; a step may not reach that far.
      func staysSmooth(_ step: Double) -> Bool {
        if example.rule == .frozen { return true }
        if example.hasTies { return step < 1e-4 }
        let (below, above) = (try? moved(0 - step).medianNodes, try? moved(step).medianNodes)
        return below == cut.medianNodes && above == cut.medianNodes
      }
      let steps: [Double] = [3e-4, 1e-4, 1e-5, 1e-6]
      // Where another pair is at the same distance and does not move alike, there is no derivative.
      guard let step = steps.first(where: staysSmooth) else { return .kinked }
      let expected = try derivative(step) { t in
        let vectors = Tensor(try moved(t).eigenvectors)
        return [loss(example.rotation == .frozen ? aligned(vectors, to: base) : vectors)]
      }[0]
      let slope = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
      let size = zip(gradient, direction).reduce(1e-3) { $0 + abs($1.0 * $1.1) }
      #expect(abs(slope - expected) < 2e-6 * size, "seed \(seed), \(example.kind): \(slope) and \(expected)")
    }
    return .compared
  }
}

extension NormalizedCut {
  /// The pairs at the median distance.
  fileprivate var medianNodes: [[Int]] {
    double?.medianPairs.map { [$0.first, $0.second] } ?? []
  }
}
