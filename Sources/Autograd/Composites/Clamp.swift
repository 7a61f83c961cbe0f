extension Tensor {
  /// Elements below `range` raised to its lower bound, those above lowered to its upper one; NaN stays NaN.
  ///
  /// The derivative is 1 inside, 0 outside and ½ on a bound.
  public func clamped(to range: ClosedRange<Double>) -> Tensor {
    minimum(maximum(self, range.lowerBound), range.upperBound)
  }
}
