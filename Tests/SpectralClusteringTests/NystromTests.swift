import Foundation
import Testing

@testable import SpectralClustering

/// Cuts that are extended from a sample of the nodes: what is computed, that a sample of all nodes is the exact cut, and what
/// changes nothing.
@Suite struct NystromTests {
  /// w(x, y) = 1/(1 + ‖x − y‖²)
  static let custom = AffinityKernel.custom(
    ComposedAffinity { x, y in
      let norms = (x * x).sum(along: [1], keepingAxes: true) + (y * y).sum(along: [1], keepingAxes: true).transposed
      return 1 / (1 + maximum(norms - 2 * matmul(x, y, transposeB: true), 0))
    })
  static let kernels = ["gaussian", "cosine", "custom"]
  static func kernel(_ name: String) -> AffinityKernel {
    switch name {
    case "gaussian": .gaussian
    case "cosine": .cosine
    default: custom
    }
  }

  // In full, and by iteration.
  @Test(arguments: kernels, [(90, DType.float64), (700, .float64), (700, .float32)])
  func aSampleOfAllNodesIsTheExactCut(_ name: String, _ size: (Int, DType)) throws {
    let features = clustered(nodes: size.0, channels: 5, clusters: 4, noise: 0.5, seed: 201)
    let isSingle = size.1 == .float32
    func cut(_ regime: AffinityRegime) throws -> KWayCut {
      try KWayCut(NormalizedCut(features, 4, Self.kernel(name), regime: regime, precision: size.1))
    }
    let (exact, sampled) = (try cut(.stored), try cut(.nystrom))
    #expect(sampled.cut.regime == .nystrom && sampled.cut.sample?.nodes == Array(0..<size.0))
    #expect(sampled.cut.sigma == exact.cut.sigma && sampled.assignment == exact.assignment)
    #expect(relativeDifference(sampled.cut.eigenvalues, exact.cut.eigenvalues) < 1e-12)
    #expect(
      relativeDifference(sampled.cut.eigenvectors.doubles, exact.cut.eigenvectors.doubles) < (isSingle ? 1e-6 : 1e-10))
    let (a, b) = (try sampled.segmentGradients(), try exact.segmentGradients())
    #expect(relativeDifference(a.values.doubles, b.values.doubles) < (isSingle ? 1e-4 : 1e-8))
    if let widths = b.widthGradients {
      #expect(relativeDifference(try #require(a.widthGradients), widths) < (isSingle ? 1e-4 : 1e-8))
    }
    let error = try #require(sampled.cut.sample?.error)
    #expect(error.rows == size.0 && error.standardError == 0 && error.angle ?? 1 < (isSingle ? 1e-4 : 1e-9))
  }

  @Test(arguments: kernels) func eigenvectorsAreTheSumsOfTheFormula(_ name: String) throws {
    let (n, d, k) = (60, 4, 3)
    let features = clustered(nodes: n, channels: d, clusters: 3, noise: 0.6, seed: 202)
    let cut = try NormalizedCut(features, k, Self.kernel(name), regime: .nystrom, sample: 25, seed: 3)
    let nodes = try #require(cut.sample?.nodes)
    let (x, sigma) = (features.doubles, cut.sigma)
    func weight(_ i: Int, _ j: Int) -> Double {
      let (a, b) = (x[i * d..<(i + 1) * d], x[j * d..<(j + 1) * d])
      let squared = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      func dot(_ p: ArraySlice<Double>, _ q: ArraySlice<Double>) -> Double { zip(p, q).reduce(0) { $0 + $1.0 * $1.1 } }
      switch name {
      case "gaussian": return exp(-squared / 2 / sigma / sigma)
      case "cosine": return exp(-pow(1 - dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot(), 2) / 2 / sigma / sigma) + 1e-3
      default: return 1 / (1 + squared)
      }
    }
    // The exact cut of the sample alone, of which the median is that of its distances.
    let own = NDArray(nodes.flatMap { x[$0 * d..<($0 + 1) * d] }, shape: [25, d])
    let small = try NormalizedCut(own, k, Self.kernel(name))
    #expect(small.sigma == cut.sigma && relativeDifference(small.eigenvalues, cut.eigenvalues) < 1e-13)
    let u = small.eigenvectors.doubles
    let degrees = nodes.map { i in nodes.reduce(0) { $0 + weight(i, $1) } }
    var extended: [Double] = []
    for i in 0..<n {
      let degree = nodes.reduce(0) { $0 + weight(i, $1) }
      for c in 0..<k {
        let sum = nodes.indices.reduce(0) { $0 + weight(i, nodes[$1]) / (degree * degrees[$1]).squareRoot() * u[$1 * k + c] }
        extended.append(sum / small.eigenvalues[c])
      }
    }
    // V = F·(FᵀF)^(−1/2) is the polar factor of F: orthonormal, with FᵀV symmetric and positive.
    let (f, v) = (Tensor(NDArray(extended, shape: [n, k])), Tensor(cut.eigenvectors))
    let gram = matmul(v, v, transposeA: true).doubles
    for i in 0..<k { for j in 0..<k { #expect(abs(gram[i * k + j] - (i == j ? 1 : 0)) < 1e-13) } }
    let overlaps = (f * v).sum(along: [0]).doubles
    let signs = Tensor(overlaps.map { $0 < 0 ? -1.0 : 1 }, dtype: .float64)
    let middle = matmul(f * signs, v, transposeA: true)
    #expect(relativeDifference(middle.doubles, middle.transposed.doubles) < 1e-12)
    #expect(relativeDifference(matmul(v, middle.transposed).doubles, (f * signs).doubles) < 1e-11)
  }

  @Test func theSampleIsDrawnEvenly() throws {
    var hits = [Int](repeating: 0, count: 40)
    for seed in 0..<2000 {
      let nodes = NodeSample(count: 10, seed: UInt64(seed)).drawn(of: 40)
      #expect(nodes.count == 10 && nodes == Array(Set(nodes)).sorted() && nodes.allSatisfy { (0..<40).contains($0) })
      for node in nodes { hits[node] += 1 }
    }
    // 500 ± 19.4 each.
    #expect(hits.allSatisfy { abs($0 - 500) < 100 })
    let features = clustered(nodes: 40, channels: 3, clusters: 2)
    let (first, second) = (
      try NormalizedCut(features, segments: 2, sample: NodeSample(count: 10, seed: 1)),
      try NormalizedCut(features, segments: 2, sample: NodeSample(count: 10, seed: 1))
    )
    #expect(first.sample == second.sample && first.eigenvectors == second.eigenvectors && first.sample?.seed == 1)
    #expect(try NormalizedCut(features, segments: 2, sample: NodeSample(count: 10, seed: 2)).sample?.nodes != first.sample?.nodes)
    #expect(try NormalizedCut(features, segments: 2).sample == nil)
  }

  private func outcome(_ features: NDArray, _ name: String, precision: DType = .float64) throws -> (KWayCut, NDArray) {
    let cut = try KWayCut(
      NormalizedCut(
        features, 3, Self.kernel(name), rule: name == "custom" ? .frozen : .moving, regime: .nystrom, precision: precision,
        sample: 60, seed: 5))
    return (cut, try cut.segmentGradients().values)
  }

  @Test(arguments: kernels) func theOrderOfTheOthersChangesNothing(_ name: String) throws {
    let (n, d) = (150, 4)
    let features = clustered(nodes: n, channels: d, clusters: 3, noise: 0.4, seed: 203)
    let nodes = NodeSample(count: 60, seed: 5).drawn(of: n)
    let others = (0..<n).filter { !nodes.contains($0) }
    // The others in reverse.
    var order = Array(0..<n)
    for (place, node) in zip(others, others.reversed()) { order[place] = node }
    func permuted(_ values: [Double], _ width: Int) -> [Double] { order.flatMap { values[$0 * width..<($0 + 1) * width] } }
    let (first, gradients) = try outcome(features, name)
    let (second, moved) = try outcome(NDArray(permuted(features.doubles, d), shape: [n, d]), name)
    #expect(second.cut.sigma == first.cut.sigma)
    #expect(relativeDifference(second.cut.eigenvectors.doubles, permuted(first.cut.eigenvectors.doubles, 3)) < 1e-12)
    #expect(relativeDifference(moved.doubles, permuted(gradients.doubles, d)) < 1e-9)
  }

  @Test(arguments: ["gaussian", "custom"]) func movingAllNodesChangesNothing(_ name: String) throws {
    let features = clustered(nodes: 150, channels: 4, clusters: 3, noise: 0.4, seed: 204)
    let shift = [3.0, -20, 0.5, 7]
    let moved = NDArray(features.doubles.enumerated().map { $1 + shift[$0 % 4] }, shape: features.shape)
    let ((first, a), (second, b)) = (try outcome(features, name), try outcome(moved, name))
    #expect(relativeDifference(second.cut.eigenvectors.doubles, first.cut.eigenvectors.doubles) < 1e-9)
    #expect(relativeDifference(b.doubles, a.doubles) < 1e-8)
    // So all gradients of a loss together are zero.
    let input = Tensor(features).recorded()
    let scores = try kWayScores(of: recordedCut(input, first.cut)).scores
    let gradient = try (scores * randomTensor([150, 3], seed: 205)).sum().gradient(for: input).doubles
    for c in 0..<4 {
      let sum = stride(from: c, to: 600, by: 4).reduce(0) { $0 + gradient[$1] }
      #expect(abs(sum) < 1e-11 * (gradient.map(abs).max() ?? 0) * 100)
    }
  }

  @Test(.serialized, arguments: [DType.float32, .float64], kernels)
  func bitsDoNotDependOnThreads(_ precision: DType, _ name: String) throws {
    let features = clustered(nodes: name == "custom" ? 700 : 1500, channels: 5, clusters: 4, noise: 0.5, seed: 206)
    func run(threads: Int) throws -> [NDArray] {
      let before = Parallel.threadCount
      Parallel.threadCount = threads
      defer { Parallel.threadCount = before }
      let cut = try KWayCut(
        NormalizedCut(
          features, 4, Self.kernel(name), rule: name == "custom" ? .frozen : .moving, regime: .nystrom, precision: precision,
          sample: 300))
      let gradients = try cut.segmentGradients()
      let error = cut.cut.sample?.error
      let numbers = [cut.cut.sigma, error?.angle ?? 0, error?.standardError ?? 0] + (gradients.widthGradients ?? [])
      return [cut.cut.eigenvectors, gradients.values, NDArray(numbers, shape: [numbers.count])]
    }
    let base = try run(threads: 1)
    for threads in [2, 3] { #expect(try run(threads: threads) == base, "\(threads) threads") }
  }

  /// A sample whose own affinity is made in tiles gives the numbers of one that is stored.
  @Test func theSampleMayItselfBeInTiles() throws {
    let features = clustered(nodes: 900, channels: 4, clusters: 3, noise: 0.5, seed: 207)
    func run(_ memory: Double) throws -> (NormalizedCut, NDArray) {
      let cut = try NormalizedCut(
        features, segments: 3, widthRule: .moving, memory: MemoryBudget(bytes: memory), sample: NodeSample(count: 600))
      return (cut, try KWayCut(cut).segmentGradients().values)
    }
    let ((stored, a), (tiles, b)) = (try run(1e9), try run(0))
    #expect(stored.regime == .nystrom && tiles.regime == .nystrom && stored.sigma == tiles.sigma)
    #expect(relativeDifference(tiles.eigenvectors.doubles, stored.eigenvectors.doubles) < 1e-9)
    #expect(relativeDifference(b.doubles, a.doubles) < 1e-8)
  }

  @Test(arguments: kernels, RotationRule.allCases)
  func singlePrecisionAgreesWithDouble(_ name: String, _ rotation: RotationRule) throws {
    let features = clustered(nodes: 1200, channels: 6, clusters: 4, noise: 0.5, seed: 208)
    func run(_ precision: DType) throws -> (KWayCut, NDArray) {
      let cut = try KWayCut(
        NormalizedCut(features, 4, Self.kernel(name), regime: .nystrom, precision: precision, sample: 300), rule: rotation)
      return (cut, try cut.segmentGradients().values)
    }
    let ((single, a), (double, b)) = (try run(.float32), try run(.float64))
    #expect(single.assignment == double.assignment)
    #expect(relativeDifference(single.scoreValues.doubles, double.scoreValues.doubles) < 1e-4)
    #expect(relativeDifference(a.doubles, b.doubles) < 1e-3)
  }

  @Test(arguments: kernels) func nodesOfTheCutArePlacedWithTheirScores(_ name: String) throws {
    let features = clustered(nodes: 300, channels: 5, clusters: 4, noise: 0.5, seed: 209)
    let cut = try KWayCut(NormalizedCut(features, 4, Self.kernel(name), regime: .nystrom, sample: 120))
    let placed = try cut.placing(features)
    #expect(relativeDifference(placed.scores.doubles, cut.scoreValues.doubles) < 1e-11)
    #expect(placed.assignment == cut.assignment && placed.degrees == cut.cut.affinity.degrees)
  }

  @Test func thereIsNoCertificate() throws {
    let features = clustered(nodes: 200, channels: 4, clusters: 3, noise: 0.4, seed: 210)
    let cut = try KWayCut(NormalizedCut(features, 3, regime: .nystrom, sample: 50))
    let gradients = try cut.segmentGradients()
    for certificate in [cut.cut.certificate, gradients.certificate] {
      #expect(certificate.gap == nil && certificate.subspaceAngle == nil)
      #expect(certificate.reason?.contains("extended from a sample of 50 nodes") == true)
    }
    #expect(gradients.errors.allSatisfy { $0 == nil } && gradients.boundReason == cut.cut.certificate.reason)
  }

  @Test func samplesThatCannotBeUsedAreRefused() throws {
    let features = clustered(nodes: 20, channels: 3, clusters: 2)
    func refusal(_ count: Int, _ segments: SegmentCount) -> String {
      do throws(SpectralError) {
        _ = try NormalizedCut(features, segments: segments, sample: NodeSample(count: count))
        return ""
      } catch { return "\(error)" }
    }
    for (count, segments, text) in [
      (3, SegmentCount.fixed(3), "found a sample of 3 nodes, expected from 4"), (21, .fixed(3), "to 20, the number of nodes"),
      (-1, .fixed(2), "expected from 3"), (2, .automatic(upTo: 5), "expected from 3"), (20, .fixed(20), "expected at least 21"),
    ] {
      #expect(refusal(count, segments).contains(text), "\(refusal(count, segments))")
    }
    #expect(refusal(4, .fixed(3)) == "" && refusal(20, .fixed(3)) == "" && refusal(3, .automatic(upTo: 5)) == "")
    // Two places, and so two eigenvalues that are not zero.
    let twice = NDArray((0..<20).map { $0 < 10 ? 0.0 : 3 }, shape: [20, 1])
    let error = #expect(throws: SpectralError.self) {
      try NormalizedCut(twice, segments: 3, width: .value(1), sample: NodeSample(count: 12))
    }
    guard case .degenerate(let message) = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
    #expect(message.contains("eigenvalue 3 of the sample"), "\(message)")
  }

  @Test func theNumberOfSegmentsIsThatOfTheSample() throws {
    let features = clustered(nodes: 400, channels: 6, clusters: 5, noise: 0.15, seed: 211)
    let cut = try NormalizedCut(
      features, segments: .automatic(upTo: 12), width: .value(0.7), sample: NodeSample(count: 100))
    #expect(cut.suggestion?.segments == 5 && cut.segmentCount == 5 && cut.eigenvectors.shape == [400, 5])
  }
}
