/// How the rows of a tall matrix M lie over the nodes, and over those of a segment S: what bounds |A|·|M| without a product,
/// because A·√d = √d for the positive A = S·W·S, so that rows with ‖m_i‖ ≤ α·√d_i have images with the same bound.
struct RowReach: Sendable {
  /// ‖M‖_F
  let norm: Double
  /// α = max ‖m_i‖/√d_i.
  let relative: Double
  /// ‖M_S‖_F
  let segmentNorm: Double
  /// max ‖m_i‖ in S.
  let segmentLargest: Double

  @_specialize(where T == Float)
  @_specialize(where T == Double)
  init<T: SpectralScalar>(_ matrix: Matrix<T>, degrees: [Double], segment: [Int]) {
    func length(_ row: Int) -> Double { T.dot(matrix.row(row), matrix.row(row), matrix.columns).squareRoot() }
    var (square, relative) = (0.0, 0.0)
    for row in 0..<matrix.rows {
      let own = length(row)
      square += own * own
      relative = max(relative, own / degrees[row].squareRoot())
    }
    let own = segment.map(length)
    (norm, self.relative) = (square.squareRoot(), relative)
    (segmentNorm, segmentLargest) = (SpectralClustering.norm(own), own.max() ?? 0)
  }
}

/// The degrees of a segment's nodes.
struct SegmentDegrees: Sendable {
  /// √(max d)
  let largest: Double
  /// √(Σ d)
  let total: Double

  init(_ nodes: [Int], degrees: [Double]) {
    largest = (nodes.map { degrees[$0] }.max() ?? 0).squareRoot()
    total = nodes.reduce(0) { $0 + degrees[$1] }.squareRoot()
  }

  /// Bounds of Σ_j |C_ij| over the segment's nodes i, of its 2-norm and of its sum, for the C = B∘W that a factor F gives beside
  /// M in Ā = ½(F·Mᵀ + M·Fᵀ), for ‖F‖_F = 1: what comes of A∘Ā, ½·d̄_i and ½·d̄_j.
  func largestSum(_ m: RowReach) -> Double { 0.75 * (m.segmentLargest + m.relative * largest) + 0.5 * m.relative * largest }
  func totalSum(_ m: RowReach) -> Double { 0.75 * (m.segmentNorm + m.relative * total) + 0.5 * m.relative * total }
}
