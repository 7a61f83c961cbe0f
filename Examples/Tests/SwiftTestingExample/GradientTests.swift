// Holding derivatives of your own against finite differences, with Swift Testing.
import Clew
import GradientTesting
import Testing

/// x where |x| is above the threshold, moved towards 0 by it; 0 elsewhere.
private func softThreshold(_ x: Tensor, at threshold: Double = 0.5) -> Tensor { relu(x - threshold) - relu(-x - threshold) }

@Suite struct GradientTests {
  /// A failure is an error whose message names the worst entry, both numbers, the step and the tolerance.
  @Test func softThresholdIsRight() throws {
    try checkGradients(of: { softThreshold($0) }, at: Tensor([-2, 0.1, 0.7]), order: 2)
  }

  /// At a kink there is no derivative to compare with: a finding of its own.
  @Test func kinksAreFound() throws {
    let point = try #require(throws: NonSmoothPoint.self) {
      try checkGradients(of: { softThreshold($0) }, at: Tensor([-2, 0.5]))
    }
    #expect(point.entry == [1])
    let report = try checkGradients(of: { softThreshold($0) }, at: Tensor([-2, 0.5]), allowsNonSmoothPoints: true)
    #expect(!report.nonSmoothPoints.isEmpty)
  }

  /// Several inputs, loops and branches on values, and a whole matrix decomposition.
  @Test(arguments: [1, 3]) func spectralPenaltyIsRight(_ iterations: Int) throws {
    var random = RandomSource(seed: 2)
    let a = Tensor(random.normals(12), shape: [4, 3])
    let weights = Tensor([1, 0.5, 2])
    try checkGradients(
      of: { inputs in
        var gram = matmul(inputs[0] * inputs[1], inputs[0], transposeA: true)
        for _ in 0..<iterations { gram = gram / gram.norm() }
        return [try eigh(gram).values]
      }, at: [a, weights])
  }
}
