import Foundation

/// Relative rounding errors of an affinity, entry by entry.
struct AffinityRounding: Sendable {
  /// Of w_ij.
  let weights: Double
  /// Of ∂w_ij/∂‖u_i − u_j‖², relative to the bound on it that ``NormalizedAffinity/coordinateReach()`` uses.
  let slopes: Double
  /// ‖Â − A‖₂: |Â − A| ≤ ε·A entry by entry, and A ≥ 0 has norm 1, as has Â. Degrees add as much as the weights.
  var normalized: Double { weights < 1 ? 2 * weights : 2 }
}

extension SpectralScalar {
  /// Largest relative error of one rounding.
  static var unit: Double { dtype == .float32 ? 0x1p-24 : 0x1p-53 }
}

extension NormalizedAffinity {
  /// Against the affinity of the features in exact arithmetic, with the same σ.
  ///
  /// With t the exponent: each squared distance comes from sums of D products, rounded in units of ‖u_i‖² + ‖u_j‖², or
  /// directly where that would be too much (see ``SpectralScalar/closeShare``); the coordinates themselves are rounded, and
  /// the exponential is good to two units. An affinity of someone else's is taken as exact before it is stored.
  var rounding: AffinityRounding {
    let unit = T.unit
    guard let profile else { return AffinityRounding(weights: 2 * unit, slopes: 2 * unit) }
    var largest = 0.0
    for node in 0..<nodeCount { largest = max(largest, Double(tiles.points.squaredNorms.pointer[node])) }
    // Twice the products, the norms, centring, the factor, the subtraction.
    let sums = 2 * roundingTerms(tiles.points.channelCount) + 16
    let exponent = sums * unit * 2 * profile.exponent(largest)
    switch profile.kind {
    case .gaussian:
      // Beyond this exponent all of a row together is less than a rounding of its own entry, w_ii = 1.
      let relevant = log(Double(nodeCount) / unit)
      let capped =
        sums * unit * relevant / Double(T.closeShare) + 4 * unit * (2 * relevant * 2 * profile.exponent(largest)).squareRoot()
      let error = min(exponent, capped) + 5 * unit
      return AffinityRounding(weights: error, slopes: error)
    case .cosine:
      // w = e^(−t²) + 0.001 feels a change δt as 2t·e^(−t²)/w ≤ 4 of it, the slope √2·t·e^(−t²) as √2·(1 + 2t²)·e^(−t²)/w,
      // in which the second factor is at most 10.
      let farthest = 4 * profile.exponent(largest)
      return AffinityRounding(
        weights: min(2 * farthest, 4) * exponent + 5 * unit,
        slopes: 1.5 * min(1 + 2 * farthest * farthest, 10) * exponent / steepestCosine(sigma) + 5 * unit)
    }
  }

  /// What bounds the derivative of the weights by the weights themselves: for any C with |C_ij| ≤ c_ij·w_ij, the cotangent of a
  /// point i in coordinate c that C gives is at most reach_c·Σ_j c_ij·w_ij. `nil` for an affinity of someone else's.
  ///
  /// For the Gaussian |∂w_ij/∂x_i| = w_ij·|x_i − x_j|/σ² ≤ w_ij·range/σ², twice, because w is symmetric.
  @_specialize(where T == Float)
  @_specialize(where T == Double)
  func coordinateReach() -> [Double]? {
    guard let profile else { return nil }
    let (points, d) = (tiles.points, tiles.points.channelCount)
    let chunks = (nodeCount + tallChunk - 1) / tallChunk
    let (low, high) = (Matrix<T>(uninitialized: chunks, d), Matrix<T>(uninitialized: chunks, d))
    Parallel.forEachChunk(of: nodeCount, size: tallChunk) { rows in
      let (least, most) = (low.row(rows.lowerBound / tallChunk), high.row(rows.lowerBound / tallChunk))
      least.update(from: points.values.row(rows.lowerBound), count: d)
      most.update(from: points.values.row(rows.lowerBound), count: d)
      for row in rows {
        let values = points.values.row(row)
        for c in 0..<d {
          least[c] = min(least[c], values[c])
          most[c] = max(most[c], values[c])
        }
      }
    }
    let slope = profile.kind == .gaussian ? 1 / sigma : steepestCosine(sigma)
    return (0..<d).map { c in
      let bottom = (0..<chunks).reduce(T.infinity) { min($0, low[$1, c]) }
      let top = (0..<chunks).reduce(-T.infinity) { max($0, high[$1, c]) }
      return 2 * (Double(top - bottom) / points.scale * slope) / sigma
    }
  }
}

/// σ·|∂w/∂u_i| ≤ this·w·|u_i − u_j| for w = e^(−q²/2σ²) + 0.001 with q = 1 − cos ≤ 2: the derivative is
/// −q/σ²·e^(−q²/2σ²)·(u_i − u_j), and q/σ·e^(−q²/2σ²) ≤ 2.8·w.
private func steepestCosine(_ sigma: Double) -> Double { min(2 / sigma, 2.8) }

extension KernelProfile {
  /// t of two points at the given squared distance, in scaled units.
  func exponent(_ squared: Double) -> Double {
    let inverse = 1 / sigma / scale
    return squared * (kind == .gaussian ? 0.5 * inverse * inverse : inverse / scale / 8.0.squareRoot())
  }
}
