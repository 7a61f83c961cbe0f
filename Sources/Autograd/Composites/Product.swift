extension Tensor {
  /// Product along `axes` (all of them unless given; negative ones count from the end); 1 of nothing.
  ///
  /// Built by multiplying halves, so that its derivatives are right where factors are 0, which a quotient would not be.
  public func product(along axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    let axes = trapping { () throws(TensorError) in try shape.normalizedAxes(axes, operation: "product") }
    let kept = shape.indices.filter { !axes.contains($0) }
    let target = shape.reducing(axes, keepingAxes: keepingAxes)
    var rest = permuted(kept + axes).reshaped(to: [target.elementCount, axes.map { shape[$0] }.reduce(1, *)])
    if rest.shape[1] == 0 { return Tensor(repeating: 1, shape: target, dtype: dtype) }
    while rest.shape[1] > 1 {
      let half = rest.shape[1] / 2
      let product = rest.sliced(1, to: half) * rest.sliced(1, from: half, to: 2 * half)
      rest = rest.shape[1] == 2 * half ? product : concatenated([product, rest.sliced(1, from: 2 * half)], along: 1)
    }
    return rest.reshaped(to: target)
  }
}
