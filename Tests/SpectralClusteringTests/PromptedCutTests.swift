import Testing

@testable import SpectralClustering

/// A cut in two by prompts: closed forms, the formula on a dense matrix, the gradient against finite differences, symmetries.
@Suite struct PromptedCutTests {
  /// Two groups without affinity to each other, of 5 and 9 nodes: each is a part, whichever of its nodes is named. With v the sum
  /// of all degrees and v₁ that of the prompted group, scores are √(1 − v₁/v) in it and −√(v₁/v) outside.
  @Test(arguments: [[0], [4], [1, 3]], [[], [13], [6, 7]])
  func groupsThatDoNotTouchAreTheParts(_ foreground: [Int], _ background: [Int]) throws {
    let features = Self.islands([5, 9], seed: 3)
    let cut = try NormalizedCut(features, 2, width: .value(1))
    let weights = cut.weights
    let degrees = (0..<14).map { row in (0..<14).reduce(0) { $0 + weights[row * 14 + $1] } }
    let share = degrees.prefix(5).reduce(0, +) / degrees.reduce(0, +)
    for omega in [0.2, 0.5, 1] {
      let prompted = try PromptedCut(
        cut, prompts: CutPrompts(foreground: foreground, background: background, backgroundWeight: omega))
      #expect(prompted.foreground == Array(0..<5))
      for (node, score) in prompted.scores.enumerated() {
        #expect(abs(score - (node < 5 ? (1 - share).squareRoot() : -share.squareRoot())) < 1e-9)
      }
      #expect(abs(prompted.objective - (1 - share).squareRoot()) < 1e-9)
      // The parts do not depend on anything that moves a little but through the share of degrees.
      #expect(prompted.filter.allSatisfy { abs($0 - 1) < 1e-9 })
    }
    let other = try PromptedCut(cut, prompts: CutPrompts(foreground: [9]))
    #expect(other.foreground == Array(5..<14))
  }

  /// Σ_k g(λ_k)·v_k·(v_kᵀ·b) and its diagonal, from all eigenpairs of the dense matrix.
  @Test(arguments: [2, 3, 5])
  func scoresAreThoseOfTheFormula(_ count: Int) throws {
    let features = clustered(nodes: 40, channels: 3, clusters: 4, seed: 8)
    let (foreground, background, omega, tau) = ([3, 5], [22, 31, 39], 0.7, 1.6)
    let cut = try NormalizedCut(features, count, width: .value(1))
    let prompted = try PromptedCut(
      cut, prompts: CutPrompts(foreground: foreground, background: background, backgroundWeight: omega, filterScale: tau))
    let dense = try DenseReference(Tensor(features), count: count, sigma: 1)
    let (vectors, values, weights) = (dense.vectors.doubles, dense.values.doubles, cut.weights)
    let degrees = (0..<40).map { row in (0..<40).reduce(0) { $0 + weights[row * 40 + $1] } }
    func volume(_ nodes: some Sequence<Int>) -> Double { nodes.reduce(0) { $0 + degrees[$1] } }
    // In the generalised form: u = D^(−½)·v, λ' = 1 − λ, γ = −τ·mean λ'.
    let gamma = -tau * values.dropFirst().map { 1 - $0 }.reduce(0, +) / Double(count - 1)
    let seeds = (0..<40).map { node in
      (foreground.contains(node) ? 1 / volume(foreground) : 0)
        - omega * (background.contains(node) ? 1 / volume(background) : 0) - (1 - omega) / volume(0..<40)
    }
    func vector(_ k: Int, _ node: Int) -> Double { vectors[node * count + k] / degrees[node].squareRoot() }
    func form(_ a: (Int) -> Double, _ b: (Int) -> Double) -> Double {
      (0..<count).reduce(0) { sum, k in
        let (left, right) = (
          (0..<40).reduce(0) { $0 + vector(k, $1) * degrees[$1] * a($1) },
          (0..<40).reduce(0) { $0 + vector(k, $1) * degrees[$1] * b($1) }
        )
        return sum + left * right / (1 - values[k] - gamma)
      }
    }
    let strength = form({ seeds[$0] }, { seeds[$0] })
    for node in 0..<40 {
      let delta = { (other: Int) in other == node ? 1 / degrees[node] : 0 }
      let expected = form(delta, { seeds[$0] }) / (form(delta, delta) * strength).squareRoot()
      #expect(abs(prompted.scores[node] - expected) < 1e-10)
    }
    let threshold = prompted.threshold
    #expect(prompted.foreground == (0..<40).filter { prompted.scores[$0] > threshold } && abs(threshold) < 1)
    let given = try PromptedCut(cut, prompts: prompted.prompts, threshold: 0.1)
    #expect(given.foreground == (0..<40).filter { prompted.scores[$0] > 0.1 } && given.scores == prompted.scores)
    #expect(prompted.scores.allSatisfy { abs($0) <= 1 })
  }

