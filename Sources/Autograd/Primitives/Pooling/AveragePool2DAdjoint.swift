/// x̄ of ``AveragePool2D`` from its cotangent g;  ḡ = the average of x̄̄
struct AveragePool2DAdjoint: Primitive {
  /// Of x: the output's size does not determine it when the stride does not reach the far edge.
  let size: Size2D
  let window: Window2D
  let countIncludePad: Bool

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    let g = inputs[0].shape
    guard g.rank == 4 else { throw .shape(name, "expected [N, C, H′, W′], found \(g)") }
    let input: Shape = [g[0], g[1], size.height, size.width]
    let pooled = try window.pooledShape(input, mustRead: !countIncludePad, operation: name)
    guard pooled == g else { throw .shape(name, "cotangent \(g) does not fit the input \(input), which gives \(pooled)") }
    return [Signature(input, dtype)]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] {
    [inputs[0].averagePool2DAdjoint(window, size: size, countIncludePad: countIncludePad)]
  }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] {
    [AveragePool2D(window: window, countIncludePad: countIncludePad)(pullback.cotangent)]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [self(pushforward.tangent)] }

  private static func adjoint(_ size: (Int, Int), of pool: AveragePool2D) -> Self {
    Self(size: Size2D(size), window: pool.window, countIncludePad: pool.countIncludePad)
  }
  static let samples = [
    Sample(adjoint((4, 5), of: .pool((2, 2), (2, 2))), .normal([2, 2, 2, 2])),
    Sample(adjoint((3, 4), of: .pool((3, 2), (1, 2), (1, 1), countIncludePad: false)), .normal([1, 2, 3, 3])),
    Sample(adjoint((1, 1), of: .pool((1, 1))), .normal([1, 1, 1, 1])),
    Sample(adjoint((3, 3), of: .pool((2, 2))), .zeros([0, 2, 2, 2])),
  ]
  static let errorSamples = [
    ErrorSample(adjoint((3, 3), of: .pool((2, 2))), [1, 2, 2]), ErrorSample(adjoint((3, 3), of: .pool((2, 2))), [1, 2, 2, 3]),
  ]
}
