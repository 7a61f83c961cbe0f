import Foundation
import Testing

@testable import SpectralClustering

/// Features that were no part of a cut, placed in its segments.
@Suite struct SegmentPlacementTests {
  /// w(x, y) = 1/(1 + ‖x − y‖²)
  private static let custom = AffinityKernel.custom(
    ComposedAffinity { x, y in
      let norms = (x * x).sum(along: [1], keepingAxes: true) + (y * y).sum(along: [1], keepingAxes: true).transposed
      return 1 / (1 + maximum(norms - 2 * matmul(x, y, transposeB: true), 0))
    })
  private static let kernels = ["gaussian", "cosine", "custom"]

  private func kernel(_ name: String) -> AffinityKernel {
    switch name {
    case "gaussian": .gaussian
    case "cosine": .cosine
    default: Self.custom
    }
  }

  @Test(
    arguments: kernels, [(DType.float32, AffinityRegime.stored), (.float32, .tiles), (.float64, .stored), (.float64, .tiles)])
  func nodesOfTheCutKeepTheirScores(_ name: String, _ held: (DType, AffinityRegime)) throws {
    let (precision, regime) = held
    let features = clustered(nodes: 600, channels: 5, clusters: 4, noise: 0.5, seed: 91)
    let cut = try KWayCut(NormalizedCut(features, 4, kernel(name), regime: regime, precision: precision))
    let placed = try cut.placing(features)
    #expect(relativeDifference(placed.scores.doubles, cut.scoreValues.doubles) < (precision == .float32 ? 2e-5 : 1e-9))
    #expect(placed.assignment == cut.assignment)
    #expect(relativeDifference(placed.degrees, cut.cut.affinity.degrees) < (precision == .float32 ? 1e-6 : 1e-12))
  }

  @Test(arguments: kernels) func scoresAreTheSumsOfTheFormula(_ name: String) throws {
    let all = clustered(nodes: 90, channels: 4, clusters: 3, noise: 0.6, seed: 92)
    let (nodes, others) = (all.rows(0, 70), all.rows(70, 90))
    let cut = try KWayCut(NormalizedCut(nodes, 3, kernel(name)))
    let placed = try cut.placing(others)
    // w of all pairs, from the features of both together, written out.
    let (x, sigma, d) = (all.doubles, cut.cut.sigma, 4)
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
    let vectors = cut.cut.eigenvectors.doubles
    let degrees = (0..<70).map { i in (0..<70).reduce(0) { $0 + weight(i, $1) } }
    var expected: [Double] = []
    for i in 70..<90 {
      let degree = (0..<70).reduce(0) { $0 + weight(i, $1) }
      #expect(abs(placed.degrees[i - 70] - degree) < 1e-12 * degree)
      let extended = (0..<3).map { k in
        (0..<70).reduce(0) { $0 + weight(i, $1) / (degree * degrees[$1]).squareRoot() * vectors[$1 * 3 + k] }
          / cut.cut.eigenvalues[k]
      }
      for column in 0..<3 {
        expected.append((0..<3).reduce(0) { $0 + extended[$1] * cut.scores.rotation[$1, column] })
      }
    }
    #expect(relativeDifference(placed.scores.doubles, expected) < 1e-11)
  }

  @Test func pointsOfAClusterFallIntoItsSegment() throws {
    // Every second point is left out of the cut.
    let all = clustered(nodes: 800, channels: 6, clusters: 5, noise: 0.25, seed: 93)
    let values = all.doubles
    func half(_ parity: Int) -> NDArray {
      NDArray(
        Swift.stride(from: parity, to: 800, by: 2).flatMap { values[$0 * 6..<($0 + 1) * 6] }, shape: [400, 6])
    }
    let cut = try KWayCut(NormalizedCut(half(0), 5))
    #expect(try cut.placing(half(1)).assignment == cut.assignment)
  }

  @Test(arguments: [DType.float32, .float64]) func whatHasNoAffinityHasNoSegment(_ precision: DType) throws {
    let features = clustered(nodes: 60, channels: 3, clusters: 3, seed: 94)
    let cut = try KWayCut(NormalizedCut(features, 3, precision: precision))
    let placed = try cut.placing(NDArray([1e6, 0, 0, 1e99, 0, -1e99] + features.doubles.prefix(3), shape: [3, 3]))
    #expect(placed.assignment == [nil, nil, cut.assignment[0]])
    #expect(placed.degrees[0] == 0 && placed.degrees[1] == 0 && placed.degrees[2] > 0)
    #expect(placed.scores.doubles.allSatisfy { $0.isFinite })
  }

  // With and without zero vectors among the nodes, of which those that come later are copies, or orthogonal to all.
  @Test(arguments: [false, true]) func zeroVectorsHaveNoDirection(_ amongNodes: Bool) throws {
    var values = clustered(nodes: 40, channels: 3, clusters: 2, seed: 95).doubles
    if amongNodes { for index in 0..<6 { values[index] = 0 } }
    let cut = try KWayCut(NormalizedCut(NDArray(values, shape: [40, 3]), 2, .cosine))
    let placed = try cut.placing(NDArray([0, 0, 0] + values[30..<33], shape: [2, 3]))
    let orthogonal = exp(-0.5 / cut.cut.sigma / cut.cut.sigma) + 1e-3
    let expected = amongNodes ? 2 * 1.001 + 38 * orthogonal : 40 * orthogonal
    #expect(abs(placed.degrees[0] - expected) < 1e-10)
    #expect(placed.assignment[1] == cut.assignment[10])
    if amongNodes { #expect(placed.assignment[0] == cut.assignment[0]) }
  }

  @Test func badInputIsNamed() throws {
    let cut = try KWayCut(NormalizedCut(clustered(nodes: 20, channels: 3, clusters: 2), 2))
    #expect(throws: SpectralError.self) { try cut.placing(NDArray([1.0, 2.0], shape: [1, 2])) }
    #expect(throws: SpectralError.notFinite(value: .infinity, node: 1, channel: 2)) {
      try cut.placing(NDArray([1.0, 2, 3, 4, 5, .infinity], shape: [2, 3]))
    }
    // Groups without affinity to each other, and more segments than groups: λ of the third is zero, or nearly.
    let apart = NDArray([0.0, 0, 1e9, 1e9], shape: [4, 1])
    let empty = try KWayCut(NormalizedCut(apart, 3, width: .value(1)))
    #expect(throws: SpectralError.self) { try empty.placing(apart) }
    let none = try cut.placing(NDArray([Double](), shape: [0, 3]))
    #expect(none.assignment.isEmpty && none.scores.shape == [0, 2])
  }
}

extension NDArray {
  fileprivate func rows(_ first: Int, _ last: Int) -> NDArray {
    NDArray(Array(doubles[first * shape[1]..<last * shape[1]]), shape: [last - first, shape[1]])
  }
}
