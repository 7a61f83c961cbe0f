/// Which norm of a vector.
public enum NormOrder: Sendable {
  /// Σ|x|.
  case one
  /// √Σx².
  case two
  /// max |x|; the largest entries share the derivative equally.
  case infinity
}

extension Tensor {
  /// Norm of the entries along `axes` (all of them unless given; negative ones count from the end), as one long vector.
  ///
  /// Neither overflows nor underflows before its time. The derivative at the zero vector is 0 (the subgradient of
  /// smallest norm), never NaN. The norm of no entries is 0, except that the maximum norm traps.
  public func norm(_ order: NormOrder = .two, along axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    switch order {
    case .one: abs(self).sum(along: axes, keepingAxes: keepingAxes)
    case .two: EuclideanNorm(axes: axes, keepingAxes: keepingAxes)(self)
    case .infinity: abs(self).max(along: axes, keepingAxes: keepingAxes)
    }
  }
}
