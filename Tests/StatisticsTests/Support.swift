import Foundation
import Statistics
import TensorCore
import Testing

/// What SciPy, scikit-learn and mpmath give (see `make_statistics_fixture.py`).
struct Expected: Decodable {
  struct Normal: Decodable { let z, upper: Double }
  struct NormalQuantile: Decodable { let p, z: Double }
  struct Student: Decodable { let t, df, p: Double }
  struct Beta: Decodable { let x, a, b, p: Double }
  struct TwoSamples: Decodable {
    let name: String
    let a, b: [Double]
    let welchT, welchDf, welchP, welchLow, welchHigh, studentT, studentP, u, uP, hedgesG: Double
  }
  struct Shapiro: Decodable {
    let x: [Double]
    let w, p: Double
  }
  struct Exact: Decodable {
    let a, b: [Double]
    let p: Double
  }
  struct Paired: Decodable {
    let d: [Double]
    let p: Double
  }
  struct Discoveries: Decodable { let p, q: [Double] }
  struct Divergence: Decodable {
    let p, q: [Double]
    let kl, js: Double
  }
  struct Quantiles: Decodable { let x, shares, values: [Double] }
  struct Agreement: Decodable {
    let a, b: [Double]
    let pearson, pearsonP, spearman, spearmanP, kendall, kendallP: Double
  }
  struct Regression: Decodable {
    let x, y, coefficients: [[Double]]
    let intercepts: [Double]
    let ridge: Rows
    let ridgeIntercepts: [Double]
    let rSquared: [Double]
    let rank: Int
    let standardErrors: [[Double]]?
    let condition: Double?
  }
  struct Logistic: Decodable {
    let x: [[Double]]
    let y: [Int]
    let classes: Int
    let c: Double
    let coefficients: [[Double]]
    let intercepts: [Double]
    /// Where the default solver stops.
    let stopped: [Stopped]
  }
  struct Stopped: Decodable {
    let tolerance: Double
    let limit, steps: Int
    let coefficients: [[Double]]
    let intercepts: [Double]
  }
  struct Minimum: Decodable {
    let name: String
    let start, x: [Double]
    let limit, memory, steps, evaluations: Int
    let f: Double
  }
  struct Standardized: Decodable {
    let x: [[Double]]
    let means, scales: [Double]
  }
  struct Components: Decodable {
    let x, components, scores: [[Double]]
    let variances, shares: [Double]
  }
  struct Neighbours: Decodable {
    let x: [[Double]]
    let perplexity: Double
    let affinities: [[Double]]
    let divergence: Double
  }
  /// scikit-learn leaves out the axis of a single response.
  struct Rows: Decodable {
    let rows: [[Double]]
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let rows = try? container.decode([[Double]].self) {
        self.rows = rows
      } else {
        rows = [try container.decode([Double].self)]
      }
    }
  }

  let normal: [Normal]
  let normalQuantile: [NormalQuantile]
  let studentT, studentTQuantile: [Student]
  let beta: [Beta]
  let twoSamples: [TwoSamples]
  let shapiro: [Shapiro]
  let permutationExact: [Exact]
  let permutationPaired: Paired
  let benjaminiHochberg: Discoveries
  let divergence: Divergence
  let quantiles: Quantiles
  let agreement: [Agreement]
  let leastSquares: [Regression]
  let logistic: [Logistic]
  let minima: [Minimum]
  let minimaScales: [Double]
  let standardization: Standardized
  let pca: Components
  let tsne: Neighbours

  static func load() throws -> Expected {
    let url = try #require(
      Bundle.module.url(forResource: "statistics_expected", withExtension: "json", subdirectory: "Fixtures"))
    return try JSONDecoder().decode(Expected.self, from: Data(contentsOf: url))
  }
}

/// |a − b| ≤ tolerance · |b|, or both below 1e-300.
func isClose(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool {
  abs(a - b) <= tolerance * abs(b) || max(abs(a), abs(b)) < 1e-300
}

/// Largest difference relative to the largest entry of the second; infinite where the lengths differ.
func difference(_ a: [Double], _ b: [Double]) -> Double {
  if a.count != b.count { return .infinity }
  return (zip(a, b).map { abs($0 - $1) }.max() ?? 0) / max(b.map(abs).max() ?? 0, 1e-300)
}

func table(_ rows: [[Double]]) -> NDArray { NDArray(rows.flatMap { $0 }, shape: [rows.count, rows.first?.count ?? 0]) }
