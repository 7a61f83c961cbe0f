/// Thick-restarted block Krylov iteration with Rayleigh–Ritz (Golub & Underwood 1977; Stathopoulos, Saad & Wu 1998).
///
/// The basis is kept orthonormal in full, and long: what it learns of the spectrum below the wanted pairs later deflates
/// the linear solves of the derivative. A block finds repeated eigenvalues up to its width; because more copies could still
/// hide (λ = 1 of a graph in many pieces), a converged answer is probed with new random directions before it is believed.
struct BlockKrylov {
  private let size: Int
  private let wanted: Int
  private let width: Int
  private let tolerance: (Double) -> Double
  private let apply: (Matrix<Double>) -> Matrix<Double>
  private let basis: KrylovBasis
  private var random = RandomSource(seed: 0x6e63_7574)

  /// Pairs that are computed accurately: the wanted ones and some more, which tell the gap.
  let kept: Int
  /// Products of the operator with a vector so far.
  private(set) var products = 0
  /// Whether a converged answer is probed (default), or was found in a space that has been.
  var probes = true
  /// What turns the residuals of pairs with the given values into better directions; `nil` takes them as they are.
  var correction: ((_ residuals: Matrix<Double>, _ values: [Double]) -> Matrix<Double>)?
  /// Told how many of the wanted pairs have converged.
  var onProgress: ((_ converged: Int, _ wanted: Int) -> Void)?
  /// Whether to go on from the best half when the basis is full (default), or to stop there.
  var restarts = true

  /// Long enough to separate what is worth deflating.
  static let usualLength = 480

  /// - Parameters:
  ///   - wanted: number of eigenpairs.
  ///   - tolerance: largest ‖A·v − λ·v‖ of a wanted pair, for its λ.
  ///   - start: orthonormal vectors known to be useful, [size, any].
  ///   - image: of `start`, if it is known.
  ///   - longest: of the basis, if there are that many nodes and it is enough.
  ///   - apply: the operator on a block of vectors.
  init(
    wanted: Int, tolerance: @escaping (Double) -> Double, start: Matrix<Double>, image: Matrix<Double>? = nil,
    longest: Int = usualLength, apply: @escaping (Matrix<Double>) -> Matrix<Double>
  ) {
    size = start.rows
    self.wanted = wanted
    self.tolerance = tolerance
    self.apply = apply
    kept = min(size, wanted + max(10, wanted / 2))
    width = min(size, max(8, min(16, wanted)))
    basis = KrylovBasis(rows: size, capacity: min(size, max(longest, 2 * kept + 6 * width)))
    if image == nil { products += start.columns }
    basis.append(start, image: image ?? apply(start))
  }

  /// Rayleigh–Ritz on the current basis.
  struct Ritz {
    let values: [Double]
    /// Combines the basis into Ritz vectors.
    let rotation: Matrix<Double>
    /// The first ``BlockKrylov/kept`` Ritz vectors, their images and residual norms.
    let vectors: Matrix<Double>
    let image: Matrix<Double>
    let residuals: [Double]
  }

  /// Iterates until the wanted pairs have converged, or as far as it gets.
  mutating func solve() throws(SpectralError) -> Ritz {
    if basis.count < width { try expand(randomBlock(width - basis.count)) }
    var probed: Double?
    var ritz = try rayleighRitz()
    for _ in 0..<200 {
      let open = unconverged(ritz)
      onProgress?(wanted - open.count { $0 < wanted }, wanted)
      if basis.count == size { break }
      if open.isEmpty {
        if !probes { break }
        // Believed once new random directions have changed nothing.
        let last = ritz.values[wanted - 1]
        if let before = probed, abs(before - last) <= 10 * tolerance(last) { break }
        probed = last
        if basis.count + 3 * width > basis.capacity { restart(ritz) }
        try probe()
      } else {
        if basis.count + width > basis.capacity {
          if !restarts { break }
          restart(ritz)
        }
        try extend(ritz, open)
      }
      ritz = try rayleighRitz()
    }
    return ritz
  }

  /// Adds the residuals of what has not converged, and Krylov blocks from there on.
  private mutating func extend(_ ritz: Ritz, _ open: [Int]) throws(SpectralError) {
    let before = basis.count
    let chosen = Array(open.prefix(correction == nil ? width : wanted))
    let residuals = residualBlock(ritz, chosen)
    try expand(correction?(residuals, chosen.map { ritz.values[$0] }) ?? residuals)
    if basis.count == before {
      if basis.count == size { return }
      try expand(randomBlock(width))  // The basis is invariant: go on outside it.
    }
    // A decomposition costs more the longer the basis is; between two of them it grows by a quarter.
    let next = min(basis.capacity - width, basis.count * 5 / 4)
    while correction == nil && basis.count < next { try expandByImage() }
  }

