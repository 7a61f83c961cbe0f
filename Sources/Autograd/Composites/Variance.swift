extension Tensor {
  /// Variance along `axes` (all of them unless given): Σ(x − mean)²/(n − correction), in two passes.
  ///
  /// - Parameters:
  ///   - axes: negative ones count from the end.
  ///   - correction: 0 for the variance of these values, 1 for the unbiased estimate from a sample.
  ///     Traps unless there are more elements than that.
  ///   - keepingAxes: whether reduced axes stay, with extent 1.
  public func variance(along axes: [Int]? = nil, correction: Int = 0, keepingAxes: Bool = false) -> Tensor {
    let divisor = trapping { () throws(TensorError) in try varianceDivisor(shape, axes, correction) }
    return square(self - mean(along: axes, keepingAxes: true)).sum(along: axes, keepingAxes: keepingAxes) / divisor
  }
}

func varianceDivisor(_ shape: Shape, _ axes: [Int]?, _ correction: Int) throws(TensorError) -> Double {
  let axes = try shape.normalizedAxes(axes, operation: "variance")
  let count = axes.map { shape[$0] }.reduce(1, *)
  guard count > correction else {
    throw .argument("variance", "\(count) values of \(shape) have no variance with correction \(correction)")
  }
  return Double(count - correction)
}