  enum Kind: Int, CaseIterable { case generic, duplicates, copies, islands }

  /// Slopes along random directions, in float64: generic features, ones with repeated eigenvalues inside the first K (copies far
  /// from each other, groups without affinity), both affinities, both rules for σ, stored and in tiles.
  @Test(arguments: 0..<48)
  func gradientsAreThoseOfFiniteDifferences(_ seed: Int) throws {
    let example = Example(seed)
    let cut = try example.cut(example.features)
    let prompted = try PromptedCut(cut, prompts: example.prompts)
    try #require(!prompted.foreground.isEmpty)
    let all = Array(0..<cut.nodeCount)
    let gradient = try prompted.gradient(rows: all)
    let values = gradient.values.doubles
    #expect(values.allSatisfy(\.isFinite) && gradient.warnings.isEmpty && gradient.residual < 1e-10)
    let width = try #require(cut.gap.width)
    #expect(width > 5e-3, "a case without a gap says nothing")
    var random = RandomSource(seed: UInt64(7000 + seed))
    for _ in 0..<3 {
      let moves = (0..<cut.nodeCount).map { _ in random.normals(example.channels) }
      // Equal rows move together where a median would not know which of them it is of.
      let direction = example.orbits.flatMap { moves[$0] }
      let step = example.rule == .moving ? 1e-6 : 3e-4
      let expected = try derivative(step) { t in
        let moved = zip(example.features.doubles, direction).map { $0 + t * $1 }
        let other = try PromptedCut(
          try example.cut(NDArray(moved, shape: example.features.shape)), prompts: example.prompts)
        return [prompted.foreground.reduce(0) { $0 + other.scores[$1] } / Double(prompted.foreground.count)]
      }[0]
      let slope = zip(values, direction).reduce(0) { $0 + $1.0 * $1.1 }
      let size = zip(values, direction).reduce(1e-3) { $0 + abs($1.0 * $1.1) }
      #expect(abs(slope - expected) < 2e-6 * size, "seed \(seed), \(example.kind): \(slope) and \(expected)")
    }
    // What the region's own rows are does not depend on whether others are asked for.
    let own = try prompted.gradient().values.doubles
    for node in all {
      for place in node * example.channels..<(node + 1) * example.channels {
        #expect(abs(own[place] - (prompted.foreground.contains(node) ? values[place] : 0)) < 1e-14)
      }
    }
  }

  struct Example {
    let kind: Kind
    let rule: WidthRule
    let kernel: AffinityKernel
    let regime: AffinityRegime
    let count: Int
    let features: NDArray
    let orbits: [Int]
    let prompts: CutPrompts
    var channels: Int { features.shape[1] }

