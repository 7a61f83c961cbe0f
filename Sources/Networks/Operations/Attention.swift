import Autograd

/// Multi-head self-attention between its projections: [N, tokens, 3·width], queries, keys and values behind each other, to
/// [N, tokens, width].
public struct Attention: LayerOperation {
  public let heads: Int

  public init(heads: Int) { self.heads = heads }

  public var summary: String { "\(heads) heads" }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let x = try arguments.input(0)
    try arguments.requireFloating(x)
    guard x.rank == 3, x.shape[2] > 0, 1...x.shape[2] ~= heads, x.shape[2] % (3 * heads) == 0 else {
      throw .shape(name, "expected [N, tokens, 3·width] with a width that \(heads) heads divide, found \(x.shape)")
    }
    let (batch, tokens, width) = (x.shape[0], x.shape[1], x.shape[2] / 3)
    // [3, N, heads, tokens, width/heads]
    let parts = x.reshaped(to: [batch, tokens, 3, heads, width / heads]).permuted([2, 0, 3, 1, 4])
    let y = scaledDotProductAttention(parts[0], parts[1], parts[2])
    return [y.permuted([0, 2, 1, 3]).reshaped(to: [batch, tokens, width])]
  }

  /// Two products of each head: of queries with keys, and of weights with values.
  public func multiplyAdds(_ shapes: LayerShapes) -> Int {
    guard let output = shapes.outputs.first, output.rank == 3 else { return 0 }
    return 2 * output.elementCount * output[1]
  }
}