  /// Wanted pairs whose residual is too large and, so that none is missed and the gap is known, others of the same size.
  private func unconverged(_ ritz: Ritz) -> [Int] {
    let last = ritz.values[min(wanted, ritz.values.count) - 1]
    let extraTolerance = max(tolerance(last), 1e-3 * abs(last))
    let open = ritz.residuals.indices.filter {
      ritz.residuals[$0] > ($0 < wanted ? tolerance(ritz.values[$0]) : extraTolerance)
    }
    return ritz.residuals.count < min(kept, size) ? Array(ritz.residuals.indices) : open
  }

  private func rayleighRitz() throws(SpectralError) -> Ritz {
    let (values, rotation) = try symmetricEigen(basis.projected)
    let leading = rotation.selecting(columns: Array(0..<min(kept, values.count)))
    let (vectors, images) = (MatrixView.product(basis.vectors, leading), MatrixView.product(basis.images, leading))
    return Ritz(
      values: values, rotation: rotation, vectors: vectors, image: images,
      residuals: residualNorms(images, vectors, values))
  }

  /// The Ritz pairs that are worth keeping, with their residuals: beside the accurate ones those whose value is no less than
  /// a tenth of the last wanted one in magnitude. The others would not speed up a solve that is shifted by it.
  ///
  /// They take the place of the basis; nothing can be asked of the iteration after that.
  func pairs(_ ritz: Ritz) -> RitzPairs {
    let limit = 0.1 * abs(ritz.values[min(wanted, ritz.values.count) - 1])
    let chosen = ritz.values.indices.filter { $0 < kept || abs(ritz.values[$0]) >= limit }
    let values = chosen.map { ritz.values[$0] }
    basis.rotate(by: ritz.rotation.selecting(columns: chosen))
    let (vectors, residuals) = (basis.vectors, basis.images)
    // Residuals change sign with their vectors.
    let signs = canonicalizeSigns(vectors)
    subtractScaled(residuals, values, vectors, signs: signs)
    return RitzPairs(
      values: values, vectors: vectors, residuals: residuals, norms: columnNorms(residuals), wanted: wanted,
      reliable: min(kept, values.count), products: products)
  }

  /// image ← sign·image − λ·v
  private func subtractScaled(
    _ image: MatrixView<Double>, _ values: [Double], _ vectors: MatrixView<Double>, signs: [Double]
  ) {
    Parallel.forEachChunk(of: size, size: tallChunk) { rows in
      for row in rows {
        let (r, v) = (image.row(row), vectors.row(row))
        for column in values.indices { r[column] = signs[column] * r[column] - values[column] * v[column] }
      }
    }
  }

  /// New directions and two powers of the operator on them: a copy of an eigenvalue that was missed has too small a share
  /// in random directions alone to show among the values that were found.
  private mutating func probe() throws(SpectralError) {
    try expand(randomBlock(width))
    for _ in 0..<2 { try expandByImage() }
  }

  private mutating func randomBlock(_ columns: Int) -> Matrix<Double> {
    Matrix(size, max(0, columns), random.normals(size * max(0, columns)))
  }

  private mutating func expand(_ block: Matrix<Double>) throws(SpectralError) {
    let room = size - basis.count
    var fresh = try orthonormalized(block, against: basis.vectors)
    if fresh.columns > room { fresh = fresh.selecting(columns: Array(0..<room)) }
    if fresh.columns == 0 { return }
    products += fresh.columns
    basis.append(fresh, image: apply(fresh))
  }

  /// The next Krylov block: the image of the last one.
  private mutating func expandByImage() throws(SpectralError) {
    let before = basis.count
    let last = min(width, before)
    try expand(basis.images.selecting(columns: Array(before - last..<before)))
    if basis.count == before { try expand(randomBlock(width)) }
  }

  /// Keeps the leading half of the Ritz vectors and forgets the rest.
  private func restart(_ ritz: Ritz) {
    let count = min(ritz.values.count, max(kept + width, basis.capacity / 2))
    basis.restart(rotation: ritz.rotation.selecting(columns: Array(0..<count)), values: Array(ritz.values.prefix(count)))
  }

  private func residualBlock(_ ritz: Ritz, _ columns: [Int]) -> Matrix<Double> {
    let block = Matrix<Double>(uninitialized: size, columns.count)
    for row in 0..<size {
      for (index, column) in columns.enumerated() {
        block[row, index] = ritz.image[row, column] - ritz.values[column] * ritz.vectors[row, column]
      }
    }
    return block
  }
}
