/// (V, λ): the leading eigenvectors [N, K] and eigenvalues [K] of the normalised affinity of features [N, D].
///
/// The implicit derivative of a truncated spectrum: no full decomposition, no second order, no forward mode.
struct NormalizedCutEigenvectors: Primitive {
  /// Computed from the very features that are the input; carries what the derivative needs.
  let cut: NormalizedCut

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    guard inputs.count == 1, inputs[0].shape.rank == 2, inputs[0].dtype.isFloating else {
      throw .shape(name, "expected features [nodes, channels] in float32 or float64, found \(inputs)")
    }
    let (n, k) = (cut.nodeCount, cut.segmentCount)
    return [Signature([n, k], inputs[0].dtype), Signature([k], inputs[0].dtype)]
  }

  func forward(_ inputs: [NDArray]) -> [NDArray] {
    [
      cut.eigenvectors.converted(to: inputs[0].dtype),
      NDArray(cut.eigenvalues, shape: [cut.segmentCount]).converted(to: inputs[0].dtype),
    ]
  }

  var saves: Saved { .nothing }

  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    if pullback.isRecording { throw .notDifferentiable(name, "second derivatives are not available") }
    let vectors = pullback.cotangents[0].map { Matrix<Double>($0.value) } ?? Matrix(cut.nodeCount, cut.segmentCount)
    let values =
      pullback.cotangents.count > 1
      ? pullback.cotangents[1]?.doubles ?? [Double](repeating: 0, count: cut.segmentCount)
      : [Double](repeating: 0, count: cut.segmentCount)
    do throws(SpectralError) {
      let result = try cut.affinity.pullback(
        cut.pairs, rows: [Array(0..<cut.nodeCount)], closedGap: .refuse, withWidths: false, beyond: nil,
        cotangent: { _ in EigenpairCotangent(vectors: vectors, values: values) })
      return [Tensor(result.features.array.converted(to: pullback.signature(0).dtype))]
    } catch { throw .notDifferentiable(name, error.description) }
  }

  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    throw .notDifferentiable(name, "forward mode is not available; use gradients")
  }

  // Its inputs decide its parameters, so the catalogue's generic tests do not fit; it has tests of its own.
  static let samples: [Sample] = []
  static let errorSamples: [ErrorSample] = []
}

/// The leading eigenvectors of the normalised affinity, as a tensor that can be differentiated for any loss.
///
/// - Parameters:
///   - features: [N, D].
///   - count: K.
///   - kernel: what the affinity of two nodes is made of (default: Gaussian).
///   - width: σ of the affinity (default: the median distance).
///   - widthRule: what a median σ is in the derivative (default: a constant).
///   - memory: what a stored affinity may take (default: half of what is free); beyond, tiles.
///   - sample: nodes whose cut is extended to all others (default: `nil`, none: the cut is exact).
/// - Returns: `vectors` [N, K], unit columns by descending eigenvalue, signs fixed by the largest-magnitude entry;
///   `values` [K]; and the ``NormalizedCut`` behind them, with residuals, spectral gap and warnings.
/// - Throws: ``SpectralError``. Asking for the gradient of a loss that depends on the choice of eigenvectors at equal
///   eigenvalues throws `TensorError.notDifferentiable`.
public func normalizedCutEigenvectors(
  of features: Tensor, count: Int, kernel: AffinityKernel = .gaussian, width: AffinityWidth = .medianDistance,
  widthRule: WidthRule = .frozen, memory: MemoryBudget = .halfOfFree, sample: NodeSample? = nil
) throws -> (vectors: Tensor, values: Tensor, cut: NormalizedCut) {
  let cut = try NormalizedCut(
    features.value, segments: count, kernel: kernel, width: width, widthRule: widthRule, memory: memory, sample: sample)
  let outputs = try NormalizedCutEigenvectors(cut: cut).apply([features])
  return (outputs[0], outputs[1], cut)
}
