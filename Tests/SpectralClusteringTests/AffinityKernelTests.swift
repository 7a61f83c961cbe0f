import Foundation
import Testing

@testable import SpectralClustering

/// Affinities other than the Gaussian: their values, their derivatives, and what is asked of one of your own.
@Suite struct AffinityKernelTests {
  private let features = clustered(nodes: 40, channels: 4, clusters: 3, noise: 0.4, seed: 61)

  /// What `ncut_pytorch.utils.math.cosine_affinity(x, sigma=0.5)` of ncut_pytorch 3.2.0 gives in float64, but for the last
  /// number: a vector of zeros has cos = 0 with itself there.
  @Test(arguments: [DType.float32, .float64], AffinityRegime.allCases)
  func cosineIsThatOfThePeer(_ precision: DType, _ regime: AffinityRegime) throws {
    let x = NDArray([1, 2, -1, 2, 0.5, 0, -1, -2, 1, 0.25, 0.5, -0.25, 0, 0, 0], shape: [5, 3])
    let cut = try NormalizedCut(x, 1, .cosine, width: .value(0.5), regime: regime, precision: precision)
    let dot = 3 / (6.0 * 4.25).squareRoot()
    func w(_ cosine: Double) -> Double { Foundation.exp(-2 * (1 - cosine) * (1 - cosine)) + 1e-3 }
    let (a, b, c, z) = (w(dot), w(-dot), w(-1), w(0))
    let one = w(1)
    let rows = [[one, a, c, one, z], [a, one, b, a, z], [c, b, one, c, z], [one, a, c, one, z], [z, z, z, z, one]]
    for (found, wanted) in zip(cut.weights, rows.flatMap { $0 }) {
      #expect(abs(found - wanted) < (precision == .float32 ? 1e-6 : 1e-14))
    }
    // The numbers of the peer themselves.
    let peer = [0: 1.001, 1: 0.7202629658591926, 2: 0.0013354626279025118, 4: 0.1363352832366127, 7: 0.007206014006155699]
    for (index, value) in peer {
      #expect(abs(cut.weights[index] - value) < (precision == .float32 ? 1e-6 : 1e-14))
    }
    #expect(cut.warnings.contains { $0.contains("1 of 5 feature vectors are zero") })
  }

  /// Directions alone count: the length of a vector changes nothing, and a gradient is orthogonal to its vector.
  @Test func cosineIgnoresLengths() throws {
    let factors = (0..<40).map { Double($0 % 7 + 1) * 0.3 }
    let moved = NDArray(features.doubles.enumerated().map { $1 * factors[$0 / 4] }, shape: [40, 4])
    let (first, second) = (
      try KWayCut(NormalizedCut(features, 3, .cosine)), try KWayCut(NormalizedCut(moved, 3, .cosine))
    )
    #expect(abs(first.cut.sigma - second.cut.sigma) < 1e-13)
    #expect(relativeDifference(second.objectives, first.objectives) < 1e-11)
    let gradients = try first.segmentGradients().values.doubles
    for node in 0..<40 {
      let along = (0..<4).reduce(0) { $0 + gradients[node * 4 + $1] * features.doubles[node * 4 + $1] }
      #expect(abs(along) < 1e-12)
    }
  }

  @Test func vectorsOfZerosHaveNoGradient() throws {
    var values = features.doubles
    for entry in 0..<12 { values[entry] = 0 }
    let cut = try KWayCut(NormalizedCut(NDArray(values, shape: [40, 4]), 3, .cosine))
    let gradients = try cut.segmentGradients().values.doubles
    #expect(gradients[..<12].allSatisfy { $0 == 0 } && gradients.contains { $0 != 0 })
    #expect(gradients.allSatisfy { $0.isFinite })
    // They are equal to each other, and so fall into one segment.
    #expect(Set(cut.assignment[..<3]).count == 1)
    // Nothing but zeros.
    let none = try NormalizedCut(NDArray(repeating: 0, shape: [6, 2], dtype: .float64), 2, .cosine)
    #expect((none.eigenvalues + none.eigenvectors.doubles).allSatisfy { $0.isFinite })
  }

  /// Tensor operations give the derivative of the same affinities.
  private static let composed: [(AffinityKernel, AffinityKernel)] = [
    (
      .gaussian,
      .custom(
        ComposedAffinity { x, y in
          let (p, q) = ((x * x).sum(along: [1], keepingAxes: true), (y * y).sum(along: [1], keepingAxes: true))
          return exp(-0.5 * (p + q.transposed - 2 * matmul(x, y, transposeB: true)))
        })
    ),
    (
      .cosine,
      .custom(
        ComposedAffinity { x, y in
          let p = x / sqrt((x * x).sum(along: [1], keepingAxes: true))
          let q = y / sqrt((y * y).sum(along: [1], keepingAxes: true))
          let rest = 1 - matmul(p, q, transposeB: true)
          return exp(-0.5 * rest * rest) + 1e-3
        })
    ),
  ]

