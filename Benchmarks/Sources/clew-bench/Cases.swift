/// Every case. Adding one: a file in `Cases/`, a line here and, if something else does the same work, a script in
/// `peers/` and a row in `compare.py`.
enum Cases {
  static let all: [Benchmark] =
    [ncutTrace, ncutTiles, scalarChain, eigenproblem, residualNetwork, ablationSweep] + elementwise + products + convolutions
    + layers + networks + channelAblations
}
