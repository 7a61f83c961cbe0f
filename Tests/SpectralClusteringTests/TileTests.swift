import Testing

@testable import SpectralClustering

/// The affinity made a tile at a time: the same numbers as stored, and the same bits however the work is cut.
@Suite struct TileTests {
  private struct Outcome: Equatable {
    let sigma: Double
    let values, residuals: [Double]
    let vectors, gradients: NDArray
    let widths: [Double]?
    let assignment: [Int]

    init(_ cut: NormalizedCut) throws {
      let partition = try KWayCut(cut)
      let found = try partition.segmentGradients()
      (sigma, values, residuals, vectors) = (cut.sigma, cut.eigenvalues, cut.residuals, cut.eigenvectors)
      (gradients, widths, assignment) = (found.values, found.widthGradients, partition.assignment)
    }
  }

  // In full, by iteration, and by iteration with rounded products first.
  @Test(arguments: [(300, DType.float64), (700, .float64), (700, .float32), (4200, .float32)], ["gaussian", "cosine"])
  func numbersAreThoseOfTheStoredAffinity(_ size: (Int, DType), _ name: String) throws {
    let kernel = name == "cosine" ? AffinityKernel.cosine : .gaussian
    let features = clustered(nodes: size.0, channels: 5, clusters: 4, noise: 0.5, seed: 81)
    func outcome(_ regime: AffinityRegime) throws -> Outcome {
      try Outcome(NormalizedCut(features, 4, kernel, regime: regime, precision: size.1))
    }
    let (stored, tiles) = (try outcome(.stored), try outcome(.tiles))
    let isSingle = size.1 == .float32
    #expect(tiles.sigma == stored.sigma && tiles.assignment == stored.assignment)
    #expect(relativeDifference(tiles.values, stored.values) < (isSingle ? 1e-6 : 1e-12))
    #expect(relativeDifference(tiles.vectors.doubles, stored.vectors.doubles) < (isSingle ? 1e-5 : 1e-8))
    #expect(relativeDifference(tiles.gradients.doubles, stored.gradients.doubles) < (isSingle ? 1e-4 : 1e-8))
    #expect(relativeDifference(try #require(tiles.widths), try #require(stored.widths)) < (isSingle ? 1e-4 : 1e-8))
    #expect(tiles.residuals.allSatisfy { $0 <= (isSingle ? 1e-9 : 1e-12) })
  }

  // One after the other: the number of threads is that of the process.
  @Test(.serialized, arguments: [DType.float32, .float64], ["gaussian", "cosine"])
  func bitsDependNeitherOnThreadsNorOnTileSize(_ precision: DType, _ name: String) throws {
    let kernel = name == "cosine" ? AffinityKernel.cosine : .gaussian
    // Five tiles, the last of them not full.
    let features = clustered(nodes: 1100, channels: 5, clusters: 4, noise: 0.5, seed: 82, dtype: .float32)
    func run(threads: Int, group: Int) throws -> Outcome {
      let before = Parallel.threadCount
      Parallel.threadCount = threads
      defer { Parallel.threadCount = before }
      return try Outcome(
        NormalizedCut(features, 4, kernel, rule: .moving, regime: .tiles, tileGroup: group, precision: precision))
    }
    let base = try run(threads: 1, group: 1)
    for (threads, group) in [(2, 1), (3, 1), (1, 2), (2, 2), (2, 3), (3, 8)] {
      #expect(try run(threads: threads, group: group) == base, "\(threads) threads, \(group) tiles together")
    }
  }

  /// Every pair of tiles once, every row's columns in ascending order.
  @Test(arguments: [1, 255, 256, 257, 1300], [1, 2, 5])
  func tilesCoverTheTriangleInOrder(_ nodes: Int, _ group: Int) throws {
    let points = try CentredFeatures<Double>(Matrix(clustered(nodes: nodes, channels: 2, clusters: 1)))
    let profile = KernelProfile<Double>(.gaussian, sigma: 1, scale: points.scale)
    let order = Recorder(rows: (nodes + affinityTile - 1) / affinityTile)
    AffinityTiles(points, .profile(profile), group: group).forEach(.weight) { rows, columns, _ in
      order.add(rows.lowerBound / affinityTile, columns.lowerBound / affinityTile)
    }
    for (row, columns) in order.columns.enumerated() { #expect(columns == Array(0..<order.columns.count), "row \(row)") }
  }

  /// Which columns each row of tiles received, in time. Tiles that are worked on at the same time share no row.
  private final class Recorder: @unchecked Sendable {
    private let count: Int
    private let cells: UnsafeMutablePointer<[Int]>
    var columns: [[Int]] { (0..<count).map { cells[$0] } }

    init(rows: Int) {
      count = rows
      cells = .allocate(capacity: rows)
      cells.initialize(repeating: [], count: rows)
    }

    deinit {
      cells.deinitialize(count: count)
      cells.deallocate()
    }

    func add(_ row: Int, _ column: Int) {
      cells[row].append(column)
      if row != column { cells[column].append(row) }
    }
  }

  @Test(arguments: RotationRule.allCases, ["gaussian", "cosine"])
  func derivativesAreThoseOfFiniteDifferences(_ rotation: RotationRule, _ name: String) throws {
    let features = clustered(nodes: 15, channels: 3, clusters: 3, noise: 0.4, seed: 83)
    try expectDerivatives(
      features, name == "cosine" ? .cosine : .gaussian, width: .value(0.8), rotation: rotation, regime: .tiles)
  }

  @Test func theBudgetDecides() throws {
    let features = clustered(nodes: 100, channels: 3, clusters: 2)
    // 80,000 bytes in float64.
    #expect(try NormalizedCut(features, segments: 2, memory: MemoryBudget(bytes: 80_000)).regime == .stored)
    #expect(try NormalizedCut(features, segments: 2, memory: MemoryBudget(bytes: 79_999)).regime == .tiles)
    #expect(
      try NormalizedCut(features, segments: 2, precision: .float32, memory: MemoryBudget(bytes: 40_000)).regime == .stored)
    #expect(try NormalizedCut(features, segments: 2).regime == .stored)
  }

  @Test func budgetsAreRead() {
    let free = MemoryBudget.freeBytes
    #expect(free > 1e6)
    for (text, bytes) in [("4GB", 4e9), ("500 MB", 5e8), ("2GiB", 0x1p31), ("1.5kb", 1500), ("12345", 12345), ("0", 0)] {
      #expect(MemoryBudget(parsing: text)?.bytes == bytes, "\(text)")
    }
    let half = MemoryBudget(parsing: "50%")?.bytes ?? 0
    #expect(half > 0.3 * free && half < 0.7 * free)
    for text in ["", "GB", "-1GB", "4 apples", "101%", "nan", "1e3", "∞"] {
      #expect(MemoryBudget(parsing: text) == nil, "\(text)")
    }
    #expect(MemoryBudget(bytes: 4e9).description == "4.0 GB" && MemoryBudget(bytes: 5e8).description == "500 MB")
  }

  @Test func passesAreCounted() throws {
    let seen = FirstOf<Int>()
    let features = clustered(nodes: 600, channels: 3, clusters: 2, noise: 0.5)
    _ = try NormalizedCut(
      features, segments: 2, memory: MemoryBudget(bytes: 0),
      onPass: { pass in
        #expect((0...1).contains(pass.share) && pass.number >= 1)
        seen.offer(pass.number, at: -pass.number)
      })
    #expect(seen.value ?? 0 > 1)
  }
}
