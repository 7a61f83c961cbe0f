/// Thick-restarted block Krylov iteration with Rayleigh–Ritz (Golub & Underwood 1977; Stathopoulos, Saad & Wu 1998).
///
/// The basis is kept orthonormal in full, and long: what it learns of the spectrum below the wanted pairs later deflates
/// the linear solves of the derivative. A block finds repeated eigenvalues up to its width; because more copies could still
/// hide (λ = 1 of a graph in many pieces), a converged answer is probed with new random directions before it is believed.
struct BlockKrylov {
  private let size: Int
  private let wanted: Int
  private let kept: Int
  private let width: Int
  private let capacity: Int
  private let tolerance: Double
  private let apply: (Matrix<Double>) -> Matrix<Double>

  private var basis: Matrix<Double>
  private var image: Matrix<Double>
  /// VᵀAV for the basis V, extended as it grows.
  private var projected = Matrix<Double>(0, 0)
  private var products = 0
  private var random = RandomSource(seed: 0x6e63_7574)

  /// Longest basis, if there are that many nodes.
  private static let longest = 480

  /// - Parameters:
  ///   - size: of the operator.
  ///   - wanted: number of eigenpairs.
  ///   - tolerance: largest ‖A·v − λ·v‖ of a wanted pair.
  ///   - start: a vector known to be useful, [size, 1].
  ///   - apply: the operator on a block of vectors.
  init(
    size: Int, wanted: Int, tolerance: Double, start: Matrix<Double>,
    apply: @escaping (Matrix<Double>) -> Matrix<Double>
  ) {
    self.size = size
    self.wanted = wanted
    self.tolerance = tolerance
    self.apply = apply
    kept = min(size, wanted + max(10, wanted / 2))
    width = min(size, max(8, min(16, wanted)))
    capacity = min(size, max(Self.longest, 2 * kept + 6 * width))
    basis = start
    image = Matrix(size, 0)
  }

  /// Rayleigh–Ritz on the current basis.
  private struct Ritz {
    let values: [Double]
    /// Combines the basis into Ritz vectors.
    let rotation: Matrix<Double>
    /// The first ``BlockKrylov/kept`` Ritz vectors, their images and residual norms.
    let vectors: Matrix<Double>
    let image: Matrix<Double>
    let residuals: [Double]
  }

  mutating func solve() throws(SpectralError) -> LeadingEigenpairs {
    let start = basis
    basis = Matrix(size, 0)
    try expand(joined([start, randomBlock(width - 1)], rows: size))
    var probed: Double?
    var ritz = try rayleighRitz()
    for _ in 0..<200 {
      let open = unconverged(ritz)
      if open.isEmpty {
        if basis.columns == size { break }
        // Believed once new random directions have changed nothing.
        if let before = probed, abs(before - ritz.values[wanted - 1]) <= 10 * tolerance { break }
        probed = ritz.values[wanted - 1]
        if basis.columns + 3 * width > capacity { restart(ritz) }
        try probe()
      } else {
        if basis.columns + width > capacity { restart(ritz) }
        let before = basis.columns
        try expand(residualBlock(ritz, Array(open.prefix(width))))
        if basis.columns == before {
          if basis.columns == size { break }
          try expand(randomBlock(width))  // The basis is invariant: go on outside it.
        }
        // A decomposition costs more the longer the basis is; between two of them it grows by a sixth.
        let next = min(capacity - width, basis.columns * 7 / 6)
        while basis.columns < next { try expandByImage() }
      }
      ritz = try rayleighRitz()
    }
    if let worst = ritz.residuals.prefix(wanted).max(), !(worst <= 1e3 * tolerance) {
      throw .notConverged("the eigenproblem stopped at a residual of \(worst); expected \(tolerance)")
    }
    return pairs(ritz)
  }

