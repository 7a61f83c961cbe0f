/// The largest eigenpairs of a symmetric operator A, with the residual of each, and the Ritz pairs that came with them.
struct LeadingEigenpairs: Sendable {
  /// Ritz values, largest first; the first ``reliable`` of them are eigenvalues.
  let values: [Double]
  /// Orthonormal Ritz vectors in columns, in the order of ``values``; each column's largest-magnitude entry is positive. All of
  /// them without a ``deflation``, otherwise the reliable ones.
  let vectors: Matrix<Double>
  /// The Ritz pairs after the wanted ones; `nil` if they are eigenpairs, without residuals.
  let deflation: Deflation?
  /// ‖A·v − λ·v‖ of each.
  let residuals: [Double]
  /// How many of them, from the first on, were asked for. The others serve deflation.
  let wanted: Int
  /// How many, from the first on, are accurate enough to tell where the spectrum has gaps.
  let reliable: Int
  /// Products of the operator with a vector that it took.
  let products: Int
}

/// Ritz pairs in the precision of the solves that they deflate: there are hundreds, which in double would be what is largest
/// without a stored affinity.
enum Deflation: Sendable {
  case single(RitzSplitting<Float>)
  case double(RitzSplitting<Double>)

  func splitting<T: SpectralScalar>(_: T.Type = T.self) -> RitzSplitting<T>? {
    switch self {
    case .single(let splitting): splitting as? RitzSplitting<T>
    case .double(let splitting): splitting as? RitzSplitting<T>
    }
  }
}

extension LeadingEigenpairs {
  /// - Parameters:
  ///   - pairs: their memory is used for something else.
  ///   - precision: of the affinity.
  init(_ pairs: RitzPairs, precision: DType) throws(SpectralError) {
    let others = pairs.wanted..<pairs.values.count
    let (values, vectors) = (Array(pairs.values[others]), pairs.vectors.columns(others))
    // Before the residuals are used up, in the order of what is kept.
    let leading = pairs.vectors.columns(0..<pairs.reliable).copied()
    let residuals = pairs.residuals.columns(others)
    if precision == .float32 {
      deflation = .single(try RitzSplitting(values: values, vectors: vectors, consuming: residuals))
    } else {
      deflation = .double(try RitzSplitting(values: values, vectors: vectors, consuming: residuals))
    }
    (self.values, self.vectors, self.residuals) = (pairs.values, leading, pairs.norms)
    (wanted, reliable, products) = (pairs.wanted, pairs.reliable, pairs.products)
  }
}

/// From this many nodes on iterations take products in the precision of the affinity as far as those carry.
let roundedProductLimit = 4096

/// How far the iterations go.
struct SpectralAccuracy: Sendable {
  /// Residual ‖Av − λv‖ to which eigenpairs are taken.
  var eigenpairs: Double
  /// Relative residual to which linear solves are taken.
  var solves: Double
  /// Eigenpairs of up to this many nodes come from a full decomposition.
  var fullDecompositionLimit = 512

  init<T: SpectralScalar>(of: T.Type) { (eigenpairs, solves) = (T.eigenTolerance, T.solveTolerance) }
}

extension NormalizedAffinity {
  /// The `count` largest eigenpairs.
  func leadingEigenpairs(_ count: Int) throws(SpectralError) -> LeadingEigenpairs {
    if nodeCount <= max(accuracy.fullDecompositionLimit, 3 * count) { return try fullDecomposition(count) }
    let start = scales.copy()
    // d^(1/2) is the eigenvector of the eigenvalue 1.
    let length = degrees.reduce(0, +).squareRoot()
    for i in 0..<nodeCount { start.pointer[i] = 1 / scales.pointer[i] / length }
    if nodeCount >= roundedProductLimit, T.panelError != nil { return try refinedEigenpairs(count, start) }
    var solver = BlockKrylov(
      wanted: count, tolerance: { [accuracy] _ in accuracy.eigenpairs }, start: start, image: start, apply: { self.apply($0) })
    solver.onProgress = tellEigenvectors
    return try LeadingEigenpairs(checked(solver.pairs(try solver.solve())), precision: T.dtype)
  }

