import Foundation
import SpectralClustering
import Testing

/// What can be derived by hand, so that no reference is needed.
@Suite struct IdentityTests {
  struct Pair: Sendable {
    /// Distance in units of σ: beyond 4 or so, λ₂ cannot be told from 1 in float32.
    let ratio: Double
    let sigma: Double
  }
  static let pairs = [0.1, 0.5, 1, 2, 4].flatMap { ratio in [0.3, 1, 50].map { Pair(ratio: ratio, sigma: $0) } }

  /// W = [1 w; w 1] gives λ₂ = (1 − w)/(1 + w), and eigenvectors (1, ±1)/√2 wherever the nodes are.
  @Test(arguments: pairs, [DType.float32, .float64])
  func twoNodesAreSolvedByHand(_ pair: Pair, _ precision: DType) throws {
    let distance = pair.ratio * pair.sigma
    let features = NDArray([0.25, -1, 0.25 + 0.6 * distance, -1 + 0.8 * distance], shape: [2, 2]).converted(to: precision)
    let input = Tensor(features).recorded()
    let (vectors, values, _) = try normalizedCutEigenvectors(of: input, count: 2, width: .value(pair.sigma))
    let tolerance = precision == .float32 ? 2e-5 : 1e-12
    let lambda = Foundation.tanh(pair.ratio * pair.ratio / 4)
    #expect(abs(values.doubles[0] - 1) < tolerance && abs(values.doubles[1] - lambda) < tolerance)

    let weights = Tensor([0.3, -1.1, 0.7, 2], shape: [2, 2], dtype: precision)
    let ofVectors = try (vectors * weights).sum().gradient(for: input)
    for entry in ofVectors.doubles { #expect(abs(entry) * pair.sigma < tolerance) }

    // dλ₂/dd = (1 − λ₂²)·d/2σ², along the line through both nodes.
    let slope = (1 - lambda * lambda) * pair.ratio / 2
    let ofValue = try values.sliced(0, from: 1).sum().gradient(for: input).doubles.map { $0 * pair.sigma }
    for (entry, direction) in zip(ofValue, [-0.6, -0.8, 0.6, 0.8]) {
      #expect(abs(entry - slope * direction) < 2 * tolerance)
    }
  }

  /// s depends on differences of features only, and on features and σ only by their ratio.
  @Test(arguments: RotationRule.allCases, [2, 3, 4])
  func translationAndScaleSumToWhatTheyMust(_ rule: RotationRule, _ segments: Int) throws {
    let (nodes, channels, sigma) = (48, 5, 1.3)
    var values = clustered(nodes: nodes, channels: channels, clusters: segments, noise: 0.5, seed: 11).doubles
    for node in 0..<nodes { values[node * channels + 3] = 0.1 }
    let features = NDArray(values, shape: [nodes, channels])
    let input = Tensor(features).recorded()
    let (vectors, _, _) = try normalizedCutEigenvectors(of: input, count: segments, width: .value(sigma))
    let (scores, assignment) = try kWayScores(of: vectors, rule: rule)
    let partition = Partition(assignment, segments)
    let rotation = matmul(vectors.detached, scores.detached, transposeA: true)

    let alongSigma = try derivative(1e-3) { t in
      let cut = try NormalizedCut(features, segments: segments, width: .value(sigma + t))
      let moved = aligned(Tensor(cut.eigenvectors), to: vectors.detached)
      let turned = rule == .frozen ? rotation : partition.rotation(of: moved)
      return partition.objectives(matmul(moved, turned)).doubles
    }
    let objectives = partition.objectives(scores)
    for segment in 0..<segments {
      let gradient = try objectives.sliced(0, from: segment, to: segment + 1).sum().gradient(for: input).doubles
      let size = gradient.map(abs).max() ?? 0
      #expect(size > 1e-6)
      for channel in 0..<channels {
        let column = (0..<nodes).map { gradient[$0 * channels + channel] }
        #expect(abs(column.reduce(0, +)) < 1e-11 * size * Double(nodes))
        if channel == 3 { #expect(column.allSatisfy { $0 == 0 }) }
      }
      let alongFeatures = zip(gradient, values).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(alongFeatures + sigma * alongSigma[segment]) < 1e-8 * max(size, abs(alongFeatures)))
    }
  }

  /// In float32 too a constant channel leaves exactly nothing, whatever its value.
  @Test(arguments: RotationRule.allCases, [0.1, -7e5, 3e-9])
  func aConstantChannelHasExactlyNoGradient(_ rule: RotationRule, _ constant: Double) throws {
    var values = clustered(nodes: 60, channels: 4, clusters: 3, seed: 5).doubles
    for node in 0..<60 { values[node * 4 + 1] = constant }
    for dtype in [DType.float32, .float64] {
      let cut = try NormalizedCut(NDArray(values, shape: [60, 4]).converted(to: dtype), segments: 3, width: .value(1))
      let gradients = try KWayCut(cut, rule: rule).segmentGradients().values.doubles
      for node in 0..<60 { #expect(gradients[node * 4 + 1] == 0) }
      #expect(gradients.contains { $0 != 0 })
    }
  }
}
