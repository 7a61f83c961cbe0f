import Testing

@testable import SpectralClustering

/// Eigenpairs of more nodes than are decomposed in full: none missed, and as accurate as they say.
@Suite struct KrylovTests {
  /// Twenty equal groups of 40 nodes, so far apart that there is no affinity between them: every eigenvalue occurs 20 times.
  private static let islands: NDArray = {
    var random = RandomSource(seed: 31)
    // Sixteenths, so that moving a group rounds nothing and the groups stay equal.
    let shape = (0..<80).map { _ in (random.normal() * 16).rounded() / 16 }
    var values: [Double] = []
    for group in 0..<20 {
      for point in 0..<40 { values += [shape[2 * point] + Double(group) * 1024, shape[2 * point + 1]] }
    }
    return NDArray(values, shape: [800, 2])
  }()

  @Test func everyCopyOfARepeatedEigenvalueIsFound() throws {
    let cut = try NormalizedCut(Self.islands, segments: 20, width: .value(1))
    #expect(cut.eigenvalues.allSatisfy { abs($0 - 1) < 1e-12 })
    #expect(cut.warnings.contains { $0.contains("eigenvalue 1 occurs 20 times") })
    let dense = try DenseReference(Tensor(Self.islands), count: 21, sigma: 1)
    #expect(relativeDifference(cut.eigenvalues, Array(dense.values.doubles.prefix(20))) < 1e-12)
    let next = try #require(cut.gap.next)
    #expect(abs(next - dense.values.doubles[20]) < 1e-6)
    #expect(cut.gap.last == cut.eigenvalues[19] && cut.gap.width == cut.gap.last - next)
    #expect(cut.gap.suggestedSegments == 20)
    let partition = try KWayCut(cut)
    #expect(abs(partition.rotationObjective - 800) < 1e-8)
    #expect(partition.assignment == (0..<800).map { $0 / 40 })
  }

  @Test func moreAreAskedForThanThereAreOfTheFirst() throws {
    let cut = try NormalizedCut(Self.islands, segments: 25, width: .value(1))
    let dense = try DenseReference(Tensor(Self.islands), count: 25, sigma: 1)
    #expect(relativeDifference(cut.eigenvalues, dense.values.doubles) < 1e-11)
    #expect(orthonormalityError(cut.eigenvectors) < 1e-12)
  }

  @Test(arguments: [(700, DType.float32), (700, .float64), (4200, .float32)])
  func residualsAreWhatTheySay(_ nodes: Int, _ precision: DType) throws {
    let features = clustered(nodes: nodes, channels: 4, clusters: 5, noise: 0.5, seed: 33, dtype: .float32)
    let cut = try NormalizedCut(features, segments: 5, width: .value(1), precision: precision)
    let images = affinityTimes(cut)
    let vectors = cut.eigenvectors.doubles
    for column in 0..<5 {
      var square = 0.0
      for node in 0..<nodes {
        let rest = images[node * 5 + column] - cut.eigenvalues[column] * vectors[node * 5 + column]
        square += rest * rest
      }
      let residual = square.squareRoot()
      // Relative where it is more than rounding.
      #expect(abs(cut.residuals[column] - residual) < 1e-3 * residual + 1e-14)
      #expect(residual <= (precision == .float32 ? 1e-9 : 1e-12))
    }
    #expect(orthonormalityError(cut.eigenvectors) < 1e-12)
  }

  /// A·V by loops, for the affinity as it is stored: its rounding is not what a residual measures.
  private func affinityTimes(_ cut: NormalizedCut) -> [Double] {
    let (n, k, v) = (cut.nodeCount, cut.segmentCount, cut.eigenvectors.doubles)
    let weights = cut.weights
    let scales = (0..<n).map { i in 1 / weights[i * n..<(i + 1) * n].reduce(0, +).squareRoot() }
    var result = [Double](repeating: 0, count: n * k)
    for i in 0..<n {
      for j in 0..<n {
        let entry = scales[i] * weights[i * n + j] * scales[j]
        for column in 0..<k { result[i * k + column] += entry * v[j * k + column] }
      }
    }
    return result
  }

  @Test func eigenvaluesAndGapAgreeWithTheDenseComputation() throws {
    let features = clustered(nodes: 700, channels: 4, clusters: 5, noise: 0.5, seed: 34)
    let cut = try NormalizedCut(features, segments: 5, width: .value(0.8))
    let dense = try DenseReference(Tensor(features), count: 16, sigma: 0.8).values.doubles
    #expect(relativeDifference(cut.eigenvalues, Array(dense.prefix(5))) < 1e-12)
    #expect(cut.gap.last == cut.eigenvalues[4])
    // The next one is as accurate as the square of its residual.
    #expect(abs(try #require(cut.gap.next) - dense[5]) < 1e-6)
    let widest = (2..<16).max { dense[$0 - 1] - dense[$0] < dense[$1 - 1] - dense[$1] }
    #expect(cut.gap.suggestedSegments == widest)
  }

  @Test func gapsOfAKnownSpectrum() {
    let gap = EigenGap(eigenvalues: [1, 0.95, 0.9, 0.4, 0.3], count: 2)
    #expect(gap.last == 0.95 && gap.next == 0.9 && gap.suggestedSegments == 3)
    #expect(EigenGap(eigenvalues: [1, 0.5], count: 2).width == nil)
    #expect(EigenGap(eigenvalues: [1, 0.5], count: 2).suggestedSegments == nil)
    // The gap after the first eigenvalue suggests nothing: one segment is no cut.
    #expect(EigenGap(eigenvalues: [1, 0.1, 0.05], count: 1).suggestedSegments == 2)
  }

  // One precision after the other: both set the number of threads of the process.
  @Test(.serialized, arguments: [DType.float32, .float64])
  func theNumberOfThreadsChangesNoBit(_ precision: DType) throws {
    let features = clustered(nodes: 900, channels: 5, clusters: 4, noise: 0.5, seed: 35, dtype: precision)
    func run(_ threads: Int) throws -> (KWayCut, NDArray) {
      let before = Parallel.threadCount
      Parallel.threadCount = threads
      defer { Parallel.threadCount = before }
      let cut = try KWayCut(NormalizedCut(features, segments: 4))
      return (cut, try cut.segmentGradients().values)
    }
    let (one, two) = (try run(1), try run(2))
    #expect(one.0.cut.sigma == two.0.cut.sigma && one.0.cut.eigenvalues == two.0.cut.eigenvalues)
    #expect(one.0.cut.eigenvectors == two.0.cut.eigenvectors && one.0.cut.residuals == two.0.cut.residuals)
    #expect(one.0.assignment == two.0.assignment && one.0.scoreValues == two.0.scoreValues)
    #expect(one.1 == two.1)
  }

  /// Largest entry of |VᵀV − I|.
  private func orthonormalityError(_ vectors: NDArray) -> Double {
    let (v, k) = (Tensor(vectors), vectors.shape[1])
    return matmul(v, v, transposeA: true).doubles.enumerated().map { abs($1 - ($0 / k == $0 % k ? 1 : 0)) }.max() ?? 0
  }
}
