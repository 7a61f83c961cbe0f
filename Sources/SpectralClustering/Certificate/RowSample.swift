import CKernels

/// What some rows of the affinity, made again in double from the features as given, say of all: the affinity's rounding, and how
/// far apart neighbours are.
///
/// Nodes are drawn from each segment at random, with a fixed seed; sums over all nodes are estimated from them with three standard
/// errors on top, and exact where a segment is drawn in full. That keeps the cost far below that of a product with the affinity.
struct RowSample<T: SpectralScalar>: Sendable {
  private let affinity: NormalizedAffinity<T>
  private let groups: [Group]
  /// W − Ŵ of the rows that were drawn; `nil` in double, which has nothing better to offer.
  private let differences: Matrix<T>?
  /// τ = s/ŝ − 1 of each row that was drawn, to first order −½·Σ_j(w_ij − ŵ_ij)/d_i.
  private let scaleErrors: [Double]

  /// A segment's nodes among those that were drawn.
  private struct Group: Sendable {
    let rows: Range<Int>
    let size: Int
  }
  private let nodes: [Int]

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  init(_ affinity: NormalizedAffinity<T>, segments: [[Int]]) {
    var random = RandomSource(seed: 0x726f_7773)
    let most = max(8, sampledRows / max(1, segments.count))
    var (nodes, groups): ([Int], [Group]) = ([], [])
    for segment in segments {
      let drawn = segment.count > most ? Array(segment.shuffled(using: &random).prefix(most)).sorted() : segment
      groups.append(Group(rows: nodes.count..<nodes.count + drawn.count, size: segment.count))
      nodes += drawn
    }
    (self.affinity, self.nodes, self.groups) = (affinity, nodes, groups)
    if T.dtype == .float64 {
      (differences, scaleErrors) = (nil, [Double](repeating: 0, count: nodes.count))
      return
    }
    let exact = affinity.preciseTiles()
    let found = Matrix<T>(uninitialized: nodes.count, affinity.nodeCount)
    let drawn = nodes
    forEachTile(of: affinity.nodeCount, rows: drawn.count) { rows, columns in
      let own = Matrix<T>(uninitialized: rows.count, columns.count)
      let precise = Matrix<Double>(uninitialized: rows.count, columns.count)
      let chosen = Array(drawn[rows])
      exact.fill(.weight, TileRows(chosen, of: exact.points), columns, into: precise.pointer)
      affinity.fillWeights(chosen, columns, into: own.pointer)
      for (index, row) in rows.enumerated() {
        for j in 0..<columns.count {
          found[row, columns.lowerBound + j] = T(precise[index, j] - Double(own[index, j]))
        }
      }
    }
    differences = found
    scaleErrors = drawn.indices.map { row in
      -0.5 * T.reduceRun(CK_SUM, found.row(row), found.columns) / affinity.degrees[drawn[row]]
    }
  }

