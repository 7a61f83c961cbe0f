import Foundation
import TensorCore

/// The objective of a logistic regression, its gradient and its Hessian's products. Parameters are the coefficients, row by row,
/// then the intercepts.
struct LogisticProblem {
  let features: NDArray
  private let squares: NDArray
  let labels: [Int]
  let rows: Int
  let penalty: Double
  private var count: Int { features.shape[0] }
  private var width: Int { features.shape[1] }

  init(features: NDArray, labels: [Int], rows: Int, penalty: Double) {
    self.features = features
    squares = NDArray(features.doubles.map { $0 * $0 }, shape: features.shape)
    self.labels = labels
    self.rows = rows
    self.penalty = penalty
  }

  struct Solution {
    var parameters: [Double]
    var gradientNorm: Double
    var iterations: Int
    var isFinished = true
  }

  /// Where the objective stands: its value, its gradient, and the probabilities that the Hessian needs, [observations, rows].
  struct Point {
    var parameters: [Double]
    var value: Double
    var gradient: [Double]
    var probabilities: [Double]
    var norm: Double
  }

  func minimize(from start: [Double], tolerance: Double, limit: Int = 300) throws(StatisticsError) -> Solution {
    var point = evaluate(start)
    let rounding = 1e-13 * max(1, evaluate([Double](repeating: 0, count: start.count)).norm)
    for iteration in 0..<limit {
      if point.norm <= tolerance {
        return Solution(parameters: point.parameters, gradientNorm: point.norm, iterations: iteration)
      }
      let direction = newtonDirection(point)
      guard let next = step(from: point, along: direction) else {
        // No further descent in this precision.
        if point.norm <= max(tolerance, rounding) {
          return Solution(parameters: point.parameters, gradientNorm: point.norm, iterations: iteration)
        }
        break
      }
      point = next
    }
    throw .notConverged(
      "logistic regression: the gradient's norm is \(point.norm) where the fit stopped, expected below \(tolerance); "
        + (penalty == 0 ? "without a penalty the classes may be separable" : "features of very different scales?"))
  }

  /// Backtracking until the objective falls enough, or, where it is flat to rounding, the gradient does.
  private func step(from point: Point, along direction: [Double]) -> Point? {
    let slope = dot(point.gradient, direction)
    var length = 1.0
    for _ in 0..<40 {
      let candidate = evaluate(zip(point.parameters, direction).map { $0 + length * $1 })
      let rounding = 1e-14 * abs(point.value)
      if candidate.value <= point.value + 1e-4 * length * slope { return candidate }
      if candidate.value <= point.value + rounding && candidate.norm < 0.9 * point.norm { return candidate }
      length /= 2
    }
    return nil
  }

  /// Σ log-losses + penalty / 2 · ‖coefficients‖².
  func evaluate(_ parameters: [Double]) -> Point {
    var logits = linear(parameters)
    var (value, residuals) = (0.0, [Double](repeating: 0, count: count * rows))
    for observation in 0..<count {
      let base = observation * rows
      if rows == 1 {
        let (logit, label) = (logits[base], Double(labels[observation]))
        // log(1 + eᶻ) − y z, without overflow.
        value += max(logit, 0) + log1p(exp(-abs(logit))) - label * logit
        logits[base] = logit >= 0 ? 1 / (1 + exp(-logit)) : exp(logit) / (1 + exp(logit))
        residuals[base] = logits[base] - label
      } else {
        var largest = -Double.infinity
        for row in 0..<rows { largest = max(largest, logits[base + row]) }
        let own = logits[base + labels[observation]]
        var sum = 0.0
        for row in 0..<rows {
          logits[base + row] = exp(logits[base + row] - largest)
          sum += logits[base + row]
        }
        value += log(sum) + largest - own
        for row in 0..<rows {
          logits[base + row] /= sum
          residuals[base + row] = logits[base + row] - (row == labels[observation] ? 1 : 0)
        }
      }
    }
    var gradient = adjoint(residuals)
    for place in 0..<rows * width {
      value += penalty / 2 * parameters[place] * parameters[place]
      gradient[place] += penalty * parameters[place]
    }
    return Point(
      parameters: parameters, value: value, gradient: gradient, probabilities: logits,
      norm: dot(gradient, gradient).squareRoot())
  }

  /// −H⁻¹g by conjugate gradients with the Hessian's diagonal as preconditioner, as exactly as the gradient's size deserves.
  private func newtonDirection(_ point: Point) -> [Double] {
    let diagonal = hessianDiagonal(point)
    var direction = [Double](repeating: 0, count: point.gradient.count)
    var residual = point.gradient.map { -$0 }
    var scaled = zip(residual, diagonal).map { $0 / $1 }
    var search = scaled
    var energy = dot(residual, scaled)
    let goal = min(0.1, point.norm.squareRoot()) * point.norm
    for _ in 0..<min(2000, 2 * direction.count + 10) {
      if dot(residual, residual).squareRoot() <= goal { break }
      let product = hessianProduct(point, search)
      let curvature = dot(search, product)
      if !(curvature > 0) { break }
      let length = energy / curvature
      for place in direction.indices {
        direction[place] += length * search[place]
        residual[place] -= length * product[place]
        scaled[place] = residual[place] / diagonal[place]
      }
      let next = dot(residual, scaled)
      for place in search.indices { search[place] = scaled[place] + next / energy * search[place] }
      energy = next
    }
    return direction
  }

  private func hessianProduct(_ point: Point, _ vector: [Double]) -> [Double] {
    var values = linear(vector)
    let p = point.probabilities
    for observation in 0..<count {
      let base = observation * rows
      if rows == 1 {
        values[base] *= p[base] * (1 - p[base])
      } else {
        var mean = 0.0
        for row in base..<base + rows { mean += p[row] * values[row] }
        for row in base..<base + rows { values[row] = p[row] * (values[row] - mean) }
      }
    }
    var result = adjoint(values)
    for place in 0..<rows * width { result[place] += penalty * vector[place] }
    return result
  }

  private func hessianDiagonal(_ point: Point) -> [Double] {
    let variances = point.probabilities.map { $0 * (1 - $0) }
    var result = adjoint(variances, squares)
    for place in result.indices { result[place] = max(result[place] + (place < rows * width ? penalty : 0), 1e-12) }
    return result
  }

  /// X Vᵀ + intercepts, [observations, rows].
  private func linear(_ parameters: [Double]) -> [Double] {
    let matrix = NDArray(Array(parameters[..<(rows * width)]), shape: [rows, width])
    var values = NDArray.matmul(features, matrix, transposeA: false, transposeB: true).doubles
    for place in values.indices { values[place] += parameters[rows * width + place % rows] }
    return values
  }

  /// The transpose of ``linear(_:)``.
  private func adjoint(_ values: [Double], _ table: NDArray? = nil) -> [Double] {
    let matrix = NDArray(values, shape: [count, rows])
    var result = NDArray.matmul(matrix, table ?? features, transposeA: true, transposeB: false).doubles
    var sums = [Double](repeating: 0, count: rows)
    for place in values.indices { sums[place % rows] += values[place] }
    result += sums
    return result
  }
}

private func dot(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for place in a.indices { sum += a[place] * b[place] }
  return sum
}
