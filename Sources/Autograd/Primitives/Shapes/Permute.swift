/// Axes in another order: axis i of y is axis `axes[i]` of x;  x̄ = ȳ in the inverse order
struct Permute: Primitive {
  let axes: [Int]

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    guard axes.sorted() == Array(inputs[0].shape.indices) else {
      throw .shape(name, "\(axes) is not an order of the axes of \(inputs[0].shape)")
    }
    return [Signature(Shape(axes.map { inputs[0].shape[$0] }), inputs[0].dtype)]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] { [inputs[0].permuted(axes)] }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] {
    [pullback.cotangent.permuted(axes.indices.map { axes.firstIndex(of: $0) ?? 0 })]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent.permuted(axes)] }

  static let samples = [
    Sample(Permute(axes: [1, 0]), .normal([3, 2])), Sample(Permute(axes: [2, 0, 1]), .normal([3, 2, 4])),
    Sample(Permute(axes: [1, 0]), .zeros([0, 2])), Sample(Permute(axes: []), .normal([])),
  ]
  static let errorSamples = [ErrorSample(Permute(axes: [0]), [3, 2]), ErrorSample(Permute(axes: [0, 0]), [3, 2])]
}

extension Tensor {
  /// The axes in the order `axes`.
  public func permuted(_ axes: [Int]) -> Tensor { Permute(axes: axes)(self) }

  /// The last two axes exchanged.
  public var transposed: Tensor {
    if rank < 2 { fail(.shape("transposed", "expected at least two axes, found \(shape)")) }
    return permuted(Array(0..<rank - 2) + [rank - 1, rank - 2])
  }
}
