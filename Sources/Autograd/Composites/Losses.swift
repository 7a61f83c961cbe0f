/// What becomes of the losses of single elements.
public enum LossReduction: Sendable {
  /// Their mean; traps if there are none.
  case mean
  /// Their sum.
  case sum
  /// They are returned one by one.
  case none

  fileprivate func callAsFunction(_ losses: Tensor) -> Tensor {
    switch self {
    case .mean: losses.mean()
    case .sum: losses.sum()
    case .none: losses
    }
  }
}

/// −ln softmax(logits) at the labels: the negative log-likelihood of classes.
///
/// - Parameters:
///   - logits: [N, C, …], not normalised; float32 or float64.
///   - labels: [N, …], `int32` or `int64` in 0..<C.
///   - reduction: mean over all labels unless given.
/// - Returns: a single number, or [N, …] for ``LossReduction/none``. Traps, naming it, for a label that is no class.
public func crossEntropy(_ logits: Tensor, labels: Tensor, reduction: LossReduction = .mean) -> Tensor {
  trapping { () throws(TensorError) in try checkLabels(labels, for: logits.shape) }
  let picked = logSoftmax(logits, along: 1).taking(labels.expanded(at: 1), along: 1)
  return reduction(-picked.squeezed(1))
}

/// Unlike an index, a label does not count from the end: −1 is a mistake.
func checkLabels(_ labels: Tensor, for logits: Shape) throws(TensorError) {
  guard logits.rank >= 2, labels.shape == logits.reducing([1], keepingAxes: false) else {
    throw .shape("crossEntropy", "labels \(labels.shape) do not fit logits \(logits): expected [N, …] for [N, C, …]")
  }
  guard labels.dtype == .int32 || labels.dtype == .int64 else {
    throw .dtype("crossEntropy", "expected int32 or int64 labels, found \(labels.dtype)")
  }
  let classes = 0..<Int64(logits[1])
  for (place, label) in labels.value.scalars(as: Int64.self).enumerated() where !classes.contains(label) {
    throw .argument("crossEntropy", "label \(label) (number \(place)) is none of the \(logits[1]) classes")
  }
}

/// −t·ln σ(z) − (1 − t)·ln(1 − σ(z)) for logits z and targets t; shapes broadcast.
///
/// Neither σ is formed: a loss of 10⁻²⁰ comes out as that, not as 0, and a wrong logit of 1000 as 1000, not as ∞.
/// - Parameters:
///   - logits: any shape, float32 or float64.
///   - targets: probabilities in [0, 1], of the same dtype; differentiable too.
///   - reduction: mean over all elements unless given.
public func binaryCrossEntropyWithLogits(_ logits: Tensor, targets: Tensor, reduction: LossReduction = .mean) -> Tensor {
  reduction(targets * softplus(-logits) + (1 - targets) * softplus(logits))
}

/// (x − target)², its mean over all elements unless `reduction` says otherwise; shapes broadcast.
public func meanSquaredError(_ x: Tensor, _ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
  reduction(square(x - target))
}

/// ⟨a, b⟩/(|a|·|b|) along one axis; shapes broadcast.
///
/// - Parameters:
///   - a: float32 or float64; zero vectors are allowed.
///   - b: of the same dtype.
///   - axis: counted in the larger of both shapes' ranks if negative (default 1); both operands must have it.
///   - epsilon: the least that a norm is taken for (default 10⁻⁸), so that zero vectors give 0 with a finite derivative.
/// - Returns: the broadcast shape without `axis`.
public func cosineSimilarity(_ a: Tensor, _ b: Tensor, along axis: Int = 1, epsilon: Double = 1e-8) -> Tensor {
  if !(epsilon > 0) { fail(.argument("cosineSimilarity", "epsilon must be positive, found \(epsilon)")) }
  let shape = trapping { () throws(TensorError) in try Shape.broadcast(a.shape, b.shape, operation: "cosineSimilarity") }
  let axis = trapping { () throws(TensorError) in try shape.normalizedAxis(axis, operation: "cosineSimilarity") }
  // Normalised first: a product of norms overflows long before its factors.
  func direction(_ x: Tensor) -> Tensor {
    let x = x.broadcast(to: shape)
    return x / maximum(x.norm(along: [axis], keepingAxes: true), epsilon)
  }
  return (direction(a) * direction(b)).sum(along: [axis])
}
