import Testing

@testable import SpectralClustering

/// What a certificate bounds, held against the dense answer in float64 of the same features.
@Suite struct CertificateTests {
  enum Kind: Int, CaseIterable { case strong, medium, weak, nearlyClosed, tied }
  enum Effort: Int, CaseIterable { case full, tight, loose, looser }

  struct Case: CustomStringConvertible {
    let seed: Int
    let kind: Kind
    let effort: Effort
    let rotation: RotationRule
    let precision: DType
    let kernel: AffinityKernel
    let features: NDArray
    let segments: Int
    var sigma: Double { kernel.isOfDirections ? 0.5 : 1 }
    var description: String { "seed \(seed): \(kind), \(effort), \(rotation), \(precision), \(kernel.name)" }

    init(_ seed: Int) {
      self.seed = seed
      kind = Kind.allCases[seed % 5]
      effort = Effort.allCases[seed / 5 % 4]
      rotation = seed / 20 % 2 == 0 ? .procrustes : .frozen
      precision = seed / 40 % 2 == 0 ? .float64 : .float32
      kernel = seed % 7 == 3 ? .cosine : .gaussian
      var random = RandomSource(seed: UInt64(9000 + seed))
      segments = 2 + seed % 3
      let (count, channels) = (30 + seed % 11, 3 + seed % 3)
      let noise = [0.25, 0.45, 0.7, 0.5, 0.45][kind.rawValue]
      // One group more than segments leaves only what its distance makes of a gap.
      let groups = segments + (kind == .nearlyClosed ? 1 : kind == .tied ? 2 : 0)
      var rows: [[Double]] = []
      let shape = (0..<count).map { _ in random.normals(channels).map { (noise * $0 * 64).rounded() / 64 } }
      for group in 0..<groups {
        if kind == .tied {
          // The last three are the same, at the corners of a right angle, so that two eigenvalues beyond K are equal or nearly.
          let own = group < segments - 1 ? (0..<count).map { _ in random.normals(channels).map { noise * $0 } } : shape
          rows += own.map { row in
            row.enumerated().map { channel, value in
              let isCorner = channel == group % channels || (channel == (group + 1) % channels && group >= channels)
              return value + (isCorner ? 2.5 : 0)
            }
          }
        } else {
          let centre = random.normals(channels).map { 1.2 * $0 }
          rows += (0..<count).map { _ in centre.map { $0 + noise * random.normal() } }
        }
      }
      features = NDArray(rows.flatMap { $0 }, shape: [rows.count, channels]).converted(to: .float32)
    }

    init(_ features: NDArray, segments: Int, _ effort: Effort, _ precision: DType) {
      (self.features, self.segments, self.effort, self.precision) = (features, segments, effort, precision)
      (seed, kind, rotation, kernel) = (0, .medium, .procrustes, .gaussian)
    }

    func cut() throws(SpectralError) -> NormalizedCut {
      var options = AffinityOptions(kernel: kernel, width: .value(sigma))
      var accuracy = precision == .float32 ? SpectralAccuracy(of: Float.self) : SpectralAccuracy(of: Double.self)
      if effort != .full { accuracy.fullDecompositionLimit = 0 }
      if effort == .loose { (accuracy.eigenpairs, accuracy.solves) = (1e-6, 1e-5) }
      if effort == .looser { (accuracy.eigenpairs, accuracy.solves) = (1e-4, 1e-3) }
      options.accuracy = accuracy
      return try NormalizedCut(features, segments: .fixed(segments), precision: precision, options)
    }
  }

  /// The dense answer: eigenvectors, and gradients of all objectives over their own nodes.
  struct Exact {
    let vectors: Tensor
    /// [segment][node in it][channel]
    let gradients: [[[Double]]]

    init(_ example: Case, _ partition: KWayCut) throws {
      let input = Tensor(example.features.converted(to: .float64)).recorded()
      let dense = try DenseReference(
        input, count: example.segments, kernel: example.kernel, sigma: Tensor([example.sigma], dtype: .float64))
      vectors = dense.vectors
      let fixed = Partition(partition.assignment, example.segments)
      let scores: Tensor
      if example.rotation == .frozen {
        let rotation = Tensor(partition.scores.rotation.array)
        scores = matmul(aligned(dense.vectors, to: Tensor(partition.cut.eigenvectors)), rotation)
      } else {
        scores = matmul(dense.vectors, fixed.rotation(of: dense.vectors))
      }
      let objectives = fixed.objectives(scores)
      let d = example.features.shape[1]
      gradients = try partition.segments.enumerated().map { segment, nodes in
        let values = try objectives[segment].gradient(for: input).doubles
        return nodes.map { Array(values[$0 * d..<($0 + 1) * d]) }
      }
    }
  }