  /// ‖(A − Â)·x‖ of each column, at most: S·(W − Ŵ)·S·x, and what the scales' errors make of A·x and of x.
  ///
  /// - Parameter image: A·x.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func errors(_ x: Matrix<Double>, image: Matrix<Double>) -> [Double] {
    guard let differences else { return [Double](repeating: 0, count: x.columns) }
    let scaled = Matrix<T>(uninitialized: x.rows, x.columns)
    Parallel.forEachChunk(of: x.rows, size: tallChunk) { rows in
      for row in rows {
        for c in 0..<x.columns { scaled[row, c] = T(affinity.scales.pointer[row] * x[row, c]) }
      }
    }
    let product = Matrix<T>(nodes.count, x.columns)
    T.gemm(
      false, false, nodes.count, x.columns, x.rows, 1, differences.pointer, x.rows, scaled.pointer, x.columns, 0,
      product.pointer, x.columns)
    return (0..<x.columns).map { column in
      func size(_ value: (Int, Int) -> Double) -> Double {
        total { row in
          let own = value(row, nodes[row])
          return own * own
        }.squareRoot()
      }
      return size { affinity.scales.pointer[$1] * Double(product[$0, column]) }
        + size { scaleErrors[$0] * image[$1, column] } + size { scaleErrors[$0] * x[$1, column] }
    }
  }

  /// What of ‖A − Â‖₂ ``errors(_:image:)`` cannot tell: all of it in double.
  var unmeasured: Double { differences == nil ? affinity.rounding.normalized : 0 }

  /// (Σ_{i ∈ S, j} δ_ij²/w_ij)^½ for the relative error δ/w of the weights, over the nodes of each segment; `nil` in double, and
  /// where slopes are not the weights.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func weightErrors() -> [Double]? {
    guard let differences, affinity.profile?.kind == .gaussian else { return nil }
    let sums = Matrix<Double>(nodes.count, 1)
    forEachTile(of: affinity.nodeCount, rows: nodes.count) { rows, columns in
      let own = Matrix<T>(uninitialized: rows.count, columns.count)
      affinity.fillWeights(Array(nodes[rows]), columns, into: own.pointer)
      for (index, row) in rows.enumerated() {
        for j in 0..<columns.count {
          let (w, change) = (Double(own[index, j]), Double(differences[row, columns.lowerBound + j]))
          // Where the weight has vanished the difference has, too.
          if w > 0 { sums.pointer[row] += change / w * change }
        }
      }
    }
    return groups.map { total($0) { sums.pointer[$0] }.squareRoot() }
  }

  /// Twice the largest of the scales' relative errors among the rows that were drawn, or what they must be below.
  var largestScaleError: Double { min(2 * scaleErrors.reduce(0) { max($0, abs($1)) }, affinity.rounding.weights) }

  /// For each segment S and each coordinate of the points (Σ_{i∈S, j} (w′_ij)²/w_ij·(u_ic − u_jc)²)^½ with
  /// w′ = 2·|∂w_ij/∂‖u_i − u_j‖²| and its factor: for the Gaussian 2/σ²·(Σ w_ij·(x_ic − x_jc)²)^½.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func spreads() -> [[Double]]? {
    guard let profile = affinity.profile else { return nil }
    let (points, d) = (affinity.tiles.points, affinity.tiles.points.channelCount)
    let sums = Matrix<Double>(nodes.count, d)
    let chunks = (nodes.count + rowsOfATile - 1) / rowsOfATile
    Parallel.forEach(chunks) { chunk in
      let rows = chunk * rowsOfATile..<min(nodes.count, (chunk + 1) * rowsOfATile)
      for first in stride(from: 0, to: affinity.nodeCount, by: columnsOfATile) {
        let columns = first..<min(affinity.nodeCount, first + columnsOfATile)
        let shares = affinity.slopeShares(Array(nodes[rows]), columns)
        let (squares, product) = (Matrix<T>(uninitialized: columns.count, d), Matrix<T>(uninitialized: rows.count, d))
        let second = Matrix<T>(uninitialized: rows.count, d)
        let values = points.values.row(first)
        for index in 0..<columns.count * d { squares.pointer[index] = values[index] * values[index] }
        if d > 0 {
          T.gemm(false, false, rows.count, d, columns.count, 1, shares.pointer, columns.count, values, d, 0, product.pointer, d)
          T.gemm(
            false, false, rows.count, d, columns.count, 1, shares.pointer, columns.count, squares.pointer, d, 0, second.pointer,
            d)
        }
        for (index, row) in rows.enumerated() {
          let total = T.reduceRun(CK_SUM, shares.row(index), columns.count)
          let at = points.values.row(nodes[row])
          for c in 0..<d {
            let own = Double(at[c])
            sums[row, c] += total * own * own - 2 * own * Double(product[index, c]) + Double(second[index, c])
          }
        }
      }
    }
    return groups.map { group in
      (0..<d).map { c in
        // What rounding may have lost where the squares cancel.
        let lost = T.unit * 32 * Double(group.size) * largestShare(profile)
        return abs(profile.slopeFactor((max(0, total(group) { sums[$0, c] }) + lost).squareRoot()))
      }
    }
  }

  /// Σ over the columns of a row of the shares is at most this, times the largest squared coordinate, which is below 4.
  private func largestShare(_ profile: KernelProfile<T>) -> Double {
    let degrees = nodes.reduce(0) { max($0, affinity.degrees[$1]) }
    return 4 * degrees * (profile.kind == .gaussian ? 1 : 2)
  }

  /// Σ over all nodes of something that is not negative, from those that were drawn.
  private func total(_ value: (Int) -> Double) -> Double {
    var (sum, square) = (0.0, 0.0)
    for group in groups {
      let part = estimate(group, value)
      sum += part.sum
      square += part.square
    }
    return sum + 3 * square.squareRoot()
  }

  /// The same over the nodes of one segment.
  private func total(_ group: Group, _ value: (Int) -> Double) -> Double {
    let part = estimate(group, value)
    return part.sum + 3 * part.square.squareRoot()
  }

  /// The sum over a segment and the square of its standard error.
  private func estimate(_ group: Group, _ value: (Int) -> Double) -> (sum: Double, square: Double) {
    let (m, n) = (Double(group.rows.count), Double(group.size))
    let values = group.rows.map(value)
    let mean = values.reduce(0, +) / max(1, m)
    if group.rows.count == group.size { return (m * mean, 0) }
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (m - 1)
    return (n * mean, n * n * variance / m)
  }
}