  /// Eigenpairs to the rounding of the products in the precision of W, which are fast; from there on with exact products.
  private func refinedEigenpairs(_ count: Int, _ start: Matrix<Double>) throws(SpectralError) -> LeadingEigenpairs {
    let error = T.panelError ?? 0
    var rough = BlockKrylov(
      // Of A's norm, 1, a product on any vector keeps an error of about ε·√128/√N in sums of 128 terms that cancel: at most
      // 4e-9 from `roundedProductLimit` nodes on.
      wanted: count, tolerance: { [accuracy] value in accuracy.eigenpairs + error * (abs(value) + 0.04) }, start: start,
      image: start,
      apply: { self.applyRounded($0) })
    rough.restarts = false
    rough.onProgress = tellEigenvectors
    let found = try rough.solve()
    var space = rough.pairs(found)
    // Where only rounding is left, a few pairs are refined and the others deflate as they are. Otherwise the basis was full
    // before the pairs converged, and the iteration goes on from its better half.
    let worst = found.residuals.prefix(count).max() ?? 0
    let isClose = worst <= 1e2 * accuracy.eigenpairs
    let carried = min(space.values.count, isClose ? rough.kept + 2 : max(rough.kept + 2, 240))
    var fine = BlockKrylov(
      wanted: count, tolerance: { [accuracy] _ in accuracy.eigenpairs },
      start: space.vectors.columns(0..<carried).copied(),
      longest: isClose ? 0 : BlockKrylov.usualLength, apply: { self.apply($0) })
    fine.probes = !isClose
    fine.onProgress = tellEigenvectors
    if isClose { fine.correction = { [space] in space.corrections($0, values: $1, from: carried) } }
    let pairs = try checked(fine.pairs(try fine.solve()))
    if !isClose { return try LeadingEigenpairs(pairs, precision: T.dtype) }
    space.refine(by: pairs, fine.kept)
    return try LeadingEigenpairs(space, precision: T.dtype)
  }

  private func tellEigenvectors(_ converged: Int, _ wanted: Int) { progress.tell(converged, of: wanted, "eigenvectors") }

  private func checked(_ pairs: RitzPairs) throws(SpectralError) -> RitzPairs {
    if let worst = pairs.norms.prefix(pairs.wanted).max(), !(worst <= 1e3 * accuracy.eigenpairs) {
      throw .notConverged("the eigenproblem stopped at a residual of \(worst); expected \(accuracy.eigenpairs)")
    }
    return pairs
  }

  private func fullDecomposition(_ count: Int) throws(SpectralError) -> LeadingEigenpairs {
    let n = nodeCount
    let (dense, weights) = (Matrix<Double>(uninitialized: n, n), denseWeights())
    for i in 0..<n {
      for j in 0..<n { dense[i, j] = scales.pointer[i] * Double(weights[i, j]) * scales.pointer[j] }
    }
    let (values, vectors) = try symmetricEigen(dense)
    canonicalizeSigns(vectors.view)
    let image = Matrix.product(dense, vectors)
    return LeadingEigenpairs(
      values: values, vectors: vectors, deflation: nil, residuals: residualNorms(image, vectors, values), wanted: count,
      reliable: n, products: n)
  }
}

/// ‖a_j − λ_j v_j‖ for each column.
func residualNorms(_ image: Matrix<Double>, _ vectors: Matrix<Double>, _ values: [Double]) -> [Double] {
  let count = vectors.columns
  let chunks = (vectors.rows + tallChunk - 1) / tallChunk
  let partial = Matrix<Double>(chunks, count)
  Parallel.forEachChunk(of: vectors.rows, size: tallChunk) { rows in
    let squares = partial.row(rows.lowerBound / tallChunk)
    for row in rows {
      let (a, v) = (image.row(row), vectors.row(row))
      for column in 0..<count {
        let difference = a[column] - values[column] * v[column]
        squares[column] += difference * difference
      }
    }
  }
  return (0..<count).map { column in (0..<chunks).reduce(0) { $0 + partial[$1, column] }.squareRoot() }
}

/// Fixes each column's sign by its largest-magnitude entry, the first of equals (a sum could be exactly zero).
///
/// - Returns: by what each column was multiplied, 1 or −1.
@discardableResult
func canonicalizeSigns(_ vectors: MatrixView<Double>) -> [Double] {
  let count = vectors.columns
  let chunks = (vectors.rows + tallChunk - 1) / tallChunk
  let candidates = Matrix<Double>(chunks, count)
  Parallel.forEachChunk(of: vectors.rows, size: tallChunk) { rows in
    let largest = candidates.row(rows.lowerBound / tallChunk)
    for row in rows { takeLarger(vectors.row(row), largest, count) }
  }
  let largest = Matrix<Double>(1, count)
  for chunk in 0..<chunks { takeLarger(candidates.row(chunk), largest.pointer, count) }
  let signs = (0..<count).map { largest.pointer[$0] < 0 ? -1.0 : 1.0 }
  Parallel.forEachChunk(of: vectors.rows, size: tallChunk) { rows in
    for row in rows {
      let values = vectors.row(row)
      for column in signs.indices { values[column] *= signs[column] }
    }
  }
  return signs
}

/// Mirror images in exact arithmetic must not be told apart by rounding: larger is what is larger by more than that.
private func takeLarger(_ values: UnsafePointer<Double>, _ largest: UnsafeMutablePointer<Double>, _ count: Int) {
  for column in 0..<count where abs(values[column]) > abs(largest[column]) * (1 + 1e-9) { largest[column] = values[column] }
}