  /// Bounds and errors of one segment, as shares of the largest mean |gradient| of its channels.
  private struct Outcome {
    let example: Case
    let found: Double
    let bound: Double
  }

  /// Compares every channel of every segment, and adds to `outcomes`.
  ///
  /// - Returns: the bound of the angle over the angle; `nil` if there are no bounds.
  private func compare(_ example: Case, _ outcomes: inout [Outcome]) throws -> Double? {
    let partition = try KWayCut(example.cut(), rule: example.rotation)
    let certificate = partition.cut.certificate
    #expect(certificate.residuals == partition.cut.residuals && certificate.affinityError > 0)
    let gradients = try partition.segmentGradients(withWidths: false)
    let exact = try Exact(example, partition)
    let angle = sine(Tensor(partition.cut.eigenvectors), exact.vectors)
    if let bound = certificate.subspaceAngle { #expect(angle <= bound, "\(example)") }
    guard gradients.boundReason == nil else {
      #expect(gradients.errors.allSatisfy { $0 == nil })
      return nil
    }
    let measured = try #require(gradients.certificate.subspaceAngle)
    #expect(angle <= measured, "\(example)")
    if let gap = certificate.gap { #expect(gap <= partition.cut.gap.width ?? 0, "\(example)") }
    let (d, values) = (example.features.shape[1], gradients.values.doubles)
    for (segment, nodes) in partition.segments.enumerated() where !nodes.isEmpty {
      let errors = try #require(gradients.errors[segment])
      let count = Double(nodes.count)
      var (found, bound, scale) = (0.0, 0.0, 0.0)
      for channel in 0..<d {
        let own = nodes.enumerated().map { abs(values[$1 * d + channel] - exact.gradients[segment][$0][channel]) }
        let (mean, square) = (own.reduce(0, +) / count, (own.reduce(0) { $0 + $1 * $1 } / count).squareRoot())
        #expect(mean <= errors.mean[channel] && square <= errors.rootMeanSquare[channel], "\(example)")
        (found, bound) = (max(found, mean), max(bound, errors.mean[channel]))
        scale = max(scale, exact.gradients[segment].reduce(0) { $0 + abs($1[channel]) } / count)
      }
      outcomes.append(Outcome(example: example, found: found / scale, bound: bound / scale))
    }
    return measured / max(angle, 1e-17)
  }

  /// Groups of several strengths, hardly a gap, ties beyond it; both rotations, precisions and affinities; decomposed in full and
  /// iterated, to the end and not, so that errors are not all rounding.
  @Test func trueErrorsAreBelowTheirBounds() throws {
    var (outcomes, angles): ([Outcome], [Double]) = ([], [])
    for seed in 0..<80 { if let ratio = try compare(Case(seed), &outcomes) { angles.append(ratio) } }
    #expect(angles.count >= 72 && outcomes.count >= 200)
    func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    func chosen(_ choose: (Case) -> Bool) -> [Outcome] { outcomes.filter { choose($0.example) } }
    #expect(median(angles) < 50)
    // What the bounds are good for: converged in double, a millionth; in single precision a few per cent.
    let converged: [Effort] = [.full, .tight]
    let double = chosen { $0.precision == .float64 && $0.rotation == .procrustes && converged.contains($0.effort) }
    #expect(double.count > 20 && double.allSatisfy { $0.bound < 1e-6 })
    let single = chosen { $0.precision == .float32 && $0.rotation == .procrustes && converged.contains($0.effort) }
    #expect(single.count > 20 && median(single.map(\.bound)) < 0.03)
    // Norms know nothing of what cancels: by how much they exceed the error of solves that stopped early.
    let early = chosen { $0.precision == .float64 && !converged.contains($0.effort) }
    #expect(early.count > 20 && median(early.map { $0.bound / $0.found }) < 3000)
  }

  /// More segments than are measured one by one, and more nodes in each than spreads are taken of.
  @Test(arguments: [DType.float32, .float64]) func measuringASampleWillDo(_ precision: DType) throws {
    for effort in [Effort.tight, .looser] {
      var outcomes: [Outcome] = []
      let features = clustered(nodes: 480, channels: 5, clusters: 6, noise: 0.4, seed: 41, dtype: .float32)
      #expect(try compare(Case(features, segments: 6, effort, precision), &outcomes) != nil)
      let largest = outcomes.map(\.bound).max() ?? 0
      #expect(outcomes.count == 6 && largest < (effort == .looser ? 10 : precision == .float32 ? 1 : 1e-6))
    }
  }

  @Test func whereThereIsNoBoundTheReasonIsGiven() throws {
    // Four equal pieces cut into three: λ_3 = λ_4.
    let piece = clustered(nodes: 12, channels: 2, clusters: 1, seed: 42).doubles.map { ($0 * 64).rounded() / 64 }
    let islands = (0..<4).flatMap { group in piece.enumerated().map { $1 + ($0 % 2 == 0 ? 64 * Double(group) : 0) } }
    let closed = try KWayCut(NormalizedCut(NDArray(islands, shape: [48, 2]), 3, width: .value(1)))
    let certificate = closed.cut.certificate
    #expect(certificate.gap == nil && certificate.subspaceAngle == nil)
    #expect(certificate.reason?.contains("gap after eigenvalue 3") == true)
    let gradients = try closed.segmentGradients()
    #expect(gradients.boundReason == certificate.reason && gradients.errors == [nil, nil, nil])

    let features = clustered(nodes: 40, channels: 3, clusters: 3, seed: 43)
    let own = ComposedAffinity { x, y in 1 / (1 + exp(-matmul(x, y, transposeB: true))) }
    let custom = try KWayCut(NormalizedCut(features, 3, .custom(own))).segmentGradients()
    #expect(custom.boundReason?.contains("affinity of one's own") == true && custom.certificate.subspaceAngle != nil)
    let moving = try KWayCut(NormalizedCut(features, 3, rule: .moving)).segmentGradients()
    #expect(moving.boundReason?.contains("median distance") == true)
    let all = try NormalizedCut(features, segments: 40)
    #expect(all.certificate.reason == "there are as many segments as nodes")
    // A width far below the distances leaves nothing that float32 could tell.
    let tiny = try KWayCut(NormalizedCut(features, 3, width: .value(1e-60), precision: .float32))
    #expect(tiny.cut.certificate.affinityError == 2 && tiny.cut.certificate.gap == nil)
  }

  /// Ritz values of perturbed eigenspaces of matrices whose spectrum is known.
  @Test func noEigenvalueBeyondIsAboveItsBound() throws {
    var random = RandomSource(seed: 44)
    for trial in 0..<40 {
      let (n, count, wanted) = (30, 9, 2 + trial % 3)
      let basis = try orthonormalized(Matrix(n, n, random.normals(n * n)), against: nil)
      let spectrum = (0..<n).map { _ in random.uniform() }.sorted(by: >)
      let scaled = basis.copy()
      for row in 0..<n { for column in 0..<n { scaled[row, column] *= spectrum[column] } }
      let matrix = Matrix.product(scaled, basis.transposed)
      let size = [1e-3, 1e-4, 1e-6, 1e-8][trial % 4]
      let start = basis.selecting(columns: Array(0..<count))
      for row in 0..<n { for column in 0..<count { start[row, column] += size * random.normal() } }
      let subspace = try orthonormalized(start, against: nil)
      let (values, rotation) = try symmetricEigen(Matrix.innerProducts(subspace, Matrix.product(matrix, subspace)))
      let vectors = Matrix.product(subspace, rotation)
      let residuals = residualNorms(Matrix.product(matrix, vectors), vectors, values)
      let pairs = LeadingEigenpairs(
        values: values, vectors: vectors, deflation: nil, residuals: residuals, wanted: wanted, reliable: count, products: 0)
      let bound = try #require(pairs.upperBoundBeyond(rounding: 1e-14))
      #expect(bound >= spectrum[wanted], "trial \(trial)")
      #expect(bound - spectrum[wanted] < max(30 * size, 1e-9), "trial \(trial)")
    }
  }

  /// ‖sin Θ‖_F of two spans with orthonormal bases.
  private func sine(_ a: Tensor, _ b: Tensor) -> Double {
    let rest = a - matmul(b, matmul(b, a, transposeA: true))
    return (rest * rest).sum().scalar.squareRoot()
  }
}