    init(_ seed: Int) {
      kind = Kind.allCases[seed % 4]
      let bits = seed / 4
      // Ties at the median have one-sided derivatives only.
      rule = bits % 3 == 2 && kind == .generic ? .moving : .frozen
      kernel = bits & 1 == 0 || kind == .islands || kind == .copies ? .gaussian : .cosine
      regime = bits & 2 == 0 ? .stored : .tiles
      var random = RandomSource(seed: UInt64(4000 + seed))
      count = 2 + bits % 3
      let channels = 3
      func cloud(_ size: Int, at centre: [Double]) -> [[Double]] {
        (0..<size).map { _ in centre.map { $0 + 0.4 * random.normal() } }
      }
      var rows: [[Double]] = []
      var orbits: [Int]?
      switch kind {
      case .generic, .duplicates:
        for group in 0..<count {
          rows += cloud(
            5 + group, at: (0..<channels).map { 1.2 + 1.6 * ($0 == group % channels ? 1.0 : 0) - Double(group / channels) })
        }
        if kind == .duplicates {
          orbits = Array(rows.indices) + Array(rows.indices)
          rows += rows
        }
      case .copies:
        let shape = cloud(5, at: [0, 0, 0]).map { $0.map { ($0 * 16).rounded() / 16 } }
        for group in 0..<count { rows += shape.map { [$0[0] + 40 * Double(group), $0[1], $0[2]] } }
      case .islands:
        for group in 0..<count { rows += cloud(4 + group, at: [500 * Double(group), 0, 0]) }
      }
      features = NDArray(rows.flatMap { $0 }, shape: [rows.count, channels])
      self.orbits = orbits ?? Array(rows.indices)
      let last = rows.count - 1
      prompts =
        (try? CutPrompts(
          foreground: bits & 1 == 0 ? [1] : [1, 3], background: bits & 2 == 0 ? [] : [last, last - 2],
          backgroundWeight: 0.6, filterScale: [1, 0.3, 4][bits % 3])) ?? Self.none
    }

    private static var none: CutPrompts { preconditionFailure("the prompts of a test") }

    func cut(_ features: NDArray) throws(SpectralError) -> NormalizedCut {
      let width: AffinityWidth = rule == .moving ? .medianDistance : .value(kernel.isOfDirections ? 0.3 : 1)
      return try NormalizedCut(features, count, kernel, width: width, rule: rule, regime: regime)
    }
  }

  static func islands(_ sizes: [Int], seed: UInt64) -> NDArray {
    var random = RandomSource(seed: seed)
    var values: [Double] = []
    for (group, size) in sizes.enumerated() {
      for _ in 0..<size { values += [500 * Double(group) + 0.4 * random.normal(), 0.4 * random.normal()] }
    }
    return NDArray(values, shape: [sizes.reduce(0, +), 2])
  }

  @Test func permutingNodesPermutesTheResultAndTheOrderOfPromptsDoesNotMatter() throws {
    let features = clustered(nodes: 60, channels: 4, clusters: 3, seed: 5)
    var order = Array(0..<60)
    var source = RandomSource(seed: 2)
    order.shuffle(using: &source)
    let permuted = NDArray(order.flatMap { node in features.doubles[node * 4..<node * 4 + 4] }, shape: [60, 4])
    let (foreground, background) = ([2, 9, 17], [50, 33])
    func prompted(_ features: NDArray, _ foreground: [Int], _ background: [Int]) throws -> PromptedCut {
      try PromptedCut(
        try NormalizedCut(features, 3, width: .value(1.5)), prompts: CutPrompts(foreground: foreground, background: background))
    }
    let one = try prompted(features, foreground, background)
    let again = try prompted(features, [17, 2, 9, 2], [33, 50, 33])
    #expect(one.scores == again.scores && one.prompts == again.prompts)
    #expect(try one.gradient().values == again.gradient().values)
    var place = [Int](repeating: 0, count: 60)
    for (position, node) in order.enumerated() { place[node] = position }
    let other = try prompted(permuted, foreground.map { place[$0] }, background.map { place[$0] })
    #expect(relativeDifference(other.scores, order.map { one.scores[$0] }) < 1e-9)
    let (a, b) = (try other.gradient().values.doubles, try one.gradient().values.doubles)
    #expect(relativeDifference(a, order.flatMap { b[$0 * 4..<$0 * 4 + 4] }) < 1e-8)
  }

