@testable import Attribution
import Foundation
import TensorCore
import Testing

/// Eigenvectors as colours: what is apart looks apart, signs and turns of eigenvectors do not show, nothing breaks.
@Suite struct EigenvectorColorsTests {
  /// `count` groups of nodes far from each other, of sizes 12, 13, …, in `channels` dimensions.
  private func groups(_ count: Int, noise: Double = 0.2, seed: UInt64 = 1) -> (features: NDArray, group: [Int]) {
    var random = RandomSource(seed: seed)
    var (values, group): ([Double], [Int]) = ([], [])
    for index in 0..<count {
      for _ in 0..<12 + index {
        values += (0..<6).map { (($0 == index % 6) ? 4.0 : 0) + noise * random.normal() }
        group.append(index)
      }
    }
    return (NDArray(values, shape: [group.count, 6]), group)
  }

  private func partition(_ features: NDArray, _ count: Int, precision: DType = .float64) throws -> KWayCut {
    try KWayCut(NormalizedCut(features, segments: count, width: .value(1.2), precision: precision))
  }

  private func distance(_ colors: [Double], _ a: Int, _ b: Int) -> Double {
    (0..<3).reduce(0) { $0 + (colors[3 * a + $1] - colors[3 * b + $1]) * (colors[3 * a + $1] - colors[3 * b + $1]) }.squareRoot()
  }

