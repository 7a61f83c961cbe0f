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

/// The same with the factor L that came of it.
struct CotangentAccuracy: Sendable {
  let solve: SolveAccuracy
  /// L = Z + V·M, over the rows that were asked for.
  let factor: RowReach
}

/// Up to this many columns of a cotangent are measured one by one; of more, as many random combinations.
private let probeCount = 4

extension ShiftedSolve {
  /// The residuals of Z as it is used, rounded, with products that the solve had no part in: of each cotangent four columns, or
  /// four random combinations of its K columns, whose mean square is that of all of them. Of combinations four times the root
  /// counts, which is too little with a probability below a hundredth if one residual outweighs all others, and far less otherwise.
  ///
  /// - Parameters:
  ///   - z: [N, C·K], of C cotangents.
  ///   - rightSides: P·Ḡ, likewise.
  ///   - couplings: M of each.
  ///   - beyond: above every eigenvalue beyond the wanted ones, and below those.
  func measuredAccuracies(
    _ z: Matrix<T>, rightSides: Matrix<Double>, couplings: [Matrix<Double>], leading: Matrix<Double>, beyond: Double
  ) -> [SolveAccuracy] {
    let (n, k, count) = (leading.rows, leading.columns, couplings.count)
    let isExact = k <= probeCount
    let probes = min(k, probeCount)
    let distances = (0..<k).map { pairs.values[$0] - beyond }
    let combinations = probeCombinations(count, probes: probes, distances: distances)
    let combined = Matrix<Double>(uninitialized: n, count * probes)
    let rest = Matrix<Double>(uninitialized: n, count * probes)
    let values = pairs.values
    Parallel.forEachChunk(of: n, size: tallChunk) { rows in
      for row in rows {
        let (solved, given) = (z.row(row), rightSides.row(row))
        for column in 0..<count * probes {
          let first = column / probes * k
          var (sum, residual) = (0.0, 0.0)
          for j in 0..<k {
            let (weight, value) = (combinations[column, j], Double(solved[first + j]))
            sum += weight * value
            residual += weight * (given[first + j] - values[j] * value)
          }
          (combined[row, column], rest[row, column]) = (sum, residual)
        }
      }
    }
    let image = affinity.applyRounded(combined)
    Double.axpy(1, image.pointer, rest.pointer, rest.count)
    let (found, sizes) = (columnNorms(rest), columnNorms(z))
    let rounding = ((T.panelError ?? 0) + productRounding(n)) / (distances.last ?? 1)
    return (0..<count).map { index in
      let solution = norm(sizes[index * k..<(index + 1) * k])
      let measured = norm(found[index * probes..<(index + 1) * probes])
      let own = z.view.columns(index * k..<(index + 1) * k).copied()
      let inside: Matrix<Double> = Matrix.innerProducts(leading, own.converted())
      return SolveAccuracy(
        solution: solution, error: (isExact ? 1 : 4) * measured + rounding * solution,
        leakage: Double.dot(inside.pointer, inside.pointer, inside.count).squareRoot(),
        coupling: Double.dot(couplings[index].pointer, couplings[index].pointer, k * k).squareRoot())
    }
  }

  /// What each column that is measured takes of the K columns of its cotangent, divided by their distances from the spectrum.
  private func probeCombinations(_ count: Int, probes: Int, distances: [Double]) -> Matrix<Double> {
    let k = distances.count
    let result = Matrix<Double>(count * probes, k)
    // Fixed, so that the result is.
    var random = RandomSource(seed: 0x6365_7274)
    for column in 0..<count * probes {
      if k <= probeCount {
        result[column, column % probes] = 1 / distances[column % probes]
      } else {
        for j in 0..<k { result[column, j] = random.normal() / Double(probes).squareRoot() / distances[j] }
      }
    }
    return result
  }
}
