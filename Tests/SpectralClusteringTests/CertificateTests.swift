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
            row.enumerated().map { $1 + ($0 == group % channels ? 2.5 : 0) + ($0 == (group + 1) % channels && group >= channels ? 2.5 : 0) }
          }
        } else {
          let centre = random.normals(channels).map { 1.2 * $0 }
          rows += (0..<count).map { _ in centre.map { $0 + noise * random.normal() } }
        }
      }
      features = NDArray(rows.flatMap { $0 }, shape: [rows.count, channels]).converted(to: .float32)
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

  @Test func trueErrorsAreBelowTheirBounds() throws {
    var (ratios, angles): ([Double], [Double]) = ([], [])
    var without = 0
    for seed in 0..<80 {
      let example = Case(seed)
      let partition = try KWayCut(example.cut(), rule: example.rotation)
      let certificate = partition.cut.certificate
      #expect(certificate.residuals == partition.cut.residuals && certificate.affinityError > 0)
      let gradients = try? partition.segmentGradients(withWidths: false)
      let exact = try Exact(example, partition)
      if let bound = certificate.subspaceAngle {
        let found = sine(Tensor(partition.cut.eigenvectors), exact.vectors)
        #expect(found <= bound, "\(example)")
        angles.append(bound / max(found, 1e-17))
      }
      guard let gradients, gradients.boundReason == nil else {
        print("\(example): gap \(partition.cut.gap.width ?? -1), \(gradients?.boundReason ?? "refused")")
        without += 1
        continue
      }
      let d = example.features.shape[1]
      let values = gradients.values.doubles
      for (segment, nodes) in partition.segments.enumerated() {
        guard let errors = gradients.errors[segment] else { continue }
        let differences = nodes.enumerated().map { index, node in
          (0..<d).map { abs(values[node * d + $0] - exact.gradients[segment][index][$0]) }
        }
        var (found, bound, scale) = (0.0, 0.0, 0.0)
        for channel in 0..<d {
          let own = differences.map { $0[channel] }
          let mean = own.reduce(0, +) / Double(nodes.count)
          let square = (own.reduce(0) { $0 + $1 * $1 } / Double(nodes.count)).squareRoot()
          #expect(mean <= errors.mean[channel] && square <= errors.rootMeanSquare[channel], "\(example)")
          (found, bound) = (max(found, mean), max(bound, errors.mean[channel]))
          scale = max(scale, exact.gradients[segment].reduce(0) { $0 + abs($1[channel]) } / Double(nodes.count))
        }
        ratios.append(bound / max(found, 1e-300))
        print("\(example): gap \(certificate.gap ?? -1) angle \(certificate.subspaceAngle ?? -1) segment \(segment): true \(found / scale) bound \(bound / scale) ratio \(bound / found)")
      }
    }
    ratios.sort()
    angles.sort()
    print("ratios \(ratios.first ?? 0) \(ratios[ratios.count / 2]) \(ratios.last ?? 0) angles \(angles.first ?? 0) \(angles[angles.count / 2]) \(angles.last ?? 0) without \(without)")
  }

  /// ‖sin Θ‖_F of two spans with orthonormal bases.
  private func sine(_ a: Tensor, _ b: Tensor) -> Double {
    let rest = a - matmul(b, matmul(b, a, transposeA: true))
    return (rest * rest).sum().scalar.squareRoot()
  }
}
