import Autograd

/// Tokens [1, k, width] (the second input) among those of every sample [N, tokens, width] (the first).
public struct TokenInsertion: LayerOperation {
  /// How many tokens stay in front of them.
  public let index: Int

  public init(at index: Int = 0) { self.index = index }

  public var summary: String { "at \(index)" }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let (x, tokens) = (try arguments.input(0), try arguments.input(1))
    try arguments.requireFloating(x, tokens)
    guard x.rank == 3, tokens.rank == 3, tokens.shape[0] == 1, tokens.shape[2] == x.shape[2],
      0...x.shape[1] ~= index
    else {
      throw .shape(
        name, "expected [N, tokens, width] with at least \(index) tokens and [1, k, width], found \(x.shape) and \(tokens.shape)")
    }
    let inserted = tokens.broadcast(to: [x.shape[0], tokens.shape[1], x.shape[2]])
    if index == 0 { return [concatenated([inserted, x], along: 1)] }
    return [concatenated([x.sliced(1, from: 0, to: index), inserted, x.sliced(1, from: index)], along: 1)]
  }
}
