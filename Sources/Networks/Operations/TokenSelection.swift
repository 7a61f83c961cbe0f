import Autograd

/// One token of every sample: [N, tokens, width] to [N, width].
public struct TokenSelection: LayerOperation {
  public let index: Int

  public init(_ index: Int = 0) { self.index = index }

  public var summary: String { "token \(index)" }
  public var isRearrangement: Bool { true }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let x = try arguments.input(0)
    guard x.rank == 3, x.shape[1] > index, index >= 0 else {
      throw .shape(name, "expected [N, tokens, width] with more than \(index) tokens, found \(x.shape)")
    }
    return [x.sliced(1, from: index, to: index + 1).squeezed(1)]
  }
}