  /// Wanted pairs whose residual is too large and, so that none is missed and the gap is known, others of the same size.
  private func unconverged(_ ritz: Ritz) -> [Int] {
    let extraTolerance = max(tolerance, 1e-3 * abs(ritz.values[min(wanted, ritz.values.count) - 1]))
    let open = ritz.residuals.indices.filter { ritz.residuals[$0] > ($0 < wanted ? tolerance : extraTolerance) }
    return ritz.residuals.count < min(kept, size) ? Array(ritz.residuals.indices) : open
  }

  private func rayleighRitz() throws(SpectralError) -> Ritz {
    let (values, rotation) = try symmetricEigen(projected)
    let leading = rotation.selecting(columns: Array(0..<min(kept, values.count)))
    let (vectors, images) = (Matrix.product(basis, leading), Matrix.product(image, leading))
    return Ritz(
      values: values, rotation: rotation, vectors: vectors, image: images,
      residuals: residualNorms(images, vectors, values))
  }

  private func pairs(_ ritz: Ritz) -> LeadingEigenpairs {
    let vectors = Matrix.product(basis, ritz.rotation)
    let residuals = Matrix.product(image, ritz.rotation)
    for row in 0..<size {
      let (r, v) = (residuals.row(row), vectors.row(row))
      for column in ritz.values.indices { r[column] -= ritz.values[column] * v[column] }
    }
    var norms = [Double](repeating: 0, count: ritz.values.count)
    Double.columnDots(residuals.pointer, residuals.pointer, size, residuals.columns, &norms)
    // Residuals change sign with their vectors.
    for (column, sign) in canonicalizeSigns(vectors).enumerated() where sign < 0 {
      for row in 0..<size { residuals[row, column] = -residuals[row, column] }
    }
    return LeadingEigenpairs(
      values: ritz.values, vectors: vectors,
      extraResiduals: residuals.selecting(columns: Array(wanted..<ritz.values.count)),
      residuals: norms.map { $0.squareRoot() }, wanted: wanted, reliable: min(kept, ritz.values.count), products: products)
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
    let room = size - basis.columns
    var fresh = try orthonormalized(block, against: basis)
    if fresh.columns > room { fresh = fresh.selecting(columns: Array(0..<room)) }
    if fresh.columns == 0 { return }
    products += fresh.columns
    let freshImage = apply(fresh)
    basis = joined([basis, fresh], rows: size)
    image = joined([image, freshImage], rows: size)
    extendProjected(Matrix.innerProducts(basis, freshImage))
  }

  /// The next Krylov block: the image of the last one.
  private mutating func expandByImage() throws(SpectralError) {
    let last = min(width, basis.columns)
    let before = basis.columns
    try expand(image.selecting(columns: Array(before - last..<before)))
    if basis.columns == before { try expand(randomBlock(width)) }
  }

  /// Adds the products of the whole basis with the newest images as last columns and rows.
  private mutating func extendProjected(_ columns: Matrix<Double>) {
    let (old, count) = (projected.rows, columns.rows)
    let grown = Matrix<Double>(count, count)
    for i in 0..<old { for j in 0..<old { grown[i, j] = projected[i, j] } }
    for i in 0..<count {
      for j in old..<count {
        // Symmetric up to rounding; the mean of both where both are known.
        let value = i < old ? columns[i, j - old] : (columns[i, j - old] + columns[j, i - old]) / 2
        grown[i, j] = value
        grown[j, i] = value
      }
    }
    projected = grown
  }

  /// Keeps the leading half of the Ritz vectors and forgets the rest.
  private mutating func restart(_ ritz: Ritz) {
    let count = min(ritz.values.count, max(kept + width, capacity / 2))
    let leading = ritz.rotation.selecting(columns: Array(0..<count))
    basis = Matrix.product(basis, leading)
    image = Matrix.product(image, leading)
    projected = Matrix(count, count)
    for i in 0..<count { projected[i, i] = ritz.values[i] }
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
