/// What was measured of the solves behind one cotangent.
struct SolveAccuracy: Sendable {
  /// ‖Z‖_F
  let solution: Double
  /// Bound of (Σ_j ‖ρ_j‖²/(λ_j − λ_{K+1})²)^½, the error that the residuals ρ_j = ḡ_j − (λ_j − Â)·z_j leave in Z.
  let error: Double
  /// ‖VᵀZ‖_F, which should be zero.
  let leakage: Double
  /// ‖M‖_F of the couplings inside the span.
  let coupling: Double
}

/// The same with the factor L that came of it, and what its rows meet.
struct CotangentAccuracy: Sendable {
  let solve: SolveAccuracy
  /// L = Z + V·M, over the rows that were asked for.
  let factor: RowReach
  /// See ``RowSample/spreads()``; in channels.
  let spread: [Double]
  /// See ``NormalizedAffinity/coordinateReach()``; in channels.
  let reach: [Double]
  /// See ``RowSample/weightErrors()``; `nil` in double.
  let weightError: Double?
}

extension ShiftedSolve {
  /// The residuals of Z as it is used, rounded, by products that the solve had no part in: of all columns of up to four, or else,
  /// for each cotangent, of two random combinations, whose mean square is that of all K. Of combinations five times the root
  /// counts, which is too little with a probability of a twentieth if one residual outweighs all others, and far less otherwise.
  ///
  /// - Parameters:
  ///   - z: [N, C·K], of C cotangents.
  ///   - rightSides: P·Ḡ, likewise.
  ///   - couplings: M of each.
  ///   - reference: what rounding has done to A, and where its spectrum ends.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func measure(
    _ z: Matrix<T>, rightSides: Matrix<Double>, couplings: [Matrix<Double>], leading: Matrix<Double>,
    reference: ExactReference<T>
  ) -> [SolveAccuracy] {
    let (n, k, count) = (leading.rows, leading.columns, couplings.count)
    let probes = k <= 4 ? k : 2
    let distances = (0..<k).map { pairs.values[$0] - reference.beyond }
    let (input, expected) = probe(z, rightSides, distances: distances, probes: probes)
    let image = affinity.applyRounded(input)
    Double.axpy(-1, image.pointer, expected.pointer, expected.count)
    let found = zip(columnNorms(expected), reference.sample.errors(input, image: image)).map { $0 + $1 }
    let sizes = columnNorms(z)
    let rounding = (productRounding(n) + (T.panelError ?? 0) + reference.sample.unmeasured) / (distances.last ?? 1)
    return (0..<count).map { index in
      let solution = norm(sizes[index * k..<(index + 1) * k])
      let measured = norm(found[index * probes..<(index + 1) * probes])
      let own = z.view.columns(index * k..<(index + 1) * k).copied()
      let inside: Matrix<Double> = Matrix.innerProducts(leading, own.converted())
      return SolveAccuracy(
        solution: solution, error: (probes == k ? 1 : 5) * measured + rounding * solution,
        leakage: Double.dot(inside.pointer, inside.pointer, inside.count).squareRoot(),
        coupling: Double.dot(couplings[index].pointer, couplings[index].pointer, k * k).squareRoot())
    }
  }

  /// Z·Ω and what A should make of it: (Z·Λ − P·Ḡ)·Ω.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  private func probe(
    _ z: Matrix<T>, _ rightSides: Matrix<Double>, distances: [Double], probes: Int
  ) -> (input: Matrix<Double>, expected: Matrix<Double>) {
    let (n, k) = (z.rows, distances.count)
    let columns = rightSides.columns / k * probes
    let combinations = probeCombinations(columns, probes: probes, distances: distances)
    let (input, expected) = (Matrix<Double>(uninitialized: n, columns), Matrix<Double>(uninitialized: n, columns))
    let values = pairs.values
    Parallel.forEachChunk(of: n, size: tallChunk) { rows in
      for row in rows {
        let (solved, given) = (z.row(row), rightSides.row(row))
        for column in 0..<columns {
          let (first, weights) = (column / probes * k, combinations.row(column))
          var (sum, image) = (0.0, 0.0)
          for j in 0..<k {
            let value = Double(solved[first + j])
            sum += weights[j] * value
            image += weights[j] * (values[j] * value - given[first + j])
          }
          (input[row, column], expected[row, column]) = (sum, image)
        }
      }
    }
    return (input, expected)
  }

  /// What each column that is measured takes of the K columns of its cotangent, divided by their distances from the spectrum.
  private func probeCombinations(_ columns: Int, probes: Int, distances: [Double]) -> Matrix<Double> {
    let k = distances.count
    let result = Matrix<Double>(columns, k)
    // Fixed, so that the result is.
    var random = RandomSource(seed: 0x6365_7274)
    for column in 0..<columns {
      if probes == k {
        result[column, column % probes] = 1 / distances[column % probes]
      } else {
        for j in 0..<k { result[column, j] = random.normal() / Double(probes).squareRoot() / distances[j] }
      }
    }
    return result
  }
}
