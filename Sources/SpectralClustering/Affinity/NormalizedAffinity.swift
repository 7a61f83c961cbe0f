import CKernels
import Foundation

/// How the width σ of the Gaussian affinity is chosen.
public enum AffinityWidth: Sendable, Equatable {
  /// Given, in the units of the features.
  case value(Double)
  /// The median of the non-zero pairwise distances; a constant of the derivative.
  case medianDistance
}

/// The normalised affinity A = S·W·S with W_ij = exp(−‖x_i − x_j‖²/2σ²), S = diag(W·1)^(−1/2). W is stored.
final class NormalizedAffinity<T: SpectralScalar>: Sendable {
  let features: CentredFeatures<T>
  let sigma: Double
  /// 1/σ for the scaled features.
  let inverseWidth: Double
  /// W, [N, N], symmetric.
  let weights: Matrix<T>
  /// d = W·1.
  let degrees: [Double]
  /// s = d^(−1/2).
  let scales: Matrix<Double>
  let scalesInPrecision: Matrix<T>
  let warnings: [String]
  var nodeCount: Int { weights.rows }

  init(_ features: NDArray, width: AffinityWidth) throws(SpectralError) {
    try NormalizedCut.checkMemory(nodes: features.shape[0], precision: T.dtype)
    let centred = try CentredFeatures<T>(features)
    let n = centred.nodeCount
    let weights = squaredDistances(centred)
    var warnings: [String] = []
    switch width {
    case .value(let given):
      if !representableMagnitudes.contains(given) {
        throw .invalidInput("sigma is \(given); expected a positive number from 1e-100 to 1e+100")
      }
      sigma = given
    case .medianDistance:
      if let median = medianDistance(weights) {
        sigma = median / centred.scale
      } else {
        sigma = 1
        warnings.append("all nodes have the same features: every distance is zero, so sigma is set to 1")
      }
    }
    inverseWidth = 1 / sigma / centred.scale
    // The largest centred feature is between 1 and 2 in scaled units.
    if T.dtype == .float32 && inverseWidth > 1e4 {
      warnings.append(
        "sigma (\(sigma)) is less than a ten-thousandth of the features' range, which float32 hardly resolves: use float64")
    }
    // Infinity times the zero distance of a node from itself would be NaN.
    let largest = T.dtype == .float32 ? Double(Float.greatestFiniteMagnitude) : .greatestFiniteMagnitude
    let scale = T(min(largest, 0.5 * inverseWidth * inverseWidth))
    var degrees = [Double](repeating: 0, count: n)
    degrees.withUnsafeMutableBufferPointer { degrees in
      guard let degrees = degrees.baseAddress else { return }
      Parallel.forEachChunk(of: n, size: 64) { rows in
        for i in rows {
          T.gaussian(scale, weights.row(i), n)
          degrees[i] = T.reduceRun(CK_SUM, weights.row(i), n)
        }
      }
    }
    self.features = centred
    self.weights = weights
    self.degrees = degrees
    scales = Matrix(n, 1, degrees.map { 1 / $0.squareRoot() })
    scalesInPrecision = Matrix(n, 1, degrees.map { T(1 / $0.squareRoot()) })
    self.warnings = warnings
  }

  /// Y = A·X in double, whatever the precision of W: eigenpairs and residuals are exact for the stored affinity.
  func apply(_ x: Matrix<Double>) -> Matrix<Double> { apply(x, kernel: T.blockProduct) }

  /// Y = A·X with the rounding of W's precision: what iterations are made of.
  func applyRounded(_ x: Matrix<Double>) -> Matrix<Double> { apply(x, kernel: T.panelProduct) }

  private func apply<P: RealScalar>(
    _ x: Matrix<Double>,
    kernel: (UnsafePointer<T>, Int, UnsafePointer<P>, Int, Int, UnsafeMutablePointer<Double>) -> Void
  ) -> Matrix<Double> {
    let (n, m) = (nodeCount, x.columns)
    let result = Matrix<Double>(uninitialized: n, m)
    for first in stride(from: 0, to: m, by: panelWidth) {
      let width = min(panelWidth, m - first)
      let panel = Matrix<P>(n, panelWidth)
      Parallel.forEachChunk(of: n, size: 1024) { rows in
        for i in rows {
          let (source, target, s) = (x.row(i) + first, panel.row(i), self.scales.pointer[i])
          for c in 0..<width { target[c] = P(s * source[c]) }
        }
      }
      Parallel.forEachChunk(of: n, size: 132) { rows in
        let product = Matrix<Double>(uninitialized: rows.count, panelWidth)
        kernel(self.weights.row(rows.lowerBound), n, panel.pointer, rows.count, n, product.pointer)
        for i in rows {
          let (source, target, s) = (product.row(i - rows.lowerBound), result.row(i) + first, self.scales.pointer[i])
          for c in 0..<width { target[c] = s * source[c] }
        }
      }
    }
    return result
  }

  /// A·X in the precision of W throughout.
  func product(_ x: Matrix<T>) -> Matrix<T> {
    let (n, m) = (nodeCount, x.columns)
    let (scaled, result) = (Matrix<T>(uninitialized: n, m), Matrix<T>(uninitialized: n, m))
    Parallel.forEachChunk(of: n, size: tallChunk) { rows in
      for i in rows { T.affine(scalesInPrecision.pointer[i], 0, x.row(i), scaled.row(i), m) }
    }
    // Fewer rows at a time would pack X more often.
    Parallel.forEachChunk(of: n, size: 1280) { rows in
      T.gemm(
        false, false, rows.count, m, n, 1, weights.row(rows.lowerBound), n, scaled.pointer, m, 0, result.row(rows.lowerBound), m)
      for i in rows { T.affine(scalesInPrecision.pointer[i], 0, result.row(i), result.row(i), m) }
    }
    return result
  }
}
