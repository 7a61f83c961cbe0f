extension NormalizedAffinity {
  /// Σ_j w(x, x_j)·v_j/√(d(x)·d_j) and d(x) = Σ_j w(x, x_j) of points x that need not be nodes, a tile at a time; zeros where d(x)
  /// is zero.
  func towardsNodes(
    _ points: AffinityPoints<T>, _ vectors: Matrix<Double>
  ) throws(SpectralError) -> (image: Matrix<Double>, degrees: [Double]) {
    let (n, m, k) = (nodeCount, points.count, vectors.columns)
    let input = Matrix<Double>(uninitialized: n, k + 1)
    for j in 0..<n {
      for c in 0..<k { input[j, c] = scales.pointer[j] * vectors[j, c] }
      input[j, k] = 1
    }
    let rectangle = AffinityRectangle(affinity: self, rows: points, columns: AffinityPoints(nodesOf: self))
    let sums = checkpoint.outcome(
      .placement, shape: (m, k + 1),
      input: {
        $0.add(points.values.values)
        $0.add(input)
      }
    ) { rectangle.product(.weight, Panels<Double>(input), kernel: T.blockProduct) }
    let degrees = (0..<m).map { sums[$0, k] }
    if let broken = degrees.firstIndex(where: { !($0.isFinite && $0 >= 0) }) {
      throw .invalidInput(
        "the affinity of node \(broken) to the nodes of the cut adds up to \(degrees[broken]); expected a number from 0 on")
    }
    let image = Matrix<Double>(uninitialized: m, k)
    for i in 0..<m {
      let scale = degrees[i] > 0 ? 1 / degrees[i].squareRoot() : 0
      for c in 0..<k { image[i, c] = scale * sums[i, c] }
    }
    return (image, degrees)
  }

  func towardsNodes(
    _ features: Matrix<Double>, _ vectors: Matrix<Double>
  ) throws(SpectralError) -> (image: Matrix<Double>, degrees: [Double]) {
    try towardsNodes(AffinityPoints(features, beside: self), vectors)
  }

  /// The leading eigenvectors at points that need not be nodes: v_k(x) = (1/λ_k)·Σ_j w(x, x_j)/√(d(x)·d_j)·v_kj (Bengio et al.,
  /// "Out-of-sample extensions for LLE, Isomap, MDS, Eigenmaps, and spectral clustering", NIPS 2003, section 3), and d(x).
  func extending(
    _ pairs: LeadingEigenpairs, to points: AffinityPoints<T>
  ) throws(SpectralError) -> (vectors: Matrix<Double>, degrees: [Double]) {
    let leading = pairs.vectors.selecting(columns: Array(0..<pairs.wanted))
    let (image, degrees) = try towardsNodes(points, leading)
    scaleColumns(image, by: pairs.values.prefix(pairs.wanted).map { 1 / $0 })
    return (image, degrees)
  }
}
