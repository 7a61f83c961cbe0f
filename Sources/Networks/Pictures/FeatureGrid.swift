import Autograd

/// A layer's activations as features with channels last, one vector for each position.
///
/// - Parameters:
///   - activation: [N, channels, H, W], or [N, tokens, width] of a transformer: tokens that stand for no position (class, registers)
///     come first, and are dropped.
///   - grid: rows and columns of the patches. Unless given, the largest square that leaves at most eight tokens over.
/// - Returns: [N, H, W, channels].
/// - Throws: ``NetworkError`` for other shapes.
public func featureGrid(_ activation: Tensor, grid: Size2D? = nil) throws(NetworkError) -> Tensor {
  if activation.rank == 4 { return activation.permuted([0, 2, 3, 1]) }
  guard activation.rank == 3 else {
    throw .input("found activations of shape \(activation.shape), expected [N, channels, H, W] or [N, tokens, width]")
  }
  let tokens = activation.shape[1]
  let side = Int(Double(tokens).squareRoot())
  let grid = grid ?? Size2D(side, side)
  guard grid.height > 0, grid.width > 0, grid.area <= tokens, tokens - grid.area <= 8 else {
    throw .input("found \(tokens) tokens, expected \(grid.height)·\(grid.width) for positions and at most 8 more")
  }
  return activation.sliced(1, from: tokens - grid.area)
    .reshaped(to: [activation.shape[0], grid.height, grid.width, activation.shape[2]])
}
