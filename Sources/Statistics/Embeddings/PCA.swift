import TensorCore

/// Principal components of a table (Pearson 1901; Hotelling 1933), from the singular value decomposition of the centred table.
public struct PCA: Sendable {
  /// [components, variables]: orthonormal rows; the entry of largest magnitude of each is positive.
  public let components: NDArray
  /// With n − 1 in the denominator, descending.
  public let variances: [Double]
  /// Of the total variance, the share of each component; 0 for a constant table.
  public let shares: [Double]
  public let means: [Double]
  /// [observations, components]: the table in the coordinates of the components.
  public let scores: NDArray

  /// - Parameters:
  ///   - table: [observations, variables], finite, of at least two observations.
  ///   - count: components; at most min(observations, variables), which is the default.
  /// - Throws: ``StatisticsError`` for anything else.
  public init(_ table: NDArray, count: Int? = nil) throws(StatisticsError) {
    let table = try requireTable(table, "PCA")
    let (n, p) = (table.shape[0], table.shape[1])
    if n < 2 { throw .tooFew(what: "PCA", found: n, needed: 2) }
    let k = count ?? min(n, p)
    if !(1...max(1, min(n, p))).contains(k) || p == 0 {
      throw .invalidInput("PCA: found \(k) components of a table of shape \(table.shape), expected from 1 to \(min(n, p))")
    }
    let means = table.columns.map { Moments(finite: $0).mean }
    let values = table.doubles
    let centred = NDArray(values.indices.map { values[$0] - means[$0 % p] }, shape: [n, p])
    let parts: (u: NDArray, values: NDArray, v: NDArray)
    do { parts = try centred.svd(operation: "PCA") } catch { throw .notConverged(error.description) }
    let (s, v) = (parts.values.doubles, parts.v.doubles)
    let width = s.count
    var rows: [Double] = []
    for component in 0..<k {
      let row = (0..<p).map { v[$0 * width + component] }
      let largest = row.reduce(0) { abs($1) > abs($0) ? $1 : $0 }
      rows += largest < 0 ? row.map { -$0 } : row
    }
    components = NDArray(rows, shape: [k, p])
    scores = NDArray.matmul(centred, components, transposeA: false, transposeB: true)
    self.means = means
    let total = s.reduce(0) { $0 + $1 * $1 }
    variances = s.prefix(k).map { $0 * $0 / Double(n - 1) }
    shares = s.prefix(k).map { total > 0 ? $0 * $0 / total : 0 }
  }
}
