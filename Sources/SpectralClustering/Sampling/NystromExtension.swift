/// Eigenvectors of a sample's normalised affinity, extended to all nodes and orthonormalised: V = F·(FᵀF)^(−1/2) with
/// f(x) = d(x)^(−1/2)·Σ_j w(x, x_j)·d_j^(−1/2)·u_j/λ, j in the sample, d the degrees towards the sample.
///
/// Fowlkes, Belongie, Chung & Malik, "Spectral grouping using the Nyström method", PAMI 2004; normalised as Bengio et al. (2003)
/// do, because a node of the sample then keeps its entries, and a sample of all nodes gives the exact cut.
final class NystromExtension<T: SpectralScalar>: Affinity {
  /// The affinity between the nodes of the sample.
  let sample: NormalizedAffinity<T>
  /// The nodes of the sample, ascending.
  let nodes: [Int]
  /// All nodes.
  let points: AffinityPoints<T>
  /// (U, Λ) of the sample.
  let own: LeadingEigenpairs
  /// F, [N, K]
  let extended: Matrix<Double>
  let orthonormalization: SymmetricOrthonormalization
  /// d(x), towards the sample.
  let degrees: [Double]
  /// Λ of the sample with the extended eigenvectors.
  let pairs: LeadingEigenpairs

  var channelCount: Int { sample.channelCount }
  var sigma: Double { sample.sigma }
  var gapTolerance: Double { T.gapTolerance }
  var rounding: AffinityRounding { sample.rounding }
  var warnings: [String] {
    let unreached = degrees.count { $0 == 0 }
    return sample.warnings
      + (unreached == 0
        ? [] : ["\(unreached) of \(degrees.count) nodes have no affinity to any node of the sample, and the score 0"])
  }

  /// - Parameters:
  ///   - features: [N, D], of all nodes, finite.
  ///   - sample: the affinity between the nodes of the sample.
  ///   - nodes: of the sample, ascending.
  ///   - count: K.
  init(
    _ features: Matrix<Double>, _ sample: NormalizedAffinity<T>, nodes: [Int], count: Int
  ) throws(SpectralError) {
    points = try AffinityPoints(features, beside: sample)
    own = try sample.leadingEigenpairs(count)
    // Rounding of the affinities counts 1/λ times.
    if let small = own.values.prefix(count).firstIndex(where: { $0 <= 1e2 * T.gapTolerance }) {
      throw .degenerate(
        "eigenvalue \(small + 1) of the sample is \(own.values[small]): its eigenvector does not extend to other nodes; ask for "
          + "fewer segments, or a larger sample")
    }
    let (extended, degrees) = try sample.extending(own, to: points)
    var orthonormalization = try SymmetricOrthonormalization(extended)
    let vectors = orthonormalization.applied(to: extended)
    let signs = canonicalizeSigns(vectors.view)
    if signs.contains(-1) {
      scaleColumns(extended, by: signs)
      scaleColumns(own.vectors, by: signs + [Double](repeating: 1, count: own.vectors.columns - count))
      orthonormalization = try SymmetricOrthonormalization(extended)
    }
    (self.sample, self.nodes, self.extended, self.degrees) = (sample, nodes, extended, degrees)
    self.orthonormalization = orthonormalization
    pairs = LeadingEigenpairs(
      values: own.values, vectors: vectors, deflation: nil, residuals: own.residuals, wanted: count,
      reliable: own.reliable, products: own.products)
  }

  func extending(
    _ pairs: LeadingEigenpairs, to features: Matrix<Double>
  ) throws(SpectralError) -> (vectors: Matrix<Double>, degrees: [Double]) {
    let (vectors, degrees) = try sample.extending(own, to: AffinityPoints(features, beside: sample))
    return (orthonormalization.applied(to: vectors), degrees)
  }

  /// Affinities of all nodes towards the sample, and of the sample towards all nodes.
  var towardsSample: AffinityRectangle<T> {
    AffinityRectangle(affinity: sample, rows: points, columns: AffinityPoints(nodesOf: sample))
  }
  var fromSample: AffinityRectangle<T> {
    AffinityRectangle(affinity: sample, rows: AffinityPoints(nodesOf: sample), columns: points)
  }

  /// What the derivative of f(x) takes from the sample: d_j^(−1/2)·u_j/λ, [M, K].
  func weightedVectors() -> Matrix<Double> {
    let k = pairs.wanted
    let result = Matrix<Double>(uninitialized: nodes.count, k)
    for j in 0..<nodes.count {
      for c in 0..<k { result[j, c] = sample.scales.pointer[j] * own.vectors[j, c] / own.values[c] }
    }
    return result
  }
}
