import SpectralClustering
import Testing

/// The default width against sorting all distances.
@Suite struct MedianDistanceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let features: NDArray
  }

  private static func random(_ nodes: Int, _ channels: Int, seed: UInt64) -> NDArray {
    var random = RandomSource(seed: seed)
    return NDArray(random.normals(nodes * channels), shape: [nodes, channels])
  }

  private static func rows(_ rows: [[Double]]) -> NDArray { NDArray(rows.flatMap { $0 }, shape: [rows.count, rows[0].count]) }

  static let cases: [Case] = [
    Case(testDescription: "one distance", features: rows([[0, 0], [3, 4]])),
    Case(testDescription: "three distances", features: rows([[0], [1], [10]])),
    Case(testDescription: "six distances", features: rows([[0], [1], [10], [100]])),
    Case(testDescription: "an odd number", features: random(30, 3, seed: 1)),
    Case(testDescription: "an even number", features: random(33, 3, seed: 2)),
    Case(testDescription: "several tiles", features: random(300, 4, seed: 3)),
    Case(testDescription: "duplicates leave two distances", features: rows([[1], [1], [1], [2]] + [[2], [5]])),
    Case(testDescription: "all but one equal", features: rows(Array(repeating: [0.1, 0.2], count: 9) + [[0.1, 0.7]])),
    Case(
      testDescription: "an even number after duplicates",
      features: rows([[0], [0], [1], [4], [4], [11]])),
    Case(
      testDescription: "magnitudes of every size",
      features: NDArray(random(25, 2, seed: 4).doubles.enumerated().map { $1 * [1e-6, 1, 1e4][$0 % 3] }, shape: [25, 2])),
  ]

  @Test(arguments: cases, [DType.float32, .float64])
  func isThatOfTheDistancesThatAreNotZero(_ example: Case, _ precision: DType) throws {
    let features = example.features.converted(to: precision)
    let cut = try NormalizedCut(features, segments: 1)
    let expected = bruteForceMedian(features)
    #expect(abs(cut.sigma - expected) < (precision == .float32 ? 2e-6 : 1e-13) * expected)
  }

  private func bruteForceMedian(_ features: NDArray) -> Double {
    let (values, n, d) = (features.doubles, features.shape[0], features.shape[1])
    var distances: [Double] = []
    for i in 0..<n {
      for j in 0..<i {
        let square = (0..<d).reduce(0.0) { sum, c in
          let difference = values[i * d + c] - values[j * d + c]
          return sum + difference * difference
        }
        if square > 0 { distances.append(square.squareRoot()) }
      }
    }
    distances.sort()
    return (distances[(distances.count - 1) / 2] + distances[distances.count / 2]) / 2
  }

  @Test func isOneWithAWarningWhereThereIsNoDistance() throws {
    let cut = try NormalizedCut(NDArray(repeating: 0.1, shape: [7, 2], dtype: .float64), segments: 2)
    #expect(cut.sigma == 1)
    #expect(cut.warnings.contains { $0.contains("sigma is set to 1") })
  }
}
