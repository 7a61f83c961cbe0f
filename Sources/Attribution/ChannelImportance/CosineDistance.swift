import Networks

/// 1 − cos of the angle between two vectors without cancellation, however close they are.
///
/// With δ = a − b: 1 − cos = (‖δ‖² − (‖a‖ − ‖b‖)²)/(2‖a‖‖b‖), and ‖a‖ − ‖b‖ = δ·(a + b)/(‖a‖ + ‖b‖). It is ½‖â − b̂‖².
enum CosineDistance {
  /// - Parameters:
  ///   - difference: ‖a − b‖².
  ///   - product: (a − b)·(a + b).
  ///   - a: ‖a‖.
  ///   - b: ‖b‖.
  /// - Returns: 0 for two zero vectors, 1 if only one is zero.
  static func value(difference: Double, product: Double, _ a: Double, _ b: Double) -> Double {
    guard a > 0, b > 0 else { return a == b ? 0 : 1 }
    let norms = product / (a + b)
    return max(0, (difference - norms * norms) / (2 * a * b))
  }

  static func value(_ a: UnsafeBufferPointer<Double>, _ b: UnsafeBufferPointer<Double>) -> Double {
    var (difference, product, squareA, squareB) = (0.0, 0.0, 0.0, 0.0)
    for index in a.indices {
      let (x, y) = (a[index], b[index])
      let delta = x - y
      difference += delta * delta
      product += delta * (x + y)
      squareA += x * x
      squareB += y * y
    }
    return value(difference: difference, product: product, squareA.squareRoot(), squareB.squareRoot())
  }

  /// As the published notebook computes it, row by row of [rows, width]: 1 minus the product of both rows divided by their norms,
  /// all in their own precision.
  static func asInSeed(_ a: NDArray, _ b: NDArray) -> [Double] {
    let (x, y) = (Tensor(a), Tensor(b))
    func unit(_ t: Tensor) -> Tensor { t / maximum(sqrt((t * t).sum(along: [1], keepingAxes: true)), 1e-12) }
    return (unit(x) * unit(y)).sum(along: [1]).doubles.map { 1 - $0 }
  }
}