  @Test(arguments: [0, 1], AffinityRegime.allCases)
  func oneOfYourOwnIsTheSameAsTheOneItImitates(_ index: Int, _ regime: AffinityRegime) throws {
    let (own, imitation) = Self.composed[index]
    let expected = try KWayCut(NormalizedCut(features, 3, own, width: .value(1)))
    let found = try KWayCut(NormalizedCut(features, 3, imitation, regime: regime))
    #expect(relativeDifference(found.cut.eigenvalues, expected.cut.eigenvalues) < 1e-12)
    #expect(found.assignment == expected.assignment)
    let (a, b) = (try found.segmentGradients(), try expected.segmentGradients())
    #expect(relativeDifference(a.values.doubles, b.values.doubles) < 1e-10)
    #expect(a.widthGradients == nil && b.widthGradients != nil)
  }

  @Test(arguments: [0, 1, 2], RotationRule.allCases)
  func derivativesAreThoseOfFiniteDifferences(_ index: Int, _ rotation: RotationRule) throws {
    // The last is no function of a distance or an angle: w = (1 + x·y)²/(1 + ‖x‖²)(1 + ‖y‖²), of which also w(x, x) moves.
    let polynomial = ComposedAffinity { x, y in
      let (p, q) = (1 + (x * x).sum(along: [1], keepingAxes: true), 1 + (y * y).sum(along: [1], keepingAxes: true))
      let inner = 1 + matmul(x, y, transposeB: true)
      return inner * inner / (p * p * q.transposed)  // Not symmetric: repaired below.
    }
    let symmetric = ComposedAffinity { x, y in
      let (p, q) = (1 + (x * x).sum(along: [1], keepingAxes: true), 1 + (y * y).sum(along: [1], keepingAxes: true))
      let inner = 1 + matmul(x, y, transposeB: true)
      return inner * inner / sqrt(p) / sqrt(q).transposed
    }
    let error = #expect(throws: SpectralError.self) { try NormalizedCut(features, 3, .custom(polynomial)) }
    #expect(error?.description.contains("the same both ways") == true)
    let kernel = [AffinityKernel.cosine, Self.composed[0].1, .custom(symmetric)][index]
    let small = clustered(nodes: 14, channels: 3, clusters: 3, noise: 0.4, seed: 62)
    try expectDerivatives(small, kernel, width: .value(0.7), rotation: rotation)
  }

  /// Of an iteration, not of a full decomposition.
  @Test(arguments: AffinityRegime.allCases)
  func cosineOfManyNodesAgreesWithDenseAutograd(_ regime: AffinityRegime) throws {
    let many = clustered(nodes: 600, channels: 5, clusters: 4, noise: 0.5, seed: 63)
    let input = Tensor(many).recorded()
    let cut = try NormalizedCut(many, 4, .cosine, width: .value(0.3), regime: regime)
    let vectors = try recordedCut(input, cut)
    let dense = try DenseReference(input, count: 4, kernel: .cosine, sigma: Tensor(repeating: 0.3, shape: [], dtype: .float64))
    let c = randomTensor([600, 600], seed: 64)
    let (found, expected) = ((matmul(c, vectors) * vectors).sum(), (matmul(c, dense.vectors) * dense.vectors).sum())
    #expect(relativeDifference(try found.gradient(for: input).doubles, try expected.gradient(for: input).doubles) < 1e-7)
  }

  @Test func whatBreaksTheContractIsNamed() throws {
    func refusal(_ function: @escaping @Sendable (Tensor, Tensor) -> Tensor) -> String {
      do {
        _ = try NormalizedCut(features, 2, .custom(ComposedAffinity(function)))
        return ""
      } catch { return "\(error)" }
    }
    #expect(refusal { x, y in matmul(x, y, transposeB: true) }.contains("not negative"))
    #expect(refusal { x, y in log(matmul(x, y, transposeB: true)) }.contains("finite"))
    #expect(refusal { x, y in 0 * matmul(x, y, transposeB: true) }.contains("no affinity to any node"))
  }
}

/// Objectives of all segments, rotation and width as asked for, against central differences of the same function.
func expectDerivatives(
  _ features: NDArray, _ kernel: AffinityKernel, width: AffinityWidth = .medianDistance, rule: WidthRule = .frozen,
  rotation: RotationRule, regime: AffinityRegime = .stored, sample: Int? = nil, tolerance: Double = 1e-6
) throws {
  let (k, d) = (3, features.shape[1])
  let cut = try NormalizedCut(features, k, kernel, width: width, rule: rule, regime: regime, sample: sample)
  let partition = try KWayCut(cut, rule: rotation)
  let fixed = Partition(partition.assignment, k)
  let vectors = Tensor(cut.eigenvectors)
  let frozen = matmul(vectors, Tensor(partition.scoreValues), transposeA: true)
  let given = rule == .frozen ? AffinityWidth.value(cut.sigma) : width
  let expected = try finiteDifferences(features, step: 1e-3) { moved in
    let turned = aligned(
      Tensor(try NormalizedCut(moved, k, kernel, width: given, rule: rule, regime: regime, sample: sample).eigenvectors),
      to: vectors)
    return fixed.objectives(matmul(turned, rotation == .frozen ? frozen : fixed.rotation(of: turned))).doubles
  }
  let rows = try partition.segmentGradients().values.doubles
  for (segment, nodes) in partition.segments.enumerated() {
    let entries = nodes.flatMap { $0 * d..<($0 + 1) * d }
    let scale = expected[segment].map(abs).max() ?? 0
    #expect(scale > 1e-6)
    for entry in entries { #expect(abs(rows[entry] - expected[segment][entry]) < tolerance * scale) }
  }
}
