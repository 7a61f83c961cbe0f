/// score = V·R for a fixed assignment; R = polar(EᵀY) or constant.
struct KWayScores: Primitive {
  let scores: RotatedScores

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let expected: Shape = [scores.eigenvectors.rows, scores.eigenvectors.columns]
    guard inputs.count == 1, inputs[0].shape == expected, inputs[0].dtype.isFloating else {
      throw .shape(name, "expected eigenvectors \(expected), found \(inputs)")
    }
    return inputs
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] { [scores.values.array.converted(to: inputs[0].dtype)] }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    if pullback.isRecording { throw .notDifferentiable(name, "second derivatives are not available") }
    let cotangent = scores.pullback(Matrix<Double>(pullback.cotangent.value))
    return [Tensor(cotangent.array.converted(to: pullback.signature(0).dtype))]
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    throw .notDifferentiable(name, "forward mode is not available; use gradients")
  }

  // Its input decides its parameters, so the catalogue's generic tests do not fit; it has tests of its own.
  static let samples: [Sample] = []
  static let errorSamples: [ErrorSample] = []
}

/// Segment scores of eigenvectors by the k-way rotation of Yu & Shi (2003), as a tensor that can be differentiated.
///
/// - Parameters:
///   - eigenvectors: [N, K], as from ``normalizedCutEigenvectors(of:count:kernel:width:widthRule:memory:sample:)``.
///   - rule: whether the rotation moves with the eigenvectors (default) or is a constant.
/// - Returns: `scores` [N, K] and the segment of each node, numbered by first node: constants of the derivative.
/// - Throws: ``SpectralError``.
public func kWayScores(
  of eigenvectors: Tensor, rule: RotationRule = .procrustes
) throws -> (scores: Tensor, assignment: [Int]) {
  guard eigenvectors.rank == 2, eigenvectors.count > 0, eigenvectors.dtype.isFloating else {
    throw SpectralError.invalidInput(
      "expected eigenvectors [nodes, segments] in float32 or float64, found \(Signature(eigenvectors))")
  }
  let matrix = Matrix<Double>(eigenvectors.value)
  let rotation = try KWayRotation(matrix)
  let scores = try RotatedScores(
    eigenvectors: matrix, rotation: rotation.rotation, assignment: rotation.assignment, rule: rule)
  return (try KWayScores(scores: scores).apply([eigenvectors])[0], rotation.assignment)
}
