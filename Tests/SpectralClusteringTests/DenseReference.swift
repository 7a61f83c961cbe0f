import SpectralClustering

/// The whole computation once more, from the affinity to the scores, composed of dense differentiable operations: slow, and
/// nothing in common with the code under test but the `eigh` of a small or full matrix.
struct DenseReference {
  /// [N, K] and [K], by descending eigenvalue.
  let vectors: Tensor
  let values: Tensor

  init(_ x: Tensor, count: Int, sigma: Double) throws {
    let norms = (x * x).sum(along: [1], keepingAxes: true)
    let squared = norms + norms.transposed - 2 * matmul(x, x, transposeB: true)
    try self.init(weights: exp(squared * (-0.5 / (sigma * sigma))), count: count)
  }

  /// - Parameters:
  ///   - weights: W, [N, N].
  ///   - count: K.
  init(weights: Tensor, count: Int) throws {
    let scales = 1 / sqrt(weights.sum(along: [1], keepingAxes: true))
    let pairs = try eigh(scales * weights * scales.transposed)
    let first = weights.shape[0] - count
    vectors = pairs.vectors.sliced(1, from: first).flipped(along: 1)
    values = pairs.values.sliced(0, from: first).flipped(along: 0)
  }
}

/// Which nodes belong to which segment, and what is computed with that held fixed.
struct Partition {
  let assignment: [Int]
  let count: Int
  /// One-hot, [N, K].
  let indicator: Tensor
  /// Nodes of each segment, at least 1.
  let sizes: Tensor

  init(_ assignment: [Int], _ count: Int) {
    (self.assignment, self.count) = (assignment, count)
    indicator = Tensor(
      assignment.flatMap { label in (0..<count).map { $0 == label ? 1.0 : 0 } }, shape: [assignment.count, count],
      dtype: .float64)
    sizes = Tensor(
      (0..<count).map { label in Double(max(1, assignment.count(where: { $0 == label }))) }, dtype: .float64)
  }

  /// R = polar(EᵀY) by the iteration R ← R·(3I − RᵀR)/2 of Newton and Schulz, for partitions in which every segment has a
  /// node: it has a derivative at equal singular values too, which one through their decomposition has not.
  func rotation(of vectors: Tensor) -> Tensor {
    let rows = vectors / sqrt((vectors * vectors).sum(along: [1], keepingAxes: true))
    let sums = matmul(rows, indicator, transposeA: true)
    var rotation = sums / (sums * sums).sum().scalar.squareRoot()
    for _ in 0..<40 { rotation = 1.5 * rotation - 0.5 * matmul(rotation, matmul(rotation, rotation, transposeA: true)) }
    return rotation
  }

  /// Mean |score| of each segment over its nodes, [K].
  func objectives(_ scores: Tensor) -> Tensor { (abs(scores) * indicator).sum(along: [0]) / sizes }
}

/// Derivatives of several functions of the features by central differences, extrapolated once (error O(h⁴)).
///
/// - Returns: for each function, one number for each entry of `features`.
func finiteDifferences(
  _ features: NDArray, step: Double = 2e-3, _ functions: (NDArray) throws -> [Double]
) rethrows -> [[Double]] {
  let base = features.doubles
  let columns = try base.indices.map { entry in
    try derivative(step) { t in
      var moved = base
      moved[entry] += t
      return try functions(NDArray(moved, shape: features.shape))
    }
  }
  return (columns.first ?? []).indices.map { function in columns.map { $0[function] } }
}

/// (4·D(h/2) − D(h))/3 for central differences D at zero.
func derivative(_ step: Double, _ functions: (Double) throws -> [Double]) rethrows -> [Double] {
  func central(_ h: Double) throws -> [Double] {
    zip(try functions(h), try functions(-h)).map { ($0 - $1) / (2 * h) }
  }
  return zip(try central(step), try central(step / 2)).map { (4 * $1 - $0) / 3 }
}

/// The columns of `vectors` with the signs that bring them closest to `reference`: a step must not turn one around.
func aligned(_ vectors: Tensor, to reference: Tensor) -> Tensor {
  let overlaps = (vectors * reference).sum(along: [0]).doubles
  return vectors * Tensor(overlaps.map { $0 < 0 ? -1.0 : 1.0 }, dtype: .float64)
}

/// A constant of normal random numbers, float64.
func randomTensor(_ shape: Shape, seed: UInt64) -> Tensor {
  var random = RandomSource(seed: seed)
  return Tensor(NDArray(random.normals(shape.reduce(1, *)), shape: shape))
}
