import SpectralClustering
import Testing

/// Features whose affinity has repeated eigenvalues: what does not depend on the choice of eigenvectors keeps an exact
/// derivative, what does is refused by name, and nothing is ever NaN.
@Suite struct DegenerateSpectrumTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let features: NDArray
    let segments: Int
  }

  /// Points in sixteenths, so that moving, turning and centring them rounds nothing.
  private static func points(_ count: Int, seed: UInt64) -> [[Double]] {
    var random = RandomSource(seed: seed)
    return (0..<count).map { _ in random.normals(2).map { ($0 * 16).rounded() / 16 } }
  }
  private static func array(_ points: [[Double]]) -> NDArray { NDArray(points.flatMap { $0 }, shape: [points.count, 2]) }
  private static func moved(_ points: [[Double]], _ x: Double, _ y: Double = 0) -> [[Double]] {
    points.map { [$0[0] + x, $0[1] + y] }
  }
  /// The same points four times, far apart.
  private static func copies(_ points: [[Double]]) -> [[Double]] { (0..<4).flatMap { moved(points, 1024 * Double($0)) } }

  /// A group and its three turns by a right angle about the origin, near enough to feel each other: λ₂ = λ₃.
  static let square: NDArray = {
    let group = moved(points(5, seed: 7).map { [$0[0] / 2, $0[1] / 2] }, 1.5, 0.25)
    let turns: [([Double]) -> [Double]] = [{ $0 }, { [-$0[1], $0[0]] }, { [-$0[0], -$0[1]] }, { [$0[1], -$0[0]] }]
    return array(turns.flatMap { group.map($0) })
  }()
  static let islands = array(
    points(5, seed: 1) + moved(points(7, seed: 2), 1000) + moved(points(6, seed: 3), 0, 1000))
  static let doubled = array(points(8, seed: 5).flatMap { [$0, $0] })

  /// Repeated eigenvalues inside the top K, a gap after it.
  static let cases: [Case] = [
    Case(testDescription: "groups without affinity", features: islands, segments: 3),
    Case(testDescription: "equal groups", features: array(copies(points(6, seed: 4))), segments: 4),
    Case(testDescription: "equal groups, two vectors each", features: array(copies(points(6, seed: 4))), segments: 8),
    Case(testDescription: "doubled rows", features: doubled, segments: 3),
    Case(
      testDescription: "doubled rows in equal groups", features: array(copies(points(3, seed: 6).flatMap { [$0, $0] })),
      segments: 4),
    Case(testDescription: "equal pairs", features: array(copies([[0, 0], [0.75, 0.5]])), segments: 4),
    Case(testDescription: "a square", features: square, segments: 4),
    Case(testDescription: "three of a square", features: square, segments: 3),
  ]

  /// Rounding that a projection leaves is not a share along the directions in which there is no derivative.
  @Test func aCotangentInsideTheSpanNeedsNoGap() throws {
    let input = Tensor(Self.square).recorded()
    let (vectors, _, cut) = try normalizedCutEigenvectors(of: input, count: 2, width: .value(1))
    #expect(abs(cut.gap.width ?? 1) < 1e-10)
    let slope = try (vectors * vectors).sum().gradient(for: input)
    #expect(slope.doubles.allSatisfy { abs($0) < 1e-12 })
  }

  @Test(arguments: cases)
  func functionsOfTheSpanHaveTheDerivativeOfTheirValue(_ edge: Case) throws {
    let (features, k, n) = (edge.features, edge.segments, edge.features.shape[0])
    let (c, weights) = (randomTensor([n, n], seed: 51), randomTensor([n, k], seed: 52))
    let input = Tensor(features).recorded()
    let (vectors, _, _) = try normalizedCutEigenvectors(of: input, count: k, width: .value(1))
    let (scores, assignment) = try kWayScores(of: vectors)
    let partition = Partition(assignment, k)
    try #require(Set(assignment).count == k)
    let numeric = try finiteDifferences(features) { moved in
      let v = Tensor(try NormalizedCut(moved, segments: k, width: .value(1)).eigenvectors)
      let rotated = matmul(v, partition.rotation(of: v))
      return [(matmul(c, v) * v).sum().scalar, (weights * rotated).sum().scalar] + partition.objectives(rotated).doubles
    }
    let objectives = partition.objectives(scores)
    var losses = [(matmul(c, vectors) * vectors).sum(), (weights * scores).sum()]
    for segment in 0..<k { losses.append(objectives.sliced(0, from: segment, to: segment + 1).sum()) }
    for (index, (loss, expected)) in zip(losses, numeric).enumerated() {
      let found = try loss.gradient(for: input).doubles
      // Some of these derivatives are zero.
      let scale = max(1e-2, expected.map(abs).max() ?? 0)
      for (a, b) in zip(found, expected) { #expect(abs(a - b) < 2e-6 * scale, "function \(index)") }
    }
  }

  @Test(arguments: cases, [DType.float32, .float64])
  func everyNumberIsFinite(_ edge: Case, _ precision: DType) throws {
    for k in 1...edge.features.shape[0] {
      let cut = try NormalizedCut(edge.features, segments: k, width: .value(1), precision: precision)
      #expect((cut.eigenvalues + cut.residuals + cut.eigenvectors.doubles).allSatisfy { $0.isFinite })
      for rule in RotationRule.allCases {
        let partition = try KWayCut(cut, rule: rule)
        #expect((partition.scoreValues.doubles + partition.objectives).allSatisfy { $0.isFinite })
        do throws(SpectralError) {
          let gradients = try partition.segmentGradients()
          #expect((gradients.values.doubles + gradients.residuals).allSatisfy { $0.isFinite })
        } catch {
          // Only a constant rotation depends on the choice of eigenvectors.
          guard rule == .frozen, case .degenerate = error else { throw error }
        }
      }
    }
  }

  @Test func whatDependsOnTheChoiceIsRefusedByName() throws {
    for (features, segments, pair) in [(Self.square, 4, "eigenvalues 2 and 3"), (Self.islands, 3, "eigenvalues 1 and 2")] {
      let input = Tensor(features).recorded()
      let (vectors, _, _) = try normalizedCutEigenvectors(of: input, count: segments, width: .value(1))
      // The second vector, which is tied in both.
      let loss = (vectors.sliced(1, from: 1, to: 2) * randomTensor([features.shape[0], 1], seed: 53)).sum()
      let error = #expect(throws: TensorError.self) { try loss.gradient(for: input) }
      guard case .notDifferentiable(_, let message) = error else {
        Issue.record("found \(String(describing: error))")
        continue
      }
      #expect(message.contains(pair), "found \(message)")
    }
  }

  @Test func theFrozenRotationIsRefusedAtTies() throws {
    let cut = try NormalizedCut(Self.square, segments: 4, width: .value(1))
    let error = #expect(throws: SpectralError.self) { try KWayCut(cut, rule: .frozen).segmentGradients() }
    guard case .degenerate(let message) = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
    #expect(message.contains("eigenvalues 2 and 3"), "found \(message)")
    _ = try KWayCut(cut, rule: .procrustes).segmentGradients()

    let input = Tensor(Self.square).recorded()
    let (vectors, _, _) = try normalizedCutEigenvectors(of: input, count: 4, width: .value(1))
    let scores = try kWayScores(of: vectors, rule: .frozen).scores
    let loss = (scores * randomTensor([20, 4], seed: 54)).sum()
    #expect(throws: TensorError.self) { try loss.gradient(for: input) }
  }

  /// Two of a square leave out one of a pair, and three of four equal groups one of four; in full and by iteration.
  static let closed: [Case] = [
    Case(testDescription: "two of a square", features: square, segments: 2),
    Case(testDescription: "three of four equal groups", features: array(copies(points(6, seed: 4))), segments: 3),
    Case(testDescription: "three of four large equal groups", features: array(copies(points(150, seed: 8))), segments: 3),
  ]

  @Test(arguments: closed)
  func aClosedGapIsSaidAndHasNoDerivative(_ edge: Case) throws {
    let input = Tensor(edge.features).recorded()
    let (vectors, _, cut) = try normalizedCutEigenvectors(of: input, count: edge.segments, width: .value(1))
    #expect(cut.warnings.contains { $0.contains("there is no gap after eigenvalue \(edge.segments)") })
    #expect(abs(try #require(cut.gap.width)) < 1e-10)
    let n = edge.features.shape[0]
    let loss = (matmul(randomTensor([n, n], seed: 55), vectors) * vectors).sum()
    let error = #expect(throws: TensorError.self) { try loss.gradient(for: input) }
    guard case .notDifferentiable(_, let message) = error else {
      Issue.record("found \(String(describing: error))")
      return
    }
    #expect(message.contains("eigenvalues \(edge.segments) and \(edge.segments + 1)"), "found \(message)")
    let gradients = try KWayCut(cut).segmentGradients()
    #expect(gradients.values.doubles.allSatisfy { $0.isFinite })
  }

  /// Four equal groups of 150 nodes, more than are decomposed in full: solves and deflation at repeated eigenvalues.
  @Test func manyNodesWithRepeatedEigenvalues() throws {
    let features = Self.array(Self.copies(Self.points(150, seed: 8)))
    let c = randomTensor([600, 600], seed: 56)
    let input = Tensor(features).recorded()
    let dense = try DenseReference(input, count: 4, sigma: 1)
    let (vectors, _, cut) = try normalizedCutEigenvectors(of: input, count: 4, width: .value(1))
    #expect(cut.eigenvalues.allSatisfy { abs($0 - 1) < 1e-12 })
    let expected = try (matmul(c, dense.vectors) * dense.vectors).sum().gradient(for: input).doubles
    let found = try (matmul(c, vectors) * vectors).sum().gradient(for: input).doubles
    #expect(relativeDifference(found, expected) < 1e-8)

    let partition = try KWayCut(cut)
    let fixed = Partition(partition.assignment, 4)
    let objectives = fixed.objectives(matmul(dense.vectors, fixed.rotation(of: dense.vectors)))
    let rows = try partition.segmentGradients().values.doubles
    for (segment, nodes) in partition.segments.enumerated() {
      let whole = try objectives.sliced(0, from: segment, to: segment + 1).sum().gradient(for: input).doubles
      let entries = nodes.flatMap { $0 * 2..<($0 + 1) * 2 }
      #expect(relativeDifference(entries.map { rows[$0] }, entries.map { whole[$0] }) < 1e-8)
    }
  }
}