/// Feature vectors of `channels` numbers, divided by their lengths if those are given; a vector of zeros then has a coordinate of
/// its own.
@_specialize(where U == Float)
@_specialize(where U == Double)
private func copyRows<U: SpectralScalar>(
  _ features: UnsafeBufferPointer<U>, _ channels: Int, to result: Matrix<Double>, divisors: [Double]?
) {
  guard let base = features.baseAddress else { return }
  for row in 0..<result.rows {
    let (x, target) = (base + row * channels, result.row(row))
    for c in 0..<channels { target[c] = Double(x[c]) }
    guard let length = divisors?[row] else { continue }
    if length == 0 {
      target[result.columns - 1] = 1
    } else {
      for c in 0..<channels { target[c] /= length }
    }
  }
}

/// Rows that are drawn of all segments together, if they have more than eight each.
private let sampledRows = 128
private let rowsOfATile = 64
private let columnsOfATile = 1024

private func forEachTile(of nodes: Int, rows: Int, _ body: (Range<Int>, Range<Int>) -> Void) {
  let chunks = (rows + rowsOfATile - 1) / rowsOfATile
  Parallel.forEach(chunks) { chunk in
    for first in stride(from: 0, to: nodes, by: columnsOfATile) {
      body(chunk * rowsOfATile..<min(rows, (chunk + 1) * rowsOfATile), first..<min(nodes, first + columnsOfATile))
    }
  }
}

extension NormalizedAffinity {
  /// The same affinity's tiles in double, from the features as given.
  func preciseTiles() -> AffinityTiles<Double> {
    let values = Matrix<Double>(nodeCount, tiles.points.channelCount)
    if source.dtype == .float32 {
      source.withUnsafeBufferPointer(as: Float.self) { copyRows($0, channelCount, to: values, divisors: directions?.values) }
    } else {
      source.withUnsafeBufferPointer(as: Double.self) { copyRows($0, channelCount, to: values, divisors: directions?.values) }
    }
    let points = CentredFeatures<Double>(centring: values, centre: tiles.points.centre, scale: tiles.points.scale)
    switch tiles.source {
    case .custom(let custom): return AffinityTiles(points, .custom(custom), group: tiles.group)
    case .profile(let profile):
      let kind: KernelProfile<Double>.Kind = profile.kind == .gaussian ? .gaussian : .cosine
      return AffinityTiles(points, .profile(KernelProfile<Double>(kind, sigma: sigma, scale: points.scale)), group: tiles.group)
    }
  }

  /// Ŵ of some rows, as it is used.
  func fillWeights(_ nodes: [Int], _ columns: Range<Int>, into tile: UnsafeMutablePointer<T>) {
    guard let stored else { return tiles.fill(.weight, TileRows(nodes, of: tiles.points), columns, into: tile) }
    for (index, node) in nodes.enumerated() {
      (tile + index * columns.count).update(from: stored.row(node) + columns.lowerBound, count: columns.count)
    }
  }

  /// Slope²/weight of some rows: the weight itself for the Gaussian.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  fileprivate func slopeShares(_ nodes: [Int], _ columns: Range<Int>) -> Matrix<T> {
    let result = Matrix<T>(uninitialized: nodes.count, columns.count)
    fillWeights(nodes, columns, into: result.pointer)
    if profile?.kind == .gaussian { return result }
    let slopes = Matrix<T>(uninitialized: nodes.count, columns.count)
    tiles.fill(.slope, TileRows(nodes, of: tiles.points), columns, into: slopes.pointer)
    for index in 0..<result.count {
      let slope = slopes.pointer[index]
      result.pointer[index] = slope / result.pointer[index] * slope
    }
    return result
  }

  /// Bounds of what a cotangent of the points, with the given bounds over `nodes`, is as one of the features.
  func featureCotangents(_ bounds: [Double], _ nodes: [Int]) -> [Double] {
    guard let directions, !bounds.isEmpty else { return bounds }
    let total = norm(bounds)
    let lengths = nodes.map { directions.values[$0] }.filter { $0 > 0 }
    guard let shortest = lengths.min() else { return [Double](repeating: 0, count: channelCount) }
    // x̄ = (ū − u·⟨u, ū⟩)/‖x‖.
    return (0..<channelCount).map { channel in
      let along = nodes.reduce(0) { max($0, abs(tiles.points.point($1, channel))) }
      return (bounds[channel] + along * total) / shortest
    }
  }
}