  @Test(arguments: ColoringRule.allCases, [2, 3, 4])
  func groupsHaveColoursOfTheirOwn(_ rule: ColoringRule, _ count: Int) throws {
    let (features, group) = groups(count)
    let colors = try EigenvectorColors(try partition(features, count), rule: rule)
    let values = colors.values.doubles
    #expect(colors.values.shape == [group.count, 3] && values.allSatisfy { (0...1).contains($0) })
    var (inside, between) = (0.0, Double.infinity)
    for a in group.indices {
      for b in group.indices where b > a {
        if group[a] == group[b] { inside = max(inside, distance(values, a, b)) }
        if group[a] != group[b] { between = min(between, distance(values, a, b)) }
      }
    }
    if colors.rule == .spectral { #expect(inside < 0.1 && between > 0.4, "\(inside) and \(between)") }
    if colors.rule == .tsne { #expect(between > 0.25 && between > 0.5 * inside, "\(inside) and \(between)") }
  }

  /// Of eight groups three axes leave some on top of each other; t-SNE does not.
  @Test func neighboursUnderTSNEAreOfTheSameGroup() throws {
    let (features, group) = groups(6, noise: 0.3, seed: 4)
    let values = try EigenvectorColors(try partition(features, 6), rule: .tsne).values.doubles
    let agreeing = group.indices.count { node in
      let nearest = group.indices.filter { $0 != node }.min { distance(values, node, $0) < distance(values, node, $1) }
      return nearest.map { group[$0] } == group[node]
    }
    #expect(Double(agreeing) > 0.95 * Double(group.count))
  }

  @Test func signsAndTurnsOfEigenvectorsDoNotShow() throws {
    // Four groups of equal size without affinity to each other: every eigenvalue is 1, and every basis as good as another.
    var random = RandomSource(seed: 3)
    var islands: [Double] = []
    for node in 0..<40 { islands += [100.0 * Double(node / 10) + 0.3 * random.normal(), 0.3 * random.normal()] }
    let features = NDArray(islands, shape: [40, 2])
    let cut = try NormalizedCut(features, segments: 4, width: .value(1), precision: .float64)
    #expect(cut.eigenvalues.allSatisfy { abs($0 - 1) < 1e-9 })
    let mixed = try NormalizedCut(groups(4, noise: 0.9).features, segments: 4, width: .value(1.2), precision: .float64)
    for (vectors, isDegenerate) in [(cut.eigenvectors, true), (mixed.eigenvectors, false)] {
      let n = vectors.shape[0]
      let plain = try EigenvectorColors(eigenvectors: vectors).values.doubles
      for seed in UInt64(0)..<4 {
        var random = RandomSource(seed: seed)
        let signs = (0..<4).map { _ in random.normal() < 0 ? -1.0 : 1 }
        var turned = vectors.doubles
        for place in turned.indices { turned[place] *= signs[place % 4] }
        if isDegenerate { turn(&turned, &random) }
        let other = try EigenvectorColors(eigenvectors: NDArray(turned, shape: [n, 4])).values.doubles
        let worst = zip(plain, other).map { abs($0 - $1) }.max() ?? 1
        #expect(worst < (isDegenerate ? 1e-5 : 1e-9), "\(worst)")
      }
    }
  }

  /// Turns rows of four in the planes of all pairs of axes.
  private func turn(_ values: inout [Double], _ random: inout RandomSource) {
    for a in 0..<4 {
      for b in 0..<a {
        let angle = random.normal()
        let (cosine, sine) = (Foundation.cos(angle), Foundation.sin(angle))
        for row in stride(from: 0, to: values.count, by: 4) {
          let (x, y) = (values[row + a], values[row + b])
          values[row + a] = cosine * x - sine * y
          values[row + b] = sine * x + cosine * y
        }
      }
    }
  }

  @Test(arguments: ColoringRule.allCases)
  func theSameBytesAtAnyNumberOfThreads(_ rule: ColoringRule) throws {
    let partition = try partition(groups(4, noise: 0.6).features, 4)
    let colors = try EigenvectorColors(partition, rule: rule).values
    let before = Parallel.threadCount
    defer { Parallel.threadCount = before }
    for threads in [1, 3] {
      Parallel.threadCount = threads
      #expect(try EigenvectorColors(partition, rule: rule).values == colors)
    }
  }

  /// Every node of a large array, of which t-SNE sees a sample.
  @Test func nodesBeyondTheSampleFollowTheirNeighbours() throws {
    var random = RandomSource(seed: 8)
    var values: [Double] = []
    for node in 0..<1500 {
      for axis in 0..<3 { values.append((node / 500 == axis ? 3.0 : 0.0) + 0.4 * random.normal()) }
    }
    let partition = try partition(NDArray(values, shape: [1500, 3]), 3, precision: .float32)
    let colors = try EigenvectorColors(partition, rule: .tsne)
    let found = colors.values.doubles
    #expect(colors.rule == .tsne && colors.warnings.isEmpty && found.allSatisfy { (0...1).contains($0) })
    var means = [[Double]](repeating: [0, 0, 0], count: 3)
    for node in 0..<1500 { for axis in 0..<3 { means[node * 3 / 1500][axis] += found[3 * node + axis] / 500 } }
    let flat = means.flatMap { $0 }
    for (a, b) in [(0, 1), (0, 2), (1, 2)] { #expect(distance(flat, a, b) > 0.3) }
  }

  @Test(arguments: ColoringRule.allCases)
  func degenerateCutsHaveColours(_ rule: ColoringRule) throws {
    // All nodes alike: one colour. Two nodes: two. As many eigenvectors as nodes.
    let cases: [(NDArray, Int, Int)] = [
      (NDArray([Double](repeating: 3, count: 24), shape: [12, 2]), 3, 1), (NDArray([0.0, 1], shape: [2, 1]), 2, 2),
      (NDArray([0.0, 1, 5], shape: [3, 1]), 3, 3),
    ]
    for (features, count, different) in cases {
      let cut = try KWayCut(NormalizedCut(features, segments: count))
      let colors = try EigenvectorColors(cut, rule: rule)
      let values = colors.values.doubles
      #expect(values.allSatisfy { (0...1).contains($0) } && colors.rule == .spectral)
      #expect(colors.warnings.isEmpty == (rule == .spectral))
      #expect(Set((0..<values.count / 3).map { Array(values[3 * $0..<3 * $0 + 3]) }).count == different)
    }
    #expect(throws: SpectralError.self) { try EigenvectorColors(eigenvectors: NDArray([1.0, 2], shape: [2]), rule: rule) }
  }

  @Test func aPictureHoldsTheColoursOfItsNodes() throws {
    let colors = try EigenvectorColors(try partition(groups(3).features, 3))
    let picture = colors.picture(height: 2, width: 5, first: 7)
    #expect(picture.shape == [2, 5, 3] && picture.dtype == .uint8)
    let expected = colors.values.doubles[21..<51].map { UInt8(($0 * 255).rounded()) }
    #expect(picture.scalars(as: UInt8.self) == expected)
  }
}
