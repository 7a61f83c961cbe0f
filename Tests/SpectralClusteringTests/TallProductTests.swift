import Testing

@testable import SpectralClustering

/// Products of tall matrices with few columns, by kernels of our own, beside sums written out.
@Suite struct TallProductTests {
  private static let sizes: [(rows: Int, inner: Int, columns: Int)] = [1, 7, 1025].flatMap { rows in
    [1, 9, 70].flatMap { inner in [1, 15, 16, 17, 48, 49].map { (rows, inner, $0) } }
  }

  private func random<T: SpectralScalar>(_ rows: Int, _ columns: Int, _ seed: UInt64, as: T.Type) -> Matrix<T> {
    var source = RandomSource(seed: seed)
    return Matrix<Double>(rows, columns, source.normals(rows * columns)).converted()
  }

  /// Σ_k a_k·b_k and the bound of its rounding, γ_n·Σ|a_k·b_k| (Higham, "Accuracy and Stability of Numerical Algorithms",
  /// equation 3.5), twice that because alpha, beta and partial sums round too.
  private func sum(_ count: Int, epsilon: Double, _ terms: (Int) -> Double) -> (value: Double, bound: Double) {
    var (value, magnitude) = (0.0, 0.0)
    for k in 0..<count {
      value += terms(k)
      magnitude += abs(terms(k))
    }
    return (value, Double(count + 4) * epsilon * magnitude)
  }

  /// Columns 3, 4, … of wider matrices, so that rows do not lie one after the other.
  private func checkProducts<T: SpectralScalar>(_: T.Type) {
    let epsilon = Double(T.ulpOfOne)
    for (rows, inner, columns) in Self.sizes {
      let (a, b) = (random(rows, inner + 5, 1, as: T.self), random(inner, columns, 2, as: T.self))
      let wide = random(rows, columns + 4, 3, as: T.self)
      let (left, right, before): (Matrix<Double>, Matrix<Double>, Matrix<Double>) = (
        a.converted(), b.converted(), wide.converted()
      )
      MatrixView.multiply(
        a.view.columns(3..<3 + inner), b, alpha: 2, beta: -0.5, into: wide.view.columns(3..<3 + columns))
      let after: Matrix<Double> = wide.converted()
      var isRight = true
      for row in 0..<rows {
        for column in 0..<columns + 4 {
          guard (3..<3 + columns).contains(column) else {
            isRight = isRight && after[row, column] == before[row, column]
            continue
          }
          let expected = sum(inner, epsilon: epsilon) { 2 * left[row, 3 + $0] * right[$0, column - 3] }
          let difference = abs(after[row, column] - (expected.value - 0.5 * before[row, column]))
          isRight = isRight && difference <= expected.bound + 2 * epsilon * abs(before[row, column])
        }
      }
      #expect(isRight, "\(rows) × \(inner) times \(columns) columns")
    }
  }

  private func checkInnerProducts<T: SpectralScalar>(_: T.Type) {
    for (rows, inner, columns) in Self.sizes {
      let (a, b) = (random(rows, inner + 5, 1, as: T.self), random(rows, columns + 2, 2, as: T.self))
      let (left, right): (Matrix<Double>, Matrix<Double>) = (a.converted(), b.converted())
      let result: Matrix<Double> =
        MatrixView.innerProducts(a.view.columns(3..<3 + inner), b.view.columns(1..<1 + columns)).converted()
      var isRight = true
      for i in 0..<inner {
        for j in 0..<columns {
          let expected = sum(rows, epsilon: Double(T.ulpOfOne)) { left[$0, 3 + i] * right[$0, 1 + j] }
          isRight = isRight && abs(result[i, j] - expected.value) <= expected.bound
        }
      }
      #expect(isRight, "\(rows) rows, \(inner) and \(columns) columns")
    }
  }

  @Test func productsAreSums() {
    checkProducts(Float.self)
    checkProducts(Double.self)
  }

  @Test func innerProductsAreSums() {
    checkInnerProducts(Float.self)
    checkInnerProducts(Double.self)
  }
}
