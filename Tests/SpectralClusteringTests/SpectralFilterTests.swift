import Testing

@testable import SpectralClustering

/// The spectral filter against finite differences of its own forward, against dense autograd through all eigenpairs, and against
/// the projector that it becomes at a wide gap.
@Suite struct SpectralFilterTests {
  /// The objectives of a partition with everything that the derivative holds fixed: σ, assignment, centre and width.
  struct Objectives {
    let partition: KWayCut
    let cut: NormalizedCut

    init(_ cut: NormalizedCut, _ rule: FilterWidth = .automatic) throws {
      self.cut = cut
      partition = try KWayCut(cut, filter: rule)
    }

    var filter: SpectralFilter { get throws { try #require(partition.filter) } }

    /// Of other features, by all their eigenpairs.
    func values(_ features: NDArray) throws -> [Double] {
      let moved = try NormalizedCut(
        features, cut.segmentCount, cut.kernel, width: .value(cut.sigma), regime: cut.regime)
      let filter = try filter
      let (n, k) = (cut.nodeCount, cut.segmentCount)
      let (vectors, eigenvalues) = (moved.pairs.vectors, moved.pairs.values)
      #expect(eigenvalues.count == n)
      var sums = [Double](repeating: 0, count: k)
      for (segment, nodes) in partition.segments.enumerated() where !nodes.isEmpty {
        // Q has a single value, |segment|^(−1/2), on the segment's nodes.
        let q = 1 / Double(nodes.count).squareRoot()
        let components = (0..<n).map { e in
          let f = filter.value(eigenvalues[e])
          return f * nodes.reduce(0) { $0 + q * vectors[$1, e] }
        }
        for node in nodes {
          sums[segment] += abs((0..<n).reduce(0) { $0 + vectors[node, $1] * components[$1] }) / Double(nodes.count)
        }
      }
      return sums
    }
  }

  enum Kind: Int, CaseIterable { case normal, islands, copies, duplicates }

  /// Features without a gap at K.
  static func features(_ kind: Kind, _ seed: Int) -> (features: NDArray, segments: Int) {
    var random = RandomSource(seed: UInt64(7000 + seed))
    let (channels, segments) = (2 + seed % 4, 2 + seed % 3)
    var rows: [[Double]] = []
    switch kind {
    case .normal:
      rows = (0..<(18 + seed % 13)).map { _ in random.normals(channels) }
    case .islands:
      // More islands than segments, far from each other: λ = 1 that often.
      let island = (0..<4).map { _ in random.normals(channels).map { ($0 * 16).rounded() / 16 } }
      for copy in 0..<segments + 2 {
        rows += island.map { row in row.enumerated().map { $1 + ($0 == 0 ? 4096 * Double(copy) : 0) } }
      }
    case .copies:
      // Copies that feel each other alike: a ring of them in two channels has pairs of equal eigenvalues.
      for corner in 0..<4 {
        let (x, y) = ([2.0, -2, -2, 2][corner], [2.0, 2, -2, -2][corner])
        rows += (0..<4).map { i in [x * (1 + Double(i) / 8), y * (1 + Double(i) / 8)] }
      }
    case .duplicates:
      rows = (0..<10).map { _ in random.normals(channels) }
      rows += rows
    }
    return (NDArray(rows.flatMap { $0 }, shape: [rows.count, rows[0].count]), segments)
  }

  @Test func finiteDifferencesOfItsOwnForward() throws {
    var (compared, withoutGap) = (0, 0)
    for seed in 0..<80 {
      let kind = Kind.allCases[seed % 4]
      let (features, segments) = Self.features(kind, seed)
      let sigma = kind == .islands ? 1.0 : 1.5
      let cut = try NormalizedCut(
        features, segments, seed % 8 < 4 ? .gaussian : kind == .islands ? .gaussian : .cosine,
        width: .value(seed % 8 < 4 || kind == .islands ? sigma : 0.5), regime: seed % 16 < 8 ? .stored : .tiles)
      // Also narrower and wider than the rule has it.
      let rule: FilterWidth = [.automatic, .value(0.03), .value(0.4)][seed / 4 % 3]
      let objectives = try Objectives(cut, rule)
      let filter = try objectives.filter
      let gradients = try objectives.partition.segmentGradients()
      let found = gradients.values.doubles
      #expect((found + gradients.residuals + objectives.partition.objectives).allSatisfy { $0.isFinite }, "seed \(seed)")
      #expect(relativeDifference(objectives.partition.objectives, try objectives.values(features)) < 1e-12, "seed \(seed)")
      #expect(gradients.residuals.allSatisfy { $0 < 1e-9 })
      #expect(gradients.errors.allSatisfy { $0 == nil } && gradients.boundReason?.contains("spectral filter") == true)
      if (cut.gap.width ?? 1) < filter.width { withoutGap += 1 }
      let channels = features.shape[1]
      let expected = try finiteDifferences(features, step: 5e-4 * min(1, filter.width / 0.05)) { try objectives.values($0) }
      for (segment, nodes) in objectives.partition.segments.enumerated() {
        let own = nodes.flatMap { node in (0..<channels).map { node * channels + $0 } }
        let (a, b) = (own.map { found[$0] }, own.map { expected[segment][$0] })
        let scale = max(b.map(abs).max() ?? 0, 1e-3)
        let worst = zip(a, b).map { abs($0 - $1) }.max() ?? 0
        #expect(worst < 2e-6 * scale, "seed \(seed), \(kind), \(rule), segment \(segment): \(worst / scale)")
        compared += 1
      }
    }
    #expect(compared > 150, "\(compared)")
    #expect(withoutGap >= 40, "\(withoutGap)")
  }

  /// All eigenpairs by `eigh`, and autograd through them.
  @Test func denseReference() throws {
    for seed in 0..<12 {
      var random = RandomSource(seed: UInt64(seed))
      let (nodes, segments) = (40 + seed, 2 + seed % 3)
      let features = NDArray(random.normals(nodes * 5), shape: [nodes, 5])
      let cut = try NormalizedCut(features, segments)
      let objectives = try Objectives(cut)
      let (filter, fixed) = (try objectives.filter, Partition(objectives.partition.assignment, segments))
      let x = Tensor(features).recorded()
      let dense = try DenseReference(x, count: nodes, sigma: cut.sigma)
      let t = ((dense.values - filter.centre) * (1 / filter.width) + 0.5).clamped(to: 0...1)
      let weights = t * t * t * (10 - 15 * t + 6 * t * t)
      let indicators = fixed.indicator / sqrt(fixed.sizes)
      let scores = matmul(dense.vectors * weights, matmul(dense.vectors, indicators, transposeA: true))
      #expect(relativeDifference(objectives.partition.scoreValues.doubles, scores.value.doubles) < 1e-11)
      let objective = fixed.objectives(scores)
      #expect(relativeDifference(objectives.partition.objectives, objective.value.doubles) < 1e-11)
      let found = try objectives.partition.segmentGradients().values.doubles
      for (segment, members) in objectives.partition.segments.enumerated() {
        let whole = try objective[segment].gradient(for: x).doubles
        let own = members.flatMap { node in (0..<5).map { node * 5 + $0 } }
        #expect(relativeDifference(own.map { found[$0] }, own.map { whole[$0] }) < 1e-9, "seed \(seed)")
      }
    }
  }

  /// With a wide gap the filter is the projector: f is 1 for the K eigenvectors, 0 for all others, and flat there.
  @Test func aWideGapMakesItTheProjector() throws {
    for rule in [FilterWidth.automatic, .value(1e-3)] {
      let features = clustered(nodes: 60, channels: 4, clusters: 3, noise: 0.25)
      let x = Tensor(features).recorded()
      let (vectors, _, cut) = try normalizedCutEigenvectors(of: x, count: 3)
      #expect((cut.gap.width ?? 0) > 0.1)
      let partition = try KWayCut(cut, filter: rule)
      let filter = try #require(partition.filter)
      #expect(filter.count == 3)
      let fixed = Partition(partition.assignment, 3)
      let scores = matmul(vectors, matmul(vectors, fixed.indicator / sqrt(fixed.sizes), transposeA: true))
      #expect(relativeDifference(partition.scoreValues.doubles, scores.value.doubles) < 1e-12)
      let found = try partition.segmentGradients().values.doubles
      for (segment, members) in partition.segments.enumerated() {
        let whole = try fixed.objectives(scores)[segment].gradient(for: x).doubles
        let own = members.flatMap { node in (0..<4).map { node * 4 + $0 } }
        #expect(relativeDifference(own.map { found[$0] }, own.map { whole[$0] }) < 1e-9)
      }
      // And close to the rotated scores, whose rotation is that of the row-normalised eigenvectors.
      let plain = try KWayCut(cut)
      #expect(relativeDifference(partition.scoreValues.doubles, plain.scoreValues.doubles) < 0.1)
    }
  }

  /// Iterated and decomposed in full, stored and in tiles, in both precisions.
  @Test func allWaysAgree() throws {
    var random = RandomSource(seed: 4)
    let features = NDArray(random.normals(700 * 6), shape: [700, 6])
    func run(_ regime: AffinityRegime, _ precision: DType, full: Bool) throws -> (KWayCut, KWayCut.SegmentGradients) {
      var accuracy = precision == .float32 ? SpectralAccuracy(of: Float.self) : SpectralAccuracy(of: Double.self)
      accuracy.fullDecompositionLimit = full ? 1000 : 0
      let options = AffinityOptions(regime: regime, accuracy: accuracy)
      let cut = try NormalizedCut(features, segments: .fixed(3), precision: precision, options)
      let partition = try KWayCut(cut, filter: .automatic)
      return (partition, try partition.segmentGradients())
    }
    let (partition, gradients) = try run(.stored, .float64, full: true)
    #expect((partition.filter?.count ?? 0) > 3)
    for (regime, precision) in [
      (AffinityRegime.stored, DType.float64), (.tiles, .float64), (.stored, .float32), (.tiles, .float32),
    ] {
      let (other, found) = try run(regime, precision, full: false)
      let (values, slopes) = precision == .float64 ? (1e-9, 1e-7) : (1e-5, 2e-4)
      #expect(other.assignment == partition.assignment)
      #expect(other.filter?.count == partition.filter?.count)
      #expect(relativeDifference(other.scoreValues.doubles, partition.scoreValues.doubles) < values, "\(regime) \(precision)")
      #expect(relativeDifference(found.values.doubles, gradients.values.doubles) < slopes, "\(regime) \(precision)")
      #expect(relativeDifference(found.widthGradients ?? [], gradients.widthGradients ?? []) < slopes)
    }
  }

  /// λ = 1 twelve times, four of them asked for: found by iteration, all of them have the weight ½.
  @Test func repeatedEigenvaluesFoundByIteration() throws {
    var random = RandomSource(seed: 14)
    let island = (0..<60).map { _ in random.normals(3).map { ($0 * 64).rounded() / 64 } }
    let rows = (0..<12).flatMap { copy in island.map { [$0[0] + 4096 * Double(copy), $0[1], $0[2]] } }
    let features = NDArray(rows.flatMap { $0 }, shape: [720, 3])
    let assignment = (0..<720).map { $0 / 60 % 4 }
    let cotangent = Matrix<Double>(720, 4, random.normals(720 * 4))
    func run(_ regime: AffinityRegime, full: Bool) throws -> (SpectralFilter, [Double], FeaturePullback) {
      var accuracy = SpectralAccuracy(of: Double.self)
      accuracy.fullDecompositionLimit = full ? 1000 : 0
      let options = AffinityOptions(width: .value(1), regime: regime, accuracy: accuracy)
      let cut = try NormalizedCut(features, segments: .fixed(4), precision: .float64, options)
      let scores = FilteredScores(try FilteredSpectrum(cut, .automatic), assignment: assignment, segments: 4)
      let found = try cut.affinity.pullback(
        scores.spectrum.pairs, rows: [Array(0..<720)], closedGap: .leaveOut, withWidths: true, beyond: nil,
        cotangent: { _ in scores.pullback(cotangent) })
      return (scores.spectrum.filter, scores.values.array.doubles, found)
    }
    let (filter, values, expected) = try run(.stored, full: true)
    #expect(abs(filter.centre - 1) < 1e-12 && filter.count == 12 && abs(filter.value(1) - 0.5) < 1e-9)
    for regime in [AffinityRegime.stored, .tiles] {
      let (own, others, found) = try run(regime, full: false)
      #expect(own.count == 12)
      #expect(relativeDifference(others, values) < 1e-9)
      #expect(relativeDifference(found.features.array.doubles, expected.features.array.doubles) < 1e-7)
      #expect(relativeDifference(found.widths ?? [], expected.widths ?? []) < 1e-7)
      #expect(found.leftOut < 1e-6)
    }
  }

  @Test func nothingThatIsNotFinite() throws {
    let equal = NDArray([Double](repeating: 1, count: 24), shape: [8, 3])
    for (features, segments) in [
      (equal, 3), (equal, 8), (NDArray([1.0, 2], shape: [2, 1]), 2), (NDArray([0.0, 1, 1e6], shape: [3, 1]), 2),
      (Self.features(.islands, 1).features, 4),
    ] {
      for precision in [DType.float32, .float64] {
        for rule in [FilterWidth.automatic, .value(1e-4), .value(2)] {
          let cut = try NormalizedCut(features, segments: segments, precision: precision, memory: MemoryBudget(bytes: 0))
          let partition = try KWayCut(cut, filter: rule)
          let gradients = try partition.segmentGradients()
          let numbers = partition.scoreValues.doubles + gradients.values.doubles + gradients.residuals
          #expect(numbers.allSatisfy { $0.isFinite }, "\(features.shape), \(segments), \(rule)")
        }
      }
    }
  }

  /// A node that is placed gets its own scores.
  @Test func placedNodesKeepTheirScores() throws {
    var random = RandomSource(seed: 8)
    let features = NDArray(random.normals(50 * 4), shape: [50, 4])
    let partition = try KWayCut(NormalizedCut(features, segments: 3), filter: .automatic)
    let placed = try partition.placing(features)
    #expect(relativeDifference(placed.scores.doubles, partition.scoreValues.doubles) < 1e-9)
    #expect(placed.assignment == partition.assignment)
  }

  /// The first eigenvalue without a weight lies where the step begins, whatever the rounding of the centre and the width.
  @Test func roundingMakesNoWeight() throws {
    var random = RandomSource(seed: 11)
    for _ in 0..<200 {
      let last = 0.3 + 0.6 * random.uniform()
      let next = last * (0.1 + 0.7 * random.uniform())
      let filter = try SpectralFilter(.automatic, eigenvalues: [1, last, next], segments: 2)
      #expect(filter.value(next) == 0 && next <= filter.lowerEdge, "\(last), \(next)")
      #expect(abs(filter.value(last) - 1) < 1e-14)
    }
  }

  /// A filter makes up for a gap that is missing, but not for that.
  @Test func asManySegmentsAsNodesIsToldWithAFilterToo() throws {
    let cut = try NormalizedCut(Self.features(.duplicates, 1).features, segments: 20)
    let told = try KWayCut(cut, filter: .automatic).warnings.filter { $0.contains("as many segments as nodes") }
    #expect(told.count == 1)
  }

  @Test func dividedDifferences() throws {
    let filter = try SpectralFilter(.value(0.2), eigenvalues: [1, 0.6, 0.5, 0.1], segments: 2)
    #expect(filter.centre == 0.55)
    #expect(filter.value(0.55) == 0.5 && filter.value(0.7) == 1 && filter.value(0.4) == 0)
    var random = RandomSource(seed: 3)
    for _ in 0..<500 {
      let (a, b) = (0.3 + 0.5 * random.uniform(), 0.3 + 0.5 * random.uniform())
      let expected = (filter.value(a) - filter.value(b)) / (a - b)
      #expect(abs(filter.dividedDifference(a, b) - expected) < 1e-9)
      let h = 1e-5
      #expect(abs(filter.dividedDifference(a, a) - (filter.value(a + h) - filter.value(a - h)) / (2 * h)) < 1e-4)
      // Symmetric, and the same at a tie as beside it.
      #expect(abs(filter.dividedDifference(a, b) - filter.dividedDifference(b, a)) < 1e-12)
      #expect(abs(filter.dividedDifference(a, a) - filter.dividedDifference(a, a.nextUp)) < 1e-9)
    }
    for width in [0, -1, 1e-5, 2.1, .nan, .infinity] {
      #expect(throws: SpectralError.self) { try SpectralFilter(.value(width), eigenvalues: [1, 0.5], segments: 1) }
    }
  }
}
