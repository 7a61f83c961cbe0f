import SpectralClustering
import Statistics

/// The rows of rotated eigenvectors, each divided by its length: where the nodes are in the space of the eigenvectors.
struct EigenspacePlaces {
  let count: Int
  private let dimensions: Int
  /// [N, K]; zeros for a node without direction.
  private let rows: [Double]
  private let assignment: [Int]

  /// - Parameters:
  ///   - scores: V·R, [N, K] float64.
  ///   - assignment: the segment of each node.
  init(scores: NDArray, assignment: [Int]) {
    (count, dimensions, self.assignment) = (scores.shape[0], scores.shape[1], assignment)
    var rows = scores.doubles
    let k = dimensions
    for node in 0..<count {
      let range = node * k..<(node + 1) * k
      let length = rows[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
      for index in range { rows[index] = length < 1e-14 ? 0 : rows[index] / length }
    }
    self.rows = rows
  }

  /// The nodes along the first three principal axes, or as many as there are.
  ///
  /// Nodes of segment k weigh 1 + 10⁻⁶·k, so that between equal variances (clusters of equal size) the order of the segments
  /// decides and not rounding. Of an axis, the first node that is farthest from the centre is on the positive side.
  func principalCoordinates() throws(StatisticsError) -> [[Double]] {
    let k = dimensions
    var (means, total) = ([Double](repeating: 0, count: k), 0.0)
    for node in 0..<count {
      let weight = 1 + 1e-6 * Double(assignment[node])
      total += weight
      for axis in 0..<k { means[axis] += weight * rows[node * k + axis] }
    }
    for axis in 0..<k { means[axis] /= total }
    var covariance = [Double](repeating: 0, count: k * k)
    for node in 0..<count {
      let weight = (1 + 1e-6 * Double(assignment[node])) / total
      for a in 0..<k {
        let own = weight * (rows[node * k + a] - means[a])
        for b in 0...a { covariance[a * k + b] += own * (rows[node * k + b] - means[b]) }
      }
    }
    for a in 0..<k { for b in 0..<a { covariance[b * k + a] = covariance[a * k + b] } }
    let axes: [Double]
    do { axes = try NDArray(covariance, shape: [k, k]).svd(operation: "principal axes").v.doubles } catch {
      throw .notConverged(error.description)
    }
    return (0..<min(3, k)).map { axis in
      let values = (0..<count).map { node in
        (0..<k).reduce(0) { $0 + (rows[node * k + $1] - means[$1]) * axes[$1 * k + axis] }
      }
      let largest = values.reduce(0) { max($0, abs($1)) }
      let first = values.first { abs($0) >= (1 - 1e-6) * largest } ?? 0
      return first < 0 ? values.map { -$0 } : values
    }
  }

  /// A t-SNE in three dimensions of farthest points, in which every other node is the mean of its ten nearest, weighted by the
  /// inverse squares of their distances (Shepard 1968).
  ///
  /// Distances of rows of length 1 are, squared, 2·(1 − cos).
  /// - Returns: three coordinates of each node; `nil` if fewer than four nodes are apart.
  func embedded(sample size: Int, seed: UInt64) throws(StatisticsError) -> [[Double]]? {
    let (points, sample) = (rounded, farthestPoints(size))
    if sample.count < 4 { return nil }
    let k = dimensions
    let table = NDArray(sample.flatMap { Array(points[$0 * k..<($0 + 1) * k]) }, shape: [sample.count, k])
    // As wide as groups are, rather than neighbourhoods: a colour is to say to which of them a node belongs.
    let perplexity = min(150, max(1, Double(sample.count - 1) / 3))
    let map = try TSNE(table, configuration: .init(perplexity: perplexity, seed: seed, dimensions: 3)).points.doubles
    let result = NDArray.building([count, 3], as: Double.self) { output in
      let target = UncheckedSendable(output)
      Parallel.forEachChunk(of: count, size: 256) { nodes in
        for node in nodes { place(node, points, sample, map) { target.value[3 * node + $0] = $1 } }
      }
    }.doubles
    return (0..<3).map { axis in (0..<count).map { result[3 * $0 + axis] } }
  }

  /// In steps of 2⁻²⁴, which are more than rounding: a descent of a thousand steps would not forget it.
  private var rounded: [Double] { rows.map { ($0 * 0x1p24).rounded() * 0x1p-24 } }

  private func squaredDistance(_ points: [Double], _ a: Int, _ b: Int) -> Double {
    let k = dimensions
    return (0..<k).reduce(0) { sum, axis in
      let difference = points[a * k + axis] - points[b * k + axis]
      return sum + difference * difference
    }
  }

  /// Each the farthest from those before, from node 0 on; the first of equals. No two closer than 10⁻⁶.
  func farthestPoints(_ size: Int) -> [Int] {
    let points = rounded
    var nearest = [Double](repeating: .infinity, count: count)
    var (sample, next) = ([Int](), 0)
    while sample.count < min(size, count) {
      sample.append(next)
      let latest = next
      nearest.withUnsafeMutableBufferPointer { nearest in
        let target = UncheckedSendable(nearest)
        Parallel.forEachChunk(of: count, size: 4096) { nodes in
          for node in nodes { target.value[node] = min(target.value[node], squaredDistance(points, node, latest)) }
        }
      }
      var farthest = 0.0
      for node in 0..<count where nearest[node] > farthest { (farthest, next) = (nearest[node], node) }
      if farthest <= 1e-12 { break }
    }
    return sample
  }

  private func place(
    _ node: Int, _ points: [Double], _ sample: [Int], _ map: [Double], _ write: (Int, Double) -> Void
  ) {
    var nearest: [(square: Double, index: Int)] = []
    for (index, other) in sample.enumerated() {
      let square = squaredDistance(points, node, other)
      if nearest.count == 10, square >= nearest[9].square { continue }
      let place = nearest.firstIndex { $0.square > square } ?? nearest.count
      nearest.insert((square, index), at: place)
      if nearest.count > 10 { nearest.removeLast() }
    }
    guard let closest = nearest.first else { return }
    // Of no more than the distance at which two points are one.
    if closest.square <= 1e-12 { nearest = [closest] }
    let weights = nearest.map { 1 / max($0.square, 1e-300) }
    let total = weights.reduce(0, +)
    for axis in 0..<3 {
      write(axis, zip(nearest, weights).reduce(0) { $0 + map[3 * $1.0.index + axis] * $1.1 } / total)
    }
  }
}
