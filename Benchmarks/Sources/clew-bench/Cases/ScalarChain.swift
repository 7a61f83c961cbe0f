import Autograd

extension Cases {
  /// What an operation costs before it has anything to compute: a chain on a single number, forward and backward.
  static let scalarChain = Benchmark(
    name: "scalar-chain", summary: "2,000 operations on one number, and the gradient through them"
  ) { _ in
    let start = Tensor(repeating: 1, shape: [])
    return {
      let derivative = try gradient(at: start) { x in
        var y = x
        for _ in 0..<1000 { y = sin(y) * 1.0001 }
        return y
      }
      return ["gradient": derivative.scalar]
    }
  }
}
