/// Thick-restarted block Krylov iteration with Rayleigh–Ritz (Golub & Underwood 1977; Stathopoulos, Saad & Wu 1998).
///
/// The basis is expanded by the residuals of the leading unconverged Ritz pairs, which span the next Krylov block, and is
/// kept orthonormal in full. A block finds repeated eigenvalues up to its width; because more copies could still hide
/// (λ = 1 of a graph in many pieces), a converged answer is probed with new random directions before it is believed.
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
  private var products = 0
  private var random = RandomSource(seed: 0x6e63_7574)

  /// Pairs beyond the wanted ones must be this accurate before the answer counts as complete.
  private static let extraTolerance = 1e-4

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
    capacity = min(size, 2 * kept + 6 * width)
    basis = start
    image = Matrix(size, 0)
  }

  mutating func solve() throws(SpectralError) -> LeadingEigenpairs {
    let start = basis
    basis = Matrix(size, 0)
    try expand(joined([start, randomBlock(width - 1)], rows: size))
    var probed: Double?
    var last: (values: [Double], vectors: Matrix<Double>, residuals: [Double]) = ([], Matrix(size, 0), [])
    for _ in 0..<400 {
      let (values, rotation) = try symmetricEigen(projected())
      let count = min(kept, values.count)
      let leading = rotation.selecting(columns: Array(0..<count))
      let ritz = Matrix.product(basis, leading)
      let ritzImage = Matrix.product(image, leading)
      let residuals = residualNorms(ritzImage, ritz, values)
      last = (Array(values.prefix(count)), ritz, residuals)

      let unconverged = (0..<count).filter { residuals[$0] > ($0 < wanted ? tolerance : Self.extraTolerance) }
      if unconverged.isEmpty && count == kept {
        if basis.columns == size { break }
        // Believed once new random directions have changed nothing.
        if let before = probed, abs(before - values[wanted - 1]) <= 10 * tolerance { break }
        probed = values[wanted - 1]
        if basis.columns + 3 * width > capacity { restart(rotation) }
        try probe()
        continue
      }
      if basis.columns + width > capacity { restart(rotation) }
      let next = residualBlock(ritz, ritzImage, values, Array(unconverged.prefix(width)))
      let before = basis.columns
      try expand(next)
      if basis.columns == before {
        if basis.columns == size { break }
        try expand(randomBlock(width))  // The basis is invariant: go on outside it.
      }
    }
    if let worst = last.residuals.prefix(wanted).max(), !(worst <= 1e3 * tolerance) {
      throw .notConverged("the eigenproblem stopped at a residual of \(worst); expected \(tolerance)")
    }
    canonicalizeSigns(last.vectors)
    return LeadingEigenpairs(
      values: last.values, vectors: last.vectors, residuals: last.residuals, wanted: wanted, products: products)
  }

  /// New directions and two powers of the operator on them: a copy of an eigenvalue that was missed has too small a share
  /// in random directions alone to show among the values that were found.
  private mutating func probe() throws(SpectralError) {
    try expand(randomBlock(width))
    for _ in 0..<2 {
      let newest = max(0, image.columns - width)..<image.columns
      try expand(image.selecting(columns: Array(newest)))
    }
  }

  private mutating func randomBlock(_ columns: Int) -> Matrix<Double> {
    Matrix(size, max(0, columns), random.normals(size * max(0, columns)))
  }

  /// VᵀAV, symmetric up to rounding.
  private func projected() -> Matrix<Double> {
    let product = Matrix.innerProducts(basis, image)
    for i in 0..<product.rows {
      for j in 0..<i {
        let mean = (product[i, j] + product[j, i]) / 2
        product[i, j] = mean
        product[j, i] = mean
      }
    }
    return product
  }

  private mutating func expand(_ block: Matrix<Double>) throws(SpectralError) {
    let room = size - basis.columns
    var fresh = try orthonormalized(block, against: basis)
    if fresh.columns > room { fresh = fresh.selecting(columns: Array(0..<room)) }
    if fresh.columns == 0 { return }
    products += fresh.columns
    image = joined([image, apply(fresh)], rows: size)
    basis = joined([basis, fresh], rows: size)
  }

  /// Keeps the leading Ritz vectors (more than are wanted, so that convergence is not lost) and forgets the rest.
  private mutating func restart(_ rotation: Matrix<Double>) {
    let leading = rotation.selecting(columns: Array(0..<min(rotation.columns, kept + width)))
    basis = Matrix.product(basis, leading)
    image = Matrix.product(image, leading)
  }

  private func residualBlock(
    _ ritz: Matrix<Double>, _ ritzImage: Matrix<Double>, _ values: [Double], _ columns: [Int]
  ) -> Matrix<Double> {
    let block = Matrix<Double>(uninitialized: size, columns.count)
    for row in 0..<size {
      for (index, column) in columns.enumerated() {
        block[row, index] = ritzImage[row, column] - values[column] * ritz[row, column]
      }
    }
    return block
  }
}
