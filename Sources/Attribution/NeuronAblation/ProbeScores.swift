import Foundation
import Statistics
import TensorCore

/// How much a linear probe for some labels listens to each feature.
///
/// The probe is one multinomial logistic regression (two classes: one row) on all standardised features, with an L2 penalty of
/// C = 1; its coefficients are comparable because the features are.
public struct ProbeScores: Sendable {
  /// How the coefficients of a feature for several classes become one score.
  public enum Norm: String, Sendable, CaseIterable {
    /// √Σ β² over the classes.
    case euclidean
    /// max |β| over the classes.
    case maximum
  }

  /// √Σ β² of each feature.
  public let euclidean: [Double]
  /// max |β| of each feature.
  public let maximum: [Double]
  /// Feature indices by descending score, equal ones by index.
  public let ranking: [Int]
  /// The classes that the probe tells apart.
  public let classes: ClassCoding
  /// Steps of the probe's solver.
  public let iterations: Int
  /// Norm of the gradient of the probe's objective (the sum of the losses and the penalty) where its solver stopped.
  public let gradientNorm: Double

  init(_ probe: LogisticRegression, classes: ClassCoding, rankedBy norm: Norm) {
    let columns = probe.coefficients.columns
    euclidean = columns.map { column in column.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    maximum = columns.map { column in column.reduce(0) { max($0, abs($1)) } }
    ranking = descendingOrder(norm == .euclidean ? euclidean : maximum)
    self.classes = classes
    (iterations, gradientNorm) = (probe.iterations, probe.gradientNorm)
  }
}

/// A probe fitted on standardised training features, and as a classifier of the features themselves.
struct FittedProbe {
  let regression: LogisticRegression
  let classes: ClassCoding
  let head: LinearHead
  let trainLabels: [Int]
  private let solver: LogisticRegression.Solver

  init(
    _ name: String, train: FeatureSplit, labels: [String], standardized: NDArray, standardization: Standardization,
    solver: LogisticRegression.Solver
  ) throws(NeuronError) {
    classes = ClassCoding(labels: labels)
    if classes.count < 2 {
      throw .invalidInput(
        "the \(name) labels of \(train.name): found one class (\(classes.names.first ?? "none")), expected at least two: nothing "
          + "tells them apart")
    }
    trainLabels = classes.encode(labels)
    self.solver = solver
    do throws(StatisticsError) {
      regression = try LogisticRegression(
        features: standardized, labels: trainLabels, classCount: classes.count, solver: solver)
    } catch { throw .statistics("the \(name) probe", error) }
    head = LinearHead(regression, standardization)
  }

  /// What to know of a solver that does not look for the optimum.
  func warning(_ name: String) -> String? {
    guard case .limitedMemoryBFGS = solver else { return nil }
    let norm = String(format: "%.2g", regression.gradientNorm)
    return "the \(name) probe: its solver \(regression.isFinished ? "stopped" : "gave up") after "
      + "\(regression.iterations) steps where the gradient's norm was \(norm), so that its scores are not those of the optimum"
  }

  /// The accuracy on `features` of a probe that was fitted anew without the features of `ablated`.
  ///
  /// A feature at its baseline is constant, and a penalised probe gives a constant no weight (on the way from zero neither): so
  /// leaving it out is exact.
  func refittedAccuracy(without ablated: ArraySlice<Int>, train: NDArray, test: NDArray, labels: [Int]) throws(NeuronError)
    -> Double
  {
    let gone = Set(ablated)
    let kept = (0..<train.shape[1]).filter { !gone.contains($0) }
    let predictions: [Int]
    if kept.isEmpty {
      let counts = (0..<classes.count).map { label in trainLabels.count { $0 == label } }
      let common = counts.indices.reduce(0) { counts[$1] > counts[$0] ? $1 : $0 }
      predictions = [Int](repeating: common, count: test.shape[0])
    } else {
      do throws(StatisticsError) {
        let probe = try LogisticRegression(
          features: train.selecting(kept), labels: trainLabels, classCount: classes.count, solver: solver)
        predictions = probe.predictions(test.selecting(kept))
      } catch { throw .statistics("a refitted probe", error) }
    }
    return Double(zip(predictions, labels).count { $0 == $1 }) / Double(labels.count)
  }
}

extension NDArray {
  /// Columns of a float64 matrix.
  fileprivate func selecting(_ kept: [Int]) -> NDArray {
    let (rows, width) = (shape[0], shape[1])
    return withUnsafeBufferPointer(as: Double.self) { x in
      NDArray((0..<rows).flatMap { row in kept.map { x[row * width + $0] } }, shape: [rows, kept.count])
    }
  }
}
