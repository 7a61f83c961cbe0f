import Statistics
import TensorCore

/// A linear classifier on features: logits W x + c. A single row is the logit of the second of two classes.
public struct LinearHead: Sendable {
  /// [outputs, features] float64, at least two outputs.
  let weights: NDArray
  let bias: [Double]
  /// Classes it tells apart.
  public var classCount: Int { bias.count }
  public var featureCount: Int { weights.shape[1] }

  /// - Parameters:
  ///   - weight: [outputs, features], or [features] for one output.
  ///   - bias: [outputs]; `nil` for none.
  /// - Throws: ``NeuronError`` for other shapes, NaN or infinity.
  public init(weight: NDArray, bias: NDArray?) throws(NeuronError) {
    guard (1...2).contains(weight.rank), weight.count > 0 else {
      throw .invalidInput("the head's weight: found an array of shape \(weight.shape), expected [outputs, features]")
    }
    let rows = weight.rank == 1 ? 1 : weight.shape[0]
    if let bias, bias.count != rows {
      throw .invalidInput("the head's bias: found \(bias.count) values, expected \(rows), one for each row of the weight")
    }
    let (w, b) = (weight.doubles, bias?.doubles ?? [Double](repeating: 0, count: rows))
    if !(w + b).allSatisfy(\.isFinite) { throw .invalidInput("the head: found NaN or infinity, expected finite numbers") }
    self.init(rows: rows, weights: w, bias: b)
  }

  /// A logistic regression on standardised features, as a classifier of the features themselves.
  init(_ probe: LogisticRegression, _ standardization: Standardization) {
    let (coefficients, width) = (probe.coefficients.doubles, standardization.means.count)
    let weights = coefficients.indices.map { coefficients[$0] / standardization.scales[$0 % width] }
    let bias = probe.intercepts.indices.map { row in
      (0..<width).reduce(probe.intercepts[row]) { $0 - weights[row * width + $1] * standardization.means[$1] }
    }
    self.init(rows: bias.count, weights: weights, bias: bias)
  }

  private init(rows: Int, weights: [Double], bias: [Double]) {
    let width = weights.count / rows
    // A sigmoid is a softmax whose other logit is 0.
    let isSingle = rows == 1
    self.weights = NDArray(
      isSingle ? [Double](repeating: 0, count: width) + weights : weights, shape: [isSingle ? 2 : rows, width])
    self.bias = isSingle ? [0] + bias : bias
  }

  /// [samples, outputs].
  func logits(_ features: NDArray) -> [Double] {
    let products = NDArray.matmul(features, weights, transposeA: false, transposeB: true).doubles
    return products.indices.map { products[$0] + bias[$0 % bias.count] }
  }

  /// Norm of what each feature adds to the logits, per unit of the feature.
  public var columnNorms: [Double] { weights.columns.map { column in column.reduce(0) { $0 + $1 * $1 }.squareRoot() } }
}
