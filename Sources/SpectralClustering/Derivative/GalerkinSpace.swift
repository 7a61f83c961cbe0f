/// An orthonormal space V outside the Ritz vectors W, grown from residuals, in which all the systems
/// (λ_c − A)·x_c = b_c are solved at once: a Krylov space does not depend on the shift, and many right-hand sides point in few
/// directions, so that far fewer products with A are needed than if every system had its own.
///
/// Kept beside V: what A leaves outside of V and W, so that residuals come without cancellation.
final class GalerkinSpace<T: SpectralScalar> {
  private let affinity: NormalizedAffinity<T>
  private let splitting: RitzSplitting<T>
  /// The wanted eigenvectors, [N, K], to which everything here is orthogonal.
  private let excluded: Matrix<T>
  let capacity: Int
  private(set) var count = 0

  /// V, in the blocks that it grew by: how many there will be is not known, and memory for the most would be the largest there is.
  private var vectors: [Matrix<T>] = []
  /// (1 − VVᵀ − WWᵀ)·[Q, A·V], block by block.
  private var outside: [Matrix<T>] = []
  /// VᵀAV and VᵀQ.
  private let projectedStore: Matrix<Double>
  private let couplingStore: Matrix<Double>
  /// The right-hand sides as far as they are outside of V and W, [N, C], and their components in V and W.
  private let outsideRightSides: Matrix<T>
  private let componentStore: Matrix<Double>
  private var ritzComponents: Matrix<Double>

  private var remainderWidth: Int { splitting.remainder.columns }

  /// - Parameters:
  ///   - rightSides: [N, C], orthogonal to `excluded`; overwritten.
  init(
    _ affinity: NormalizedAffinity<T>, _ splitting: RitzSplitting<T>, excluded: Matrix<T>, rightSides: Matrix<T>, capacity: Int
  ) {
    (self.affinity, self.splitting, self.excluded, self.capacity) = (affinity, splitting, excluded, capacity)
    projectedStore = Matrix(uninitialized: capacity, capacity)
    couplingStore = Matrix(uninitialized: capacity, splitting.remainder.columns)
    componentStore = Matrix(uninitialized: capacity, rightSides.columns)
    outsideRightSides = rightSides
    let components = Matrix.innerProducts(splitting.vectors, rightSides)
    Matrix.multiply(splitting.vectors, components, alpha: -1, beta: 1, into: rightSides)
    ritzComponents = components.converted()
    subtractShare(of: excluded.view, from: rightSides.view)
    reset()
  }

  private func reset() {
    (count, vectors) = (0, [])
    outside = [splitting.remainder.copy()]
  }

  /// Begins anew with other right-hand sides, orthogonal to the excluded and the Ritz vectors.
  func restart(rightSides: Matrix<T>) {
    outsideRightSides.view.copy(from: rightSides.view)
    ritzComponents = Matrix(ritzComponents.rows, ritzComponents.columns)
    reset()
  }

  /// The systems as V and W see them.
  var reduced: ReducedSystems {
    let known = 0..<count
    return ReducedSystems(
      projected: projectedStore.view.rows(known).columns(known).copied(), coupling: couplingStore.view.rows(known).copied(),
      components: componentStore.view.rows(known).copied(), ritzComponents: ritzComponents, ritzValues: splitting.values,
      remainder: splitting.coefficients)
  }

  /// b_c − (λ_c − A)·x_c of some of the columns.
  func residual(_ solution: ReducedSystems.Solution, columns: [Int]) -> Matrix<T> {
    let result = outsideRightSides.selecting(columns: columns)
    let factors = solution.remainder.selecting(columns: columns).stacked(solution.inner.selecting(columns: columns))
    addProduct(of: outside, factors.converted(), to: result)
    return result
  }

  /// target += V·y + W·z
  func add(_ solution: ReducedSystems.Solution, to target: Matrix<T>) {
    MatrixView.multiply(splitting.vectors.view, solution.ritz.converted(), alpha: 1, beta: 1, into: target.view)
    addProduct(of: vectors, solution.inner.converted(), to: target)
  }

  /// target += [B₁ B₂ …]·factors
  private func addProduct(of blocks: [Matrix<T>], _ factors: Matrix<T>, to target: Matrix<T>) {
    var first = 0
    for block in blocks {
      Matrix.multiply(block, factors.view.rows(first..<first + block.columns).copied(), alpha: 1, beta: 1, into: target)
      first += block.columns
    }
  }

  /// Adds the span of a block.
  ///
  /// - Parameter block: [N, any], up to rounding orthogonal to V and W; overwritten.
  /// - Returns: whether anything of it was new.
  func append(_ block: Matrix<T>) throws(SpectralError) -> Bool {
    // Columns are scaled first, so that what rounding leaves of a small one is as small.
    scaleColumns(block)
    for known in [excluded, splitting.vectors] + vectors { subtractShare(of: known.view, from: block.view) }
    var fresh = try orthonormalized(block, against: nil)
    if fresh.columns > capacity - count { fresh = fresh.selecting(columns: Array(0..<capacity - count)) }
    if fresh.columns == 0 { return false }

    let old = count
    // What was outside is so no longer as far as it lies along the new vectors. Of A·V that is VᵀA times these, found below.
    let along = outside.map { subtractShare(of: fresh.view, from: $0.view) }[0]
    let components = subtractShare(of: fresh.view, from: outsideRightSides.view)
    vectors.append(fresh)
    let image = affinity.product(fresh)
    count += fresh.columns
    let projected = vectors.map { subtractShare(of: $0.view, from: image.view) }
      .reduce(Matrix(0, fresh.columns)) { $0.stacked($1) }
    record(old, along: along, components: components, projected: projected)
    // Wᵀ·A·v = Cᵀ·Qᵀ·v
    let shares = couplingStore.view.rows(old..<count).copied()
    let ritz = smallProduct(splitting.coefficients, shares, transposeA: true, transposeB: true)
    MatrixView.multiply(splitting.vectors.view, ritz.converted(), alpha: -1, beta: 1, into: image.view)
    subtractShare(of: excluded.view, from: image.view)
    outside.append(image)
    return true
  }

  private func record(_ old: Int, along: Matrix<T>, components: Matrix<T>, projected: Matrix<T>) {
    for row in 0..<along.rows {
      for column in 0..<remainderWidth { couplingStore[old + row, column] = Double(along[row, column]) }
      for column in 0..<components.columns { componentStore[old + row, column] = Double(components[row, column]) }
    }
    for column in old..<count {
      for row in 0..<count {
        let value = Double(projected[row, column - old])
        // Symmetric up to rounding.
        projectedStore[row, column] = row < old ? value : (value + Double(projected[column, row - old])) / 2
        projectedStore[column, row] = projectedStore[row, column]
      }
    }
  }

  /// block −= B·(Bᵀ·block) for orthonormal B.
  ///
  /// - Returns: Bᵀ·block
  @discardableResult
  private func subtractShare(of basis: MatrixView<T>, from block: MatrixView<T>) -> Matrix<T> {
    let components = MatrixView.innerProducts(basis, block)
    if basis.columns > 0 { MatrixView.multiply(basis, components, alpha: -1, beta: 1, into: block) }
    return components
  }
}
