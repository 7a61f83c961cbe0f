import TensorCore

/// Linear regression of one or more responses on the same predictors, with an intercept.
///
/// Ordinary least squares through the singular value decomposition of the centred predictors; where they are linearly dependent
/// or outnumber the observations, the solution of least norm (Golub & Van Loan, §5.5). With a penalty, ridge regression (Hoerl &
/// Kennard 1970): the intercept is not penalised.
public struct LeastSquares: Sendable {
  /// [responses, predictors] float64.
  public let coefficients: NDArray
  /// One for each response.
  public let intercepts: [Double]
  /// 1 − residual / total sum of squares; `nil` for a constant response.
  public let rSquared: [Double?]
  /// Of the centred predictors: singular values above max(n, p) · 2⁻⁵² times the largest.
  public let rank: Int
  /// The largest singular value by the smallest; `nil` where the smallest counts as zero.
  public let condition: Double?
  /// Of the centred predictors, descending.
  public let singularValues: [Double]
  /// [responses, predictors]: of the coefficients, for independent errors of one variance. `nil` where they are not determined:
  /// predictors that are linearly dependent, no degrees of freedom, or a penalty.
  public let standardErrors: NDArray?
  /// Coefficients for predictors and responses of unit variance: coefficient · σ(predictor) / σ(response). Those of a constant
  /// predictor or response are 0.
  public let standardizedCoefficients: NDArray
  /// What a reader should know: more predictors than observations, dependent or constant columns.
  public let warnings: [String]

  /// - Parameters:
  ///   - predictors: [observations, predictors], finite.
  ///   - responses: [observations, responses], finite.
  ///   - ridge: the penalty on the squared norm of the coefficients. Default: none.
  /// - Throws: ``StatisticsError`` for other shapes, no observations, a negative penalty, or a decomposition that fails.
  public init(predictors: NDArray, responses: NDArray, ridge: Double = 0) throws(StatisticsError) {
    let x = try requireTable(predictors, "predictors")
    let y = try requireTable(responses, "responses")
    let (n, p, r) = (x.shape[0], x.shape[1], y.shape[1])
    if y.shape[0] != n {
      throw .invalidInput("regression: found \(n) observations of the predictors and \(y.shape[0]) of the responses")
    }
    if n < 1 { throw .tooFew(what: "regression", found: n, needed: 1) }
    if !(ridge >= 0 && ridge.isFinite) { throw .invalidInput("regression: found a penalty of \(ridge), expected 0 or more") }
    let (centredX, meansX, deviationsX) = Self.centred(x)
    let (centredY, meansY, deviationsY) = Self.centred(y)

    let parts: (u: NDArray, values: NDArray, v: NDArray)
    do { parts = try centredX.svd(operation: "regression") } catch { throw .notConverged(error.description) }
    let values = parts.values.doubles
    let cutoff = (values.first ?? 0) * Double(max(n, p)) * .ulpOfOne
    rank = values.count { $0 > cutoff }
    singularValues = values
    condition = rank == p && rank > 0 ? values[0] / values[p - 1] : nil
    // β = V diag(s / (s² + penalty)) Uᵀ y over the singular values that count.
    let projections = NDArray.matmul(parts.u, centredY, transposeA: true, transposeB: false).doubles
    var scaled = [Double](repeating: 0, count: values.count * r)
    for i in 0..<rank {
      for k in 0..<r { scaled[i * r + k] = projections[i * r + k] * values[i] / (values[i] * values[i] + ridge) }
    }
    let beta = NDArray.matmul(
      NDArray(scaled, shape: [values.count, r]), parts.v, transposeA: true, transposeB: true)
    coefficients = beta
    let b = beta.doubles
    intercepts = (0..<r).map { k in (0..<p).reduce(meansY[k]) { $0 - b[k * p + $1] * meansX[$1] } }

    let fitted = NDArray.matmul(centredX, beta, transposeA: false, transposeB: true).doubles
    let target = centredY.doubles
    var residuals = [Double](repeating: 0, count: r)
    for i in 0..<n {
      for k in 0..<r { residuals[k] += (target[i * r + k] - fitted[i * r + k]) * (target[i * r + k] - fitted[i * r + k]) }
    }
    rSquared = (0..<r).map { deviationsY[$0] > 0 ? 1 - residuals[$0] / deviationsY[$0] : nil }
    standardErrors =
      ridge == 0 && rank == p && n > p + 1
      ? Self.errors(parts.v.doubles, values, residuals.map { $0 / Double(n - p - 1) }) : nil
    standardizedCoefficients = NDArray(
      (0..<r * p).map { place in
        let (top, bottom) = (deviationsX[place % p], deviationsY[place / p])
        return bottom > 0 ? b[place] * (top / bottom).squareRoot() : 0
      }, shape: [r, p])

    var warnings: [String] = []
    if n < p + 1 { warnings.append("\(n) observations for \(p) predictors: of all exact fits, the one of least norm") }
    if rank < p && n > p { warnings.append("the \(p) predictors have rank \(rank): the solution of least norm") }
    let constant = deviationsY.count { !($0 > 0) }
    if constant > 0 { warnings.append("\(constant) of \(r) responses are constant: their R² is not defined") }
    self.warnings = warnings
  }

  /// √(σ² Σ (v_ji / s_i)²), [responses, predictors].
  private static func errors(_ v: [Double], _ s: [Double], _ variances: [Double]) -> NDArray {
    let p = s.count
    let diagonal = (0..<p).map { j in (0..<p).reduce(0) { $0 + v[j * p + $1] * v[j * p + $1] / (s[$1] * s[$1]) } }
    return NDArray(variances.flatMap { variance in diagonal.map { (variance * $0).squareRoot() } }, shape: [variances.count, p])
  }

  /// The table less its means, the means, and the sums of the squared deviations.
  private static func centred(_ table: NDArray) -> (NDArray, [Double], [Double]) {
    let moments = table.columns.map { Moments(finite: $0) }
    let (means, width) = (moments.map(\.mean), table.shape[1])
    let centred = table.withUnsafeBufferPointer(as: Double.self) { x in x.indices.map { x[$0] - means[$0 % width] } }
    return (NDArray(centred, shape: table.shape), means, moments.map(\.squaredDeviations))
  }
}
