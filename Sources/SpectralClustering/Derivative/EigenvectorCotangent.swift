/// What to do where λ_K = λ_{K+1}, so that the span of the eigenvectors has no derivative.
public enum ClosedGapRule: Sendable {
  /// An error, if the cotangent has a share along the missing directions.
  case refuse
  /// Those directions are left out, and the share that was is reported.
  case leaveOut
}

/// Ā in the form ½(L·Vᵀ + V·Lᵀ), with d̄ of the degrees: everything that the feature cotangent needs.
struct AffinityCotangent<T: SpectralScalar>: Sendable {
  /// [N, K]
  let factor: Matrix<T>
  /// d̄, [N, 1]
  let degrees: Matrix<T>

  /// Adds what depends on the degrees beside A.
  func add(degrees more: [Double]) {
    for index in 0..<degrees.count { degrees.pointer[index] += T(more[index]) }
  }
}

/// A cotangent of the leading eigenpairs.
struct EigenpairCotangent {
  /// Ḡ, [N, K]. Overwritten by who takes it.
  let vectors: Matrix<Double>
  /// λ̄, K numbers.
  let values: [Double]
  /// What the loss feels of VᵀδA·V directly, symmetric [K, K], beside what it feels of the vectors: of functions that are smooth in
  /// A inside the span although eigenvectors are not.
  var span: Matrix<Double>?
  /// M, [K, K], of a function that is not one of the vectors alone; by default it is made of the above.
  var coupling: Matrix<Double>?
  /// d̄, N numbers, of what depends on the degrees beside the eigenpairs. Default: nothing does.
  var degrees: [Double]?
}

/// What accuracies are measured against.
struct ExactReference<T: SpectralScalar> {
  let sample: RowSample<T>
  /// Above the spectrum beyond the wanted eigenvalues.
  let beyond: Double

  /// ‖A·V − V·Λ‖_F, at most, with what rounding has done to A.
  func vectorResidual(_ pairs: LeadingEigenpairs, _ leading: Matrix<Double>) -> Double {
    let image = leading.copy()
    scaleColumns(image, by: Array(pairs.values.prefix(leading.columns)))
    let rounding = sample.errors(leading, image: image)
    return norm(zip(pairs.residuals, rounding).map { $0 + $1 })
      + (productRounding(leading.rows) + sample.unmeasured) * Double(leading.columns).squareRoot()
  }
}

extension ShiftedSolve {
  struct Pullbacks {
    let cotangents: [AffinityCotangent<T>]
    /// Largest relative residual of the linear solves, for each cotangent.
    let residuals: [Double]
    let leftOut: Double
    /// How accurate it all is, if that was asked for.
    let accuracies: [SolveAccuracy]?
  }

  /// The cotangents of A for several cotangents of its leading eigenpairs, in one block solve.
  ///
  /// Column j of Z solves (λ_j I − A)·z_j = P·ḡ_j; M_ij = (C_ij − C_ji)/2(λ_j − λ_i) with C = VᵀḠ, antisymmetrised before
  /// it is divided, and M_jj = λ̄_j, to which what is given of the span is added. Then Ā = ½(Z·Vᵀ + V·Zᵀ) + V·M·Vᵀ.
  /// - Parameters:
  ///   - count: number of cotangents.
  ///   - closedGap: what to do where λ_K = λ_{K+1}.
  ///   - reference: what accuracies are measured against, if they are to be.
  ///   - cotangent: Ḡ, [N, K], and λ̄, K numbers, of each; asked for one at a time, because together they are large.
  func pullback(
    _ count: Int, closedGap: ClosedGapRule, reference: ExactReference<T>? = nil, cotangent: (Int) -> EigenpairCotangent
  ) throws(SpectralError) -> Pullbacks {
    let (n, k) = (affinity.nodeCount, pairs.wanted)
    let leading = pairs.vectors.selecting(columns: Array(0..<k))
    let rightSides = Matrix<Double>(uninitialized: n, count * k)
    var couplings: [Matrix<Double>] = []
    var degrees: [[Double]?] = []
    for index in 0..<count {
      let given = cotangent(index)
      degrees.append(given.degrees)
      let vectors = given.vectors
      let size = Double.dot(vectors.pointer, vectors.pointer, vectors.count).squareRoot()
      let components = Matrix.innerProducts(leading, vectors)
      if let known = given.coupling {
        couplings.append(known)
      } else {
        let coupled = try coupling(components, values: given.values, size: size)
        if let span = given.span { Double.axpy(1, span.pointer, coupled.pointer, coupled.count) }
        couplings.append(coupled)
      }
      Matrix.multiply(leading, components, alpha: -1, beta: 1, into: vectors)
      clearRounding(vectors, size: size)
      rightSides.view.columns(index * k..<(index + 1) * k).copy(from: vectors.view)
    }
    let shifts = (0..<rightSides.columns).map { pairs.values[$0 % k] }
    let solution = try solve(rightSides, shifts: shifts, group: k)
    if closedGap == .refuse && solution.leftOut > 1e-6 {
      throw .degenerate(
        "eigenvalues \(k) and \(k + 1) are equal (\(pairs.values[k - 1]) and \(pairs.values[k])): their eigenvectors have no "
          + "derivative on their own; ask for more or fewer of them")
    }
    var cotangents: [AffinityCotangent<T>] = []
    for (index, coupling) in couplings.enumerated() {
      cotangents.append(assemble(solution.z, index * k, leading, coupling, rightSides))
      if let own = degrees[index] { cotangents[index].add(degrees: own) }
    }
    let residuals = (0..<count).map { solution.residuals[$0 * k..<($0 + 1) * k].max() ?? 0 }
    let accuracies = reference.map {
      measure(solution.z, rightSides: rightSides, couplings: couplings, leading: leading, reference: $0)
    }
    return Pullbacks(cotangents: cotangents, residuals: residuals, leftOut: solution.leftOut, accuracies: accuracies)
  }

