/// The median of the non-zero pairwise distances, exactly, and the pairs that attain it.
///
/// Positive floating-point numbers are ordered like their bit patterns, so a histogram of 16 bits at a time finds the
/// order statistic in a few passes, without sorting N²/2 numbers or having them all at once.
struct MedianDistance<T: SpectralScalar>: Sendable {
  /// The squared distances in the middle: one, or two of an even number. None if all distances are zero.
  let squares: [Double]
  private let visit: PairVisitor<T>
  private let options: AffinityOptions

  /// - Parameters:
  ///   - visit: walks through the distances.
  ///   - options: where passes are told of and kept.
  init(_ visit: PairVisitor<T>, _ options: AffinityOptions = AffinityOptions()) {
    (self.visit, self.options) = (visit, options)
    var known: [UInt64: [UInt64]] = [:]
    let top = Self.histogram(visit, T.patternBits - 16, 0, options)
    let total = top.reduce(0, +)
    func orderStatistic(_ rank: UInt64) -> Double {
      var (rest, prefix, counts) = (rank, UInt64(0), top)
      for shift in stride(from: T.patternBits - 16, through: 0, by: -16) {
        if shift < T.patternBits - 16 {
          // The two in the middle mostly share their higher bits.
          let key = prefix << 8 | UInt64(shift)
          counts = known[key] ?? Self.histogram(visit, shift, prefix, options)
          known[key] = counts
        }
        var bin = 0
        while rest >= counts[bin] {
          rest -= counts[bin]
          bin += 1
        }
        prefix = prefix << 16 | UInt64(bin)
      }
      return T.magnitude(ofPattern: prefix)
    }
    if total == 0 {
      squares = []
    } else {
      squares = (total % 2 == 1 ? [total / 2] : [total / 2 - 1, total / 2]).map(orderStatistic)
    }
  }

  /// Counts by the 16 bits at `shift` over all pairs, among values with the given higher bits.
  private static func histogram(
    _ visit: PairVisitor<T>, _ shift: Int, _ prefix: UInt64, _ options: AffinityOptions
  ) -> [UInt64] {
    options.progress.begin()
    // Counts are below 2⁵³.
    let counts = options.checkpoint.outcome(.histogram, shape: (1, 1 << 16), input: { $0.add([UInt64(shift), prefix]) }) {
      Matrix<Double>(1, 1 << 16, countAll(visit, shift, prefix).map { Double($0) })
    }
    return (0..<1 << 16).map { UInt64(counts.pointer[$0]) }
  }

  private static func countAll(_ visit: PairVisitor<T>, _ shift: Int, _ prefix: UInt64) -> [UInt64] {
    let chunks = PairVisitor<T>.chunks
    let partial = UnsafeMutablePointer<UInt64>.allocate(capacity: chunks << 16)
    partial.initialize(repeating: 0, count: chunks << 16)
    defer { partial.deallocate() }
    visit { chunk, _, _, values, count in T.histogram(values, count, shift, prefix, partial + (chunk << 16)) }
    return (0..<1 << 16).map { bin in (0..<chunks).reduce(0) { $0 + partial[($1 << 16) + bin] } }
  }

  /// For each of ``squares`` the first pair i < j, in row-major order, at exactly that distance.
  func pairs() -> [MedianPair] {
    options.progress.begin()
    let known = options.checkpoint.outcome(.medianPairs, input: { $0.add(squares.map(\.bitPattern)) }) {
      let pairs = firstPairs()
      return Matrix<Double>(pairs.count, 3, pairs.flatMap { [Double($0.first), Double($0.second), $0.share] })
    }
    return (0..<known.rows).map { MedianPair(first: Int(known[$0, 0]), second: Int(known[$0, 1]), share: known[$0, 2]) }
  }

  private func firstPairs() -> [MedianPair] {
    let found = squares.map { _ in FirstOf<MedianPair>() }
    let wanted = squares.map { T($0) }
    let share = 1 / Double(max(1, squares.count))
    visit { _, row, first, values, count in
      for (place, value) in wanted.enumerated() where !found[place].hasEarlier(than: row << 32 | first) {
        guard let index = (0..<count).first(where: { values[$0] == value }) else { continue }
        found[place].offer(MedianPair(first: row, second: first + index, share: share), at: row << 32 | first + index)
      }
    }
    return found.compactMap(\.value)
  }
}

/// A pair of nodes at the median distance, and its share of the median: ½ if there are two.
struct MedianPair: Sendable {
  let first: Int
  let second: Int
  let share: Double
}

/// Walks through the squared distances of all pairs i < j, in pieces of rows, several at a time.
struct PairVisitor<T: SpectralScalar>: Sendable {
  /// Pieces with the same number of a chunk are visited one after the other.
  static var chunks: Int { 16 }
  typealias Body = (_ chunk: Int, _ row: Int, _ firstColumn: Int, _ values: UnsafePointer<T>, _ count: Int) -> Void
  private let walk: @Sendable (Body) -> Void

  func callAsFunction(_ body: Body) { walk(body) }

  /// Of all distances, stored.
  init(_ squared: Matrix<T>) {
    walk = { body in
      let n = squared.rows
      Parallel.forEach(Self.chunks) { chunk in
        // Interleaved rows, because those of a triangle get shorter.
        for row in stride(from: chunk, to: n, by: Self.chunks) {
          body(chunk, row, row + 1, squared.row(row) + row + 1, n - row - 1)
        }
      }
    }
  }

  /// A tile at a time.
  init(_ points: CentredFeatures<T>) {
    walk = { body in
      let n = points.nodeCount
      let tiles = (n + affinityTile - 1) / affinityTile
      Parallel.forEach(Self.chunks) { chunk in
        let tile = Matrix<T>(uninitialized: affinityTile, affinityTile)
        for index in stride(from: chunk, to: tiles * (tiles + 1) / 2, by: Self.chunks) {
          let (i, j) = upperTriangle(index)
          let (rows, columns) = (affinityRange(i, n), affinityRange(j, n))
          points.squaredDistances(TileRows(rows, of: points), columns, into: tile.pointer)
          for row in rows {
            let skipped = i == j ? row - rows.lowerBound + 1 : 0
            body(
              chunk, row, columns.lowerBound + skipped, tile.pointer + (row - rows.lowerBound) * columns.count + skipped,
              columns.count - skipped)
          }
        }
      }
    }
  }
}
