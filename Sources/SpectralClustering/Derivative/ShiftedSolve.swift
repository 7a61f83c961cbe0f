/// Solves (λ_c I − A)·z_c = b_c on the complement of the wanted eigenvectors, for many columns c at once, by Galerkin's
/// condition in one space: the Ritz pairs beyond the wanted ones, whether they have converged or not, and directions grown
/// from the residuals of all systems together.
///
/// The operator is positive definite on that complement. With one right-hand side and no Ritz pairs this is the conjugate
/// gradient method; a space shared by all shifts is that of block Krylov methods for shifted systems (Simoncini, "Restarted
/// full orthogonalization method for shifted linear systems", BIT 2003), here cut down to the directions that matter.
struct ShiftedSolve<T: SpectralScalar> {
  let affinity: NormalizedAffinity<T>
  let pairs: LeadingEigenpairs
  /// The most directions of a space, for C columns; when they do not suffice, another one begins with what is left.
  private let capacity: (Int) -> Int

  init(
    _ affinity: NormalizedAffinity<T>, _ pairs: LeadingEigenpairs, capacity: @escaping (Int) -> Int = { 2 * $0 + 64 }
  ) {
    self.affinity = affinity
    self.pairs = pairs
    self.capacity = capacity
  }

  struct Solution {
    let z: Matrix<T>
    /// ‖b − (λ − A)z‖ of each column, relative to the norm of its group.
    let residuals: [Double]
    /// Largest share of a right-hand side along eigenvectors whose eigenvalue equals λ_c, or where no curvature is left:
    /// left out of z.
    let leftOut: Double
  }

  /// - Parameters:
  ///   - rightSides: [N, C], orthogonal to the wanted eigenvectors.
  ///   - shifts: λ_c, one for each column.
  ///   - group: number of neighbouring columns that belong to one cotangent. They enter it as a sum, so the accuracy of each
  ///     is relative to the norm of all of them: a column that hardly counts is not solved to the last digit.
  func solve(_ rightSides: Matrix<Double>, shifts: [Double], group: Int) throws(SpectralError) -> Solution {
    let squares = columnNorms(rightSides).map { $0 * $0 }
    let norms = squares.indices.map { column -> Double in
      let first = column / group * group
      let sum = squares[first..<min(squares.count, first + group)].reduce(0, +)
      return sum > 0 ? sum.squareRoot() : 1
    }
    guard let splitting: RitzSplitting<T> = pairs.deflation?.splitting() else {
      return solveInFull(rightSides, shifts, norms)
    }
    let excluded: Matrix<T> = pairs.vectors.view.columns(0..<pairs.wanted).converted()
    let room = affinity.nodeCount - pairs.values.count
    let space = GalerkinSpace(
      affinity, splitting, excluded: excluded, rightSides: scaled(rightSides, by: norms.map { 1 / $0 }),
      capacity: max(0, min(room, capacity(shifts.count))))
    let z = Matrix<T>(affinity.nodeCount, shifts.count)
    var (residuals, leftOut) = ([Double](), 0.0)
    for _ in 0..<40 {
      let before = residuals.max() ?? .infinity
      let (found, rest) = try grow(space, shifts)
      space.add(found, to: z)
      residuals = columnNorms(rest)
      leftOut = max(leftOut, found.leftOut)
      let worst = residuals.max() ?? 0
      if worst <= affinity.accuracy.solves || worst > 0.5 * before { break }
      space.restart(rightSides: rest)
    }
    scaleColumns(z, by: norms)
    return Solution(z: z, residuals: residuals, leftOut: min(1, leftOut))
  }

  /// Scaled before they are rounded, so that the smallest cotangent is not lost.
  private func scaled(_ rightSides: Matrix<Double>, by factors: [Double]) -> Matrix<T> {
    let result = Matrix<T>(uninitialized: rightSides.rows, rightSides.columns)
    Parallel.forEachChunk(of: rightSides.rows, size: 128) { rows in
      let part = rightSides.view.rows(rows).copied()
      Double.columnScale(factors, part.pointer, part.rows, part.columns)
      result.view.rows(rows).copy(from: part.converted().view)
    }
    return result
  }

  /// Grows the space until all columns have converged or it is full.
  ///
  /// - Returns: the solutions in it and the residuals of all columns.
  private func grow(
    _ space: GalerkinSpace<T>, _ shifts: [Double]
  ) throws(SpectralError) -> (found: ReducedSystems.Solution, rest: Matrix<T>) {
    let all = Array(shifts.indices)
    var open = all
    while true {
      let found = try space.reduced.solve(shifts: shifts, gapTolerance: T.gapTolerance)
      let rest = space.residual(found, columns: open)
      let norms = columnNorms(rest)
      let active = open.indices.filter { norms[$0] > affinity.accuracy.solves }
      affinity.progress.tell(all.count - active.count, of: all.count, "linear systems")
      if active.isEmpty && open.count < all.count {
        // What the others added can disturb a column that had converged.
        open = all
        continue
      }
      if active.isEmpty || space.count == space.capacity {
        return (found, open.count == all.count ? rest : space.residual(found, columns: all))
      }
      let block = try leadingDirections(rest.selecting(columns: active))
      if try !space.append(block) { return (found, space.residual(found, columns: all)) }
      open = active.map { open[$0] }
    }
  }

  /// The directions in which the columns are long, up to a width at which products run at full speed.
  private func leadingDirections(_ columns: Matrix<T>) throws(SpectralError) -> Matrix<T> {
    let (squares, vectors) = try symmetricEigen(Matrix.innerProducts(columns, columns).converted())
    let limit = 0.3 * affinity.accuracy.solves
    let resolved = T.dtype == .float32 ? 1e-7 : 1e-14
    let kept = squares.indices.prefix(Self.blockWidth).filter {
      squares[$0] > limit * limit && squares[$0] > resolved * squares[0]
    }
    return Matrix.product(columns, vectors.selecting(columns: Array(kept)).converted())
  }

  private static var blockWidth: Int { 192 }

  /// With all eigenpairs known.
  private func solveInFull(_ rightSides: Matrix<Double>, _ shifts: [Double], _ norms: [Double]) -> Solution {
    let components = Matrix.innerProducts(pairs.vectors, rightSides)
    var leftOut = 0.0
    for e in 0..<pairs.values.count {
      for c in shifts.indices {
        let gap = shifts[c] - pairs.values[e]
        if e >= pairs.wanted && gap > T.gapTolerance {
          components[e, c] /= gap
        } else {
          if e >= pairs.wanted { leftOut = max(leftOut, abs(components[e, c]) / norms[c]) }
          components[e, c] = 0
        }
      }
    }
    return Solution(
      z: Matrix.product(pairs.vectors, components).converted(), residuals: norms.map { _ in 0 }, leftOut: leftOut)
  }
}
