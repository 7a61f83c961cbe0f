import Networks

/// Ablations of a network whose features depend on one channel each and go through an affine map to the embedding z: replacing
/// channel c moves z by δ_c = (y_c − y⁰_c)·M_c, and two channels by δ_a + δ_b.
struct FusedAblation: Sendable {
  /// [cells, features].
  let features: NDArray
  let blocks: [[Int]]
  let map: AffineMap
  /// The features under a constant baseline; `nil`: those of `donors`.
  let replacement: [Double]?
  let donors: [Int]

  /// Numbers in memory at a time.
  private static let limit = 4_000_000

  /// 1 − cos for each cell and unit of channels, [cells, units], and its mean over cells for each two channels, [channels, channels].
  func result(_ units: [[Int]]) -> (distances: NDArray, pairs: NDArray) {
    let (cells, channels) = (features.shape[0], blocks.count)
    let perCell = max(channels * channels, (channels + 2 * units.count) * map.offset.count, features.shape[1])
    let step = max(1, Self.limit / perCell)
    var distances: [Double] = []
    distances.reserveCapacity(cells * units.count)
    var pairs = [Double](repeating: 0, count: channels * channels)
    for first in stride(from: 0, to: cells, by: step) {
      let (y, other, z) = embeddings(first..<min(cells, first + step))
      let moves = moves(y, other)
      distances += Self.distances(z, moves, units)
      let found = PairMoves(z, moves)
      for cell in 0..<z.shape[0] {
        for a in 0..<channels { for b in a..<channels { pairs[a * channels + b] += found.distance(cell, a, b) / Double(cells) } }
      }
    }
    for a in 0..<channels { for b in 0..<a { pairs[a * channels + b] = pairs[b * channels + a] } }
    return (NDArray(distances, shape: [cells, units.count]), NDArray(pairs, shape: [channels, channels]))
  }

  /// Features, those that take their place, and embeddings of some cells.
  private func embeddings(_ cells: Range<Int>) -> (y: Tensor, other: Tensor, z: Tensor) {
    let y = rows(Array(cells))
    let other = replacement.map { Tensor($0, shape: [1, $0.count], dtype: .float64) } ?? rows(cells.map { donors[$0] })
    return (y, other, map(y))
  }

  /// δ_c, [cells, channels, embedding].
  private func moves(_ y: Tensor, _ other: Tensor) -> Tensor {
    let (count, width) = (y.shape[0], map.offset.count)
    let matrix = Tensor(map.matrix)
    let steps = blocks.map { block -> Tensor in
      if block.isEmpty { return Tensor(.zeros([count, 1, width], dtype: .float64)) }
      let difference = y.gathering(block, along: 1) - other.gathering(block, along: 1)
      return matmul(difference, matrix.gathering(block, along: 0)).reshaped(to: [count, 1, width])
    }
    return concatenated(steps, along: 1)
  }

  /// Cell by cell, unit by unit.
  private static func distances(_ z: Tensor, _ moves: Tensor, _ units: [[Int]]) -> [Double] {
    let (count, width) = (z.shape[0], z.shape[1])
    let steps = units.map { unit in
      unit.count == 1
        ? moves.sliced(1, from: unit[0], to: unit[0] + 1)
        : moves.gathering(unit, along: 1).sum(along: [1], keepingAxes: true)
    }
    let (before, step) = (z.reshaped(to: [count, 1, width]), concatenated(steps, along: 1))
    // The rest is squared by itself: a difference of squares would cancel where one unit is most of z.
    let after = before - step
    let difference = (step * step).sum(along: [2]).doubles
    let product = (step * (before + after)).sum(along: [2]).doubles
    let (own, rest) = ((z * z).sum(along: [1]).doubles, (after * after).sum(along: [2]).doubles)
    return difference.indices.map { index in
      CosineDistance.value(
        difference: difference[index], product: product[index], own[index / units.count].squareRoot(), rest[index].squareRoot())
    }
  }

  /// What the distances of pairs follow from.
  private struct PairMoves {
    /// δ_a·δ_b, [cells, channels, channels].
    private let products: [Double]
    /// z·δ_c, [cells, channels].
    private let onto: [Double]
    /// ‖z‖².
    private let squares: [Double]
    private let channels: Int

    init(_ z: Tensor, _ moves: Tensor) {
      products = matmul(moves, moves, transposeB: true).doubles
      onto = matmul(moves, z.reshaped(to: [z.shape[0], z.shape[1], 1])).doubles
      squares = (z * z).sum(along: [1]).doubles
      channels = moves.shape[1]
    }

    /// 1 − cos of the angle between z and z − δ_a − δ_b, or z − δ_a if both are the same.
    func distance(_ cell: Int, _ a: Int, _ b: Int) -> Double {
      let row = cell * channels
      let own = { (c: Int) in products[(row + c) * channels + c] }
      var (difference, along) = (own(a), onto[row + a])
      if a != b {
        difference = max(0, difference + own(b) + 2 * products[(row + a) * channels + b])
        along += onto[row + b]
      }
      let product = 2 * along - difference
      let rest = max(0, squares[cell] - product)
      return CosineDistance.value(difference: difference, product: product, squares[cell].squareRoot(), rest.squareRoot())
    }
  }

  private func rows(_ cells: [Int]) -> Tensor {
    Tensor(Tensor(features).gathering(cells, along: 0).value.converted(to: .float64))
  }
}
