import Foundation
import Testing

@testable import SpectralClustering

/// The estimated error of extended eigenvectors beside the true one, which small cases have.
@Suite struct SubspaceErrorTests {
  /// Pictures of random waves: features that change smoothly, without clusters.
  private static func waves(side: Int, channels: Int, seed: UInt64) -> NDArray {
    var random = RandomSource(seed: seed)
    let terms = (0..<channels).map { _ in
      (0..<5).map { _ in (random.normal() * 0.15, random.normal() * 0.15, random.uniform() * 6, random.normal()) }
    }
    var values: [Double] = []
    for node in 0..<side * side {
      let (row, column) = (Double(node / side), Double(node % side))
      values += terms.map { $0.reduce(0) { $0 + $1.3 * sin($1.0 * row + $1.1 * column + $1.2) } }
    }
    return NDArray(values, shape: [side * side, channels])
  }

  /// ‖sin Θ‖_F of two orthonormal [N, K], as the length of what one has outside the other.
  private func angle(_ v: NDArray, _ u: NDArray) -> Double {
    let (v, u) = (Tensor(v), Tensor(u))
    let rest = v - matmul(u, matmul(u, v, transposeA: true))
    return (rest * rest).sum().scalar.squareRoot()
  }

  @Test func theEstimateIsCloseToTheTrueAngle() throws {
    let cases: [(NDArray, Int, [Int])] = [
      (clustered(nodes: 1200, channels: 16, clusters: 5, noise: 0.6, seed: 241), 5, [60, 120, 300, 600, 1000]),
      (clustered(nodes: 1200, channels: 4, clusters: 4, noise: 0.5, seed: 242), 4, [60, 120, 300, 600, 1000]),
      (Self.waves(side: 34, channels: 6, seed: 243), 3, [60, 120, 300, 600, 1000]),
    ]
    var ratios: [Double] = []
    for (features, segments, sizes) in cases {
      for size in sizes {
        for name in ["gaussian", "cosine"] {
          let kernel = NystromTests.kernel(name)
          let cut = try NormalizedCut(features, segments, kernel, regime: .nystrom, sample: size, seed: 1)
          let exact = try NormalizedCut(features, segments, kernel, width: .value(cut.sigma))
          let truth = angle(cut.eigenvectors, exact.eigenvectors)
          let error = try #require(cut.sample?.error)
          let found = try #require(error.angle)
          #expect(error.rows == max(512, size) && error.standardError ?? -1 > 0)
          #expect((found >= 0.1) == cut.warnings.contains { $0.contains("are rough") })
          // Of an angle that is not small nothing is said to first order.
          if truth < 0.3 { ratios.append(found / truth) }
        }
      }
    }
    ratios.sort()
    let middle = ratios[ratios.count / 2]
    #expect(ratios.count >= 20 && ratios[0] > 0.7 && ratios[ratios.count - 1] < 2.5, "\(ratios)")
    #expect(middle > 0.9 && middle < 1.5, "\(ratios)")
  }

  @Test func theStandardErrorIsTheSpreadOverDraws() throws {
    let features = clustered(nodes: 3000, channels: 8, clusters: 4, noise: 0.5, seed: 244)
    let cut = try NormalizedCut(features, 4, regime: .nystrom, sample: 150)
    let affinity = try #require(cut.affinity as? NystromExtension<Double>)
    let found = try (0..<40).map { try affinity.subspaceError(NodeSample(count: 150, seed: $0)) }
    let angles = found.compactMap(\.angle)
    let mean = angles.reduce(0, +) / 40
    let spread = (angles.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 39).squareRoot()
    let said = found.compactMap(\.standardError).reduce(0, +) / 40
    #expect(angles.count == 40 && spread / said > 0.6 && spread / said < 1.6, "\(spread) and \(said)")
  }

  @Test func withoutAGapThereIsNoEstimate() throws {
    let features = DegenerateSpectrumTests.square
    let cut = try NormalizedCut(features, 2, width: .value(1), regime: .nystrom)
    #expect(cut.sample?.error.angle == nil && cut.sample?.error.standardError == nil)
    #expect(cut.warnings.contains { $0.contains("cannot be estimated") })
  }
}
