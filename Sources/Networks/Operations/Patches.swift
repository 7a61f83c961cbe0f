import Autograd

/// Positions as tokens: [N, channels, H, W] to [N, H·W, channels], row by row.
public struct Patches: LayerOperation {
  public init() {}
  public var isRearrangement: Bool { true }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    let x = try arguments.input(0)
    try arguments.requireRank(x, 4...4, "[N, channels, H, W]")
    return [x.reshaped(to: [x.shape[0], x.shape[1], x.shape[2] * x.shape[3]]).permuted([0, 2, 1])]
  }
}