  /// A column of which the projection left only rounding is zero: a solve would take the rounding for a right-hand side.
  ///
  /// - Parameter size: of the cotangent before it was projected.
  private func clearRounding(_ projected: Matrix<Double>, size: Double) {
    var squares = [Double](repeating: 0, count: projected.columns)
    Double.columnDots(projected.pointer, projected.pointer, projected.rows, projected.columns, &squares)
    for column in squares.indices where squares[column].squareRoot() <= 1e-13 * size {
      for row in 0..<projected.rows { projected[row, column] = 0 }
    }
  }

  private func coupling(
    _ components: Matrix<Double>, values: [Double], size: Double
  ) throws(SpectralError) -> Matrix<Double> {
    let k = components.rows
    let m = Matrix<Double>(k, k)
    for i in 0..<k {
      m[i, i] = values[i]
      for j in 0..<i {
        let antisymmetric = components[i, j] - components[j, i]
        // A score that does not depend on the choice inside the span leaves only rounding here.
        if abs(antisymmetric) <= 1e-10 * size { continue }
        let gap = pairs.values[j] - pairs.values[i]
        if gap <= T.gapTolerance {
          throw .degenerate(
            "eigenvalues \(j + 1) and \(i + 1) are equal (\(pairs.values[j]) and \(pairs.values[i])), and this function depends "
              + "on the choice of eigenvectors between them; use a function of their span, such as the procrustes score")
        }
        m[i, j] = antisymmetric / (2 * gap)
        m[j, i] = m[i, j]
      }
    }
    return m
  }

  /// L = Z + V·M and d̄_i = −(Σ_j Ā_ij A_ij)/d_i, where A·V = V·Λ and A·Z = Z·Λ − P·Ḡ save the product with A.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func assemble(
    _ z: Matrix<T>, _ offset: Int, _ leading: Matrix<Double>, _ coupling: Matrix<Double>, _ rightSides: Matrix<Double>
  ) -> AffinityCotangent<T> {
    let (n, k) = (leading.rows, leading.columns)
    let factor = Matrix<T>(uninitialized: n, k)
    let degrees = Matrix<T>(uninitialized: n, 1)
    let inner = Matrix.product(leading, coupling)
    let scaledCoupling = Matrix<Double>(k, k)
    for i in 0..<k { for j in 0..<k { scaledCoupling[i, j] = pairs.values[i] * coupling[i, j] } }
    let innerImage = Matrix.product(leading, scaledCoupling)
    let values = Matrix<Double>(1, k, Array(pairs.values.prefix(k)))
    Parallel.forEachChunk(of: n, size: tallChunk) { rows in
      for i in rows {
        var rowSum = 0.0
        let (v, zed, image, extra) = (leading.row(i), z.row(i) + offset, rightSides.row(i) + offset, innerImage.row(i))
        let (own, target) = (inner.row(i), factor.row(i))
        for j in 0..<k {
          let (lambda, solved) = (values.pointer[j], Double(zed[j]))
          let l = solved + own[j]
          rowSum += l * lambda * v[j] + v[j] * (solved * lambda - image[j] + extra[j])
          target[j] = T(l)
        }
        degrees.pointer[i] = T(-rowSum / 2 / affinity.degrees[i])
      }
    }
    return AffinityCotangent(factor: factor, degrees: degrees)
  }
}
