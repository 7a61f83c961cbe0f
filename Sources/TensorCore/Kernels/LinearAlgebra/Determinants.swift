import Foundation

extension NDArray {
  /// Of each matrix [batch…, n, n]: the determinant, its sign (−1, 0 or 1) and the logarithm of its magnitude (−∞ for 0).
  package func determinants(
    operation: String
  ) throws(TensorError) -> (value: NDArray, sign: NDArray, logarithm: NDArray) {
    switch dtype {
    case .float32: try determinants(Float.self, operation)
    default: try determinants(Double.self, operation)
    }
  }

  private func determinants<T: FactorScalar>(
    _: T.Type, _ operation: String
  ) throws(TensorError) -> (value: NDArray, sign: NDArray, logarithm: NDArray) {
    let batch = MatrixBatch(shape)
    let (n, factors, target) = (batch.rows, Draft<T>(self), Shape(batch.extents))
    let (value, sign, logarithm) = (Draft<T>(target), Draft<T>(target), Draft<T>(target))
    try batch.forEach(operation, explain: { "was refused by LAPACK's getrf (info \($0))" }) { index in
      let a = factors.pointer + index * batch.size
      if !areFinite(UnsafePointer(a), batch.size) { return MatrixBatch.notFinite }
      var pivots = [Int32](repeating: 0, count: n)
      let info = n == 0 ? 0 : T.getrf(n, a, &pivots)
      if info < 0 { return info }
      let product = ScaledProduct((0..<n).map { Double(a[$0 * n + $0]) }, exchanges: pivots)
      value.pointer[index] = T(product.value)
      sign.pointer[index] = T(product.significand == 0 ? 0 : product.significand < 0 ? -1 : 1)
      logarithm.pointer[index] = T(product.logarithm)
      return 0
    }
    return (value.array, sign.array, logarithm.array)
  }
}

/// A product kept as significand·2^exponent, so that nothing on the way overflows.
private struct ScaledProduct {
  var significand = 1.0
  var exponent = 0

  init(_ factors: [Double], exchanges: [Int32]) {
    for (row, factor) in factors.enumerated() {
      significand *= Int(exchanges[row]) == row + 1 ? factor : -factor
      if significand == 0 { return }
      exponent += significand.exponent
      significand = Double(sign: significand.sign, exponent: 0, significand: significand.significand)
    }
  }

  var value: Double { significand == 0 ? 0 : Double(sign: .plus, exponent: exponent, significand: significand) }
  var logarithm: Double { significand == 0 ? -.infinity : log(abs(significand)) + Double(exponent) * log(2) }
}