  /// Beyond what is decomposed in full, so that the iteration is behind it.
  @Test func storedAndTilesAgreeAndSoDoThePrecisions() throws {
    let features = clustered(nodes: 700, channels: 4, clusters: 4, seed: 6)
    let prompts = try CutPrompts(foreground: [5, 90], background: [600])
    func run(_ regime: AffinityRegime, _ precision: DType) throws -> (scores: [Double], gradient: [Double]) {
      let prompted = try PromptedCut(
        try NormalizedCut(features, 4, width: .value(1.5), regime: regime, precision: precision), prompts: prompts)
      return (prompted.scores, try prompted.gradient().values.doubles)
    }
    let exact = try run(.stored, .float64)
    let cases: [(AffinityRegime, DType, Double)] = [
      (.tiles, .float64, 1e-8), (.stored, .float32, 1e-3), (.tiles, .float32, 1e-3),
    ]
    for (regime, precision, tolerance) in cases {
      let other = try run(regime, precision)
      #expect(relativeDifference(other.scores, exact.scores) < tolerance)
      #expect(relativeDifference(other.gradient, exact.gradient) < tolerance, "\(regime), \(precision)")
    }
  }

  /// The variance between the groups of every parting, written out.
  @Test func theThresholdPartsBest() {
    var random = RandomSource(seed: 6)
    for count in 2..<30 {
      var numbers = random.normals(count)
      if count % 3 == 0 { numbers = numbers.map { ($0 * 2).rounded() / 2 } }
      func variance(_ threshold: Double) -> Double {
        let groups = [numbers.filter { $0 > threshold }, numbers.filter { $0 <= threshold }]
        if groups.contains(where: \.isEmpty) || threshold < -0.3 { return 0 }
        let overall = numbers.reduce(0, +) / Double(count)
        return groups.reduce(0) { sum, group in
          let own = group.reduce(0, +) / Double(group.count) - overall
          return sum + Double(group.count) * own * own
        }
      }
      let best = (numbers + [-0.3]).map(variance).max() ?? 0
      #expect(abs(variance(otsuThreshold(numbers, floor: -0.3)) - best) < 1e-12)
    }
    #expect(otsuThreshold([3, 3, 3], floor: 0) == 0 && otsuThreshold([1, 0], floor: 0) == 0.5)
    #expect(otsuThreshold([], floor: 0) == 0 && otsuThreshold([-2, -1, 0.5], floor: 0) == 0)
  }

  @Test func whatCannotBePromptedIsRefused() throws {
    #expect(throws: SpectralError.self) { try CutPrompts(foreground: []) }
    #expect(throws: SpectralError.self) { try CutPrompts(foreground: [1, 2], background: [2]) }
    #expect(throws: SpectralError.self) { try CutPrompts(foreground: [1], background: [2], backgroundWeight: 1.5) }
    #expect(throws: SpectralError.self) { try CutPrompts(foreground: [1], filterScale: 0) }
    #expect(try CutPrompts(foreground: [1], backgroundWeight: 0.5).backgroundWeight == 0)
    let features = clustered(nodes: 20, channels: 3, clusters: 2)
    let cut = try NormalizedCut(features, 2, width: .value(1))
    #expect(throws: SpectralError.self) { try PromptedCut(cut, prompts: CutPrompts(foreground: [20])) }
    #expect(throws: SpectralError.self) { try PromptedCut(cut, prompts: CutPrompts(foreground: [0]), threshold: 2) }
    #expect(throws: SpectralError.self) { try PromptedCut(cut, prompts: CutPrompts(foreground: [0], background: [-1])) }
    let single = try NormalizedCut(features, 1, width: .value(1))
    #expect(throws: SpectralError.self) { try PromptedCut(single, prompts: CutPrompts(foreground: [0])) }
  }

  /// All nodes alike, and as many eigenvectors as nodes: an answer or an error, but nothing that is not a number.
  @Test func degenerateFeaturesGiveNumbersOrAReason() throws {
    let cases: [(NDArray, Int)] = [
      (NDArray([Double](repeating: 2, count: 12), shape: [6, 2]), 3), (clustered(nodes: 5, channels: 2, clusters: 2), 5),
      (NDArray([0.0, 1], shape: [2, 1]), 2),
    ]
    for (features, count) in cases {
      let cut = try NormalizedCut(features, count)
      var numbers: [Double] = []
      do throws(SpectralError) {
        let prompted = try PromptedCut(cut, prompts: CutPrompts(foreground: [0]))
        numbers = try prompted.scores + prompted.gradient().values.doubles + [prompted.objective]
      } catch {
        guard case .degenerate = error else { throw error }
      }
      #expect(numbers.allSatisfy { $0.isFinite })
    }
  }
}
