import Clew

/// What is computed of every batch.
struct RunTask {
  let network: Network
  let captures: [String]
  /// The output whose gradient is asked for.
  let target: Int?
  /// Whether activations become [samples, height, width, channels].
  let isGrid: Bool

  /// Arrays by the names that they are written under, samples along the first axis.
  func run(_ x: Tensor) throws -> [(name: String, array: NDArray)] {
    let recorded = target == nil ? x : x.recorded()
    let run = try network.run(recorded, capturing: captures)
    var arrays = [(name: "output", array: run.output.value)]
    let rows = run.output.shape.first ?? 0
    guard run.output.rank > 0, rows == x.shape[0] else {
      throw CommandError.unusable(
        "--model: found an output of shape \(run.output.shape), expected one row for each of \(x.shape[0]) samples")
    }
    var gradients: [Tensor] = []
    if let target {
      let flat = run.output.reshaped(to: [rows, run.output.count / max(1, rows)])
      guard 0..<flat.shape[1] ~= target else {
        throw CommandError.unusable("--gradient-of: found \(target), expected from 0 to \(flat.shape[1] - 1)")
      }
      gradients = try flat[0..., target].sum().gradient(for: [recorded] + captures.map { run[$0] })
    }
    for name in captures { arrays.append((name: "capture:\(name)", array: try shown(run[name]).value)) }
    if let first = gradients.first { arrays.append((name: "gradient:input", array: first.value)) }
    for (name, gradient) in zip(captures, gradients.dropFirst()) {
      arrays.append((name: "gradient:\(name)", array: try shown(gradient).value))
    }
    return arrays
  }

  private func shown(_ activation: Tensor) throws -> Tensor { isGrid ? try featureGrid(activation) : activation }
}
