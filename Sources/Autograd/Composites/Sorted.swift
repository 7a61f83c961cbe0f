extension Tensor {
  /// The elements in order along `axis`, and where each came from.
  ///
  /// Stable: equal elements keep their order. NaN counts as the largest.
  /// - Parameters:
  ///   - axis: the last one unless given; negative ones count from the end.
  ///   - descending: the largest first (default: no).
  /// - Returns: `values`, differentiable (each cotangent goes back to where its value came from), and `indices`, `int64`; both
  ///   of this shape.
  public func sorted(along axis: Int = -1, descending: Bool = false) -> (values: Tensor, indices: Tensor) {
    let indices = argsort(along: axis, descending: descending)
    return (taking(indices, along: axis), indices)
  }

  /// The `count` largest elements along `axis`, largest first, and their indices.
  ///
  /// Of equal elements the first ones are taken. NaN counts as the largest.
  /// - Parameters:
  ///   - count: at most the extent of `axis`; traps otherwise.
  ///   - axis: the last one unless given; negative ones count from the end.
  ///   - smallest: the smallest elements instead, smallest first (default: no).
  /// - Returns: `values`, differentiable, and `indices`, `int64`; `count` along `axis`, else of this shape.
  public func topK(_ count: Int, along axis: Int = -1, smallest: Bool = false) -> (values: Tensor, indices: Tensor) {
    let at = trapping { () throws(TensorError) in try shape.normalizedAxis(axis, operation: "topK") }
    if !(0...shape[at] ~= count) {
      fail(.argument("topK", "\(count) elements cannot be chosen along axis \(at) of \(shape)"))
    }
    let indices = argsort(along: at, descending: !smallest).sliced(at, to: count)
    return (taking(indices, along: at), indices)
  }
}
