import Foundation
import Networks
import Statistics

/// How many dimensions embeddings use: from the singular values σ of the centred matrix [cells, features].
public struct EffectiveRank: Sendable, Equatable {
  /// exp of the entropy of σ²/Σσ².
  public let variance: Double
  /// exp of the entropy of σ/Σσ (Roy & Vetterli 2007).
  public let royVetterli: Double
  /// The smallest number of principal dimensions with at least 90 % of the variance.
  public let dimensionsFor90Percent: Int
  /// Features.
  public let dimensions: Int
  /// Descending.
  public let singularValues: [Double]
  /// The share of the variance in the first dimensions, one for each number of them.
  public let cumulativeVariance: [Double]

  /// Above so many numbers, the singular values are roots of eigenvalues of the covariance: those below 1e-8 of the largest
  /// are then lost in rounding.
  private static let exactLimit = 4_000_000
  /// Rounding must not decide whether 90 % are reached.
  private static let slack = 1e-12

  /// - Parameters:
  ///   - embeddings: [cells, features], finite, at least two cells that differ.
  ///   - asInSeed: whether to compute as the published notebook does: ``royVetterli`` from σ², too, and
  ///     ``dimensionsFor90Percent`` the number of dimensions that do not reach 90 % yet. Default: no.
  public init(_ embeddings: NDArray, asInSeed: Bool = false) throws(ChannelStudyError) {
    guard embeddings.rank == 2, embeddings.count > 0 else {
      throw .invalidInput("effective rank: found embeddings of shape \(embeddings.shape), expected [cells, features]")
    }
    let sigma = try Self.singularValues(embeddings)
    guard sigma.allSatisfy(\.isFinite) else {
      throw .invalidInput("effective rank: found embeddings that are not finite, expected finite numbers")
    }
    let (sum, squares) = (sigma.reduce(0, +), sigma.reduce(0) { $0 + $1 * $1 })
    guard sum > 0 else { throw .statistics(.constant("effective rank")) }
    singularValues = sigma
    dimensions = embeddings.shape[1]
    let shares = sigma.map { $0 * $0 / squares }
    // The notebook keeps the logarithm finite by a constant.
    variance = asInSeed ? Foundation.exp(-shares.reduce(0) { $0 + $1 * log($1 + 1e-12) }) : Self.perplexity(shares)
    royVetterli = asInSeed ? variance : Self.perplexity(sigma.map { $0 / sum })
    var total = 0.0
    cumulativeVariance = sigma.map { value in
      total += value * value / squares
      return total
    }
    let before = cumulativeVariance.firstIndex { $0 >= 0.9 - Self.slack } ?? sigma.count - 1
    dimensionsFor90Percent = asInSeed ? before : before + 1
  }

  /// exp(−Σ p ln p).
  private static func perplexity(_ p: [Double]) -> Double { exp(-p.reduce(0) { $1 > 0 ? $0 + $1 * log($1) : $0 }) }

  private static func singularValues(_ embeddings: NDArray) throws(ChannelStudyError) -> [Double] {
    let (rows, width) = (embeddings.shape[0], embeddings.shape[1])
    let mean = means(embeddings)
    do throws(TensorError) {
      if embeddings.count <= exactLimit { return try centred(embeddings, 0..<rows, mean).svd(operation: "svd").values.doubles }
      var covariance = NDArray.zeros([width, width], dtype: .float64)
      let step = max(1, exactLimit / width)
      for start in stride(from: 0, to: rows, by: step) {
        let part = centred(embeddings, start..<min(start + step, rows), mean)
        covariance = (Tensor(covariance) + Tensor(NDArray.matmul(part, part, transposeA: true, transposeB: false))).value
      }
      return try covariance.eigh(operation: "eigh").values.doubles.map { max(0, $0).squareRoot() }.sorted(by: >)
        .prefix(min(rows, width)).map { $0 }
    } catch {
      throw .invalidInput("effective rank: \(error)")
    }
  }

  private static func means(_ embeddings: NDArray) -> [Double] {
    let (rows, width) = (embeddings.shape[0], embeddings.shape[1])
    func read<T: Scalar>(_: T.Type) -> [Double] {
      embeddings.withUnsafeBufferPointer(as: T.self) { values in
        var sums = [Double](repeating: 0, count: width)
        for row in 0..<rows { for column in 0..<width { sums[column] += values[row * width + column].asDouble } }
        return sums.map { $0 / Double(rows) }
      }
    }
    return embeddings.dtype == .float64 ? read(Double.self) : read(Float.self)
  }

  private static func centred(_ embeddings: NDArray, _ rows: Range<Int>, _ mean: [Double]) -> NDArray {
    let width = mean.count
    func read<T: Scalar>(_: T.Type) -> NDArray {
      NDArray.building([rows.count, width], as: Double.self) { output in
        embeddings.withUnsafeBufferPointer(as: T.self) { values in
          for place in 0..<rows.count * width {
            output[place] = values[rows.lowerBound * width + place].asDouble - mean[place % width]
          }
        }
      }
    }
    return embeddings.dtype == .float64 ? read(Double.self) : read(Float.self)
  }
}
