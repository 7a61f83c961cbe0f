/// Bounds of the error of one segment's gradient, over the segment's nodes.
public struct GradientErrors: Sendable, Equatable {
  /// Of the mean over the nodes of |error of ∂objective/∂x_ic|, [D]: no mean of gradients, signed or absolute, is wrong by more.
  public let mean: [Double]
  /// Of the root of the mean of its square, [D].
  public let rootMeanSquare: [Double]
}

extension KWayCut {
  /// Bounds of each segment's gradient errors, or why there are none.
  ///
  /// To first order in what was measured: what the angle of the eigenvectors, the residuals of the solves and roundings leave
  /// open, each carried through the rest of the derivative in norm. With Ẑ of the solves and ‖sin Θ‖ ≤ s,
  /// ‖δZ‖ ≤ ‖ρ/(λ − λ_{K+1})‖ + (‖δḠ‖ + s·‖Ḡ‖ + (‖δΛ‖ + ‖δA‖)·‖Z‖)/gap + s·‖Z‖, and Ā = ½(L·Vᵀ + V·Lᵀ) passes δL and δV on to
  /// x̄ through entries of A that are not negative and A·√d = √d (see ``RowReach``). Products of two errors are taken in by a
  /// factor 1/(1 − 4s)², so that s must be below 1/8.
  func gradientErrors(
    _ result: FeaturePullback, _ occupied: [Int], _ certificate: SpectralCertificate
  ) -> (errors: [GradientErrors?], reason: String?) {
    let none = [GradientErrors?](repeating: nil, count: cut.segmentCount)
    if cut.sample != nil { return (none, certificate.reason) }
    if case .custom = cut.kernel { return (none, "the derivative of an affinity of one's own has no known bound") }
    if filtered != nil { return (none, "the scores of a spectral filter have no known bound") }
    if cut.widthRule == .moving { return (none, "the pair at the median distance, with which sigma moves, is not certain") }
    guard let gap = certificate.gap, let angle = certificate.subspaceAngle, result.accuracies.count == occupied.count else {
      return (none, certificate.reason ?? "part of the derivative was left out")
    }
    if result.leftOut > 1e-6 { return (none, "part of the derivative does not exist and is left out") }
    if angle >= 0.125 {
      return (none, "the eigenvectors are too uncertain for a bound to first order (the sine of their angle is up to \(angle))")
    }
    var span = SpanErrors(residual: certificate.totalResidual, scales: result.scaleError, gap: gap, angle: angle)
    if rule == .frozen {
      guard let inner = innerChange(certificate) else {
        return (none, "the frozen rotation depends on eigenvectors whose eigenvalues are too close to tell them apart")
      }
      span.turn = inner.turn
      span.innerGap = inner.gap
    }
    var errors = none
    for (index, segment) in occupied.enumerated() {
      guard
        let cotangent = scores.cotangentError(
          segment: segment, nodes: segments[segment], change: span.vectors, degrees: cut.affinity.degrees)
      else { return (none, "the rotation is not determined by the eigenvectors") }
      errors[segment] = bounds(segment, result.accuracies[index], cotangent, span)
    }
    return (errors, nil)
  }

  /// What is known of the span and, for a rotation that does not follow, of the vectors in it.
  private struct SpanErrors {
    let gap: Double
    let angle: Double
    /// ‖A·V − V·Λ‖_F, which bounds ‖Λ − VᵀAV‖₂ too.
    let residual: Double
    /// Relative error of the scales.
    let scales: Double
    /// Bound of the turn of the vectors inside the span, and the smallest gap there.
    var turn = 0.0
    var innerGap: Double?
    var vectors: Double { (angle * angle + turn * turn).squareRoot() }

    init(residual: Double, scales: Double, gap: Double, angle: Double) {
      (self.residual, self.scales, self.gap, self.angle) = (residual, scales, gap, angle)
    }
  }

  /// ‖Vᵀ(A·V − V·Λ)‖/(λ_i − λ_j) of the closest pair; `nil` if it is not certain that they differ.
  private func innerChange(_ certificate: SpectralCertificate) -> (turn: Double, gap: Double)? {
    let error = certificate.totalResidual
    let closest = zip(cut.eigenvalues, cut.eigenvalues.dropFirst()).map { $0 - $1 }.min() ?? .infinity
    let gap = closest - 2 * error
    return gap > 8 * error ? (error / gap, gap) : nil
  }

  private func bounds(
    _ segment: Int, _ solve: CotangentAccuracy, _ cotangent: CotangentError, _ span: SpanErrors
  ) -> GradientErrors {
    let (nodes, affinity) = (segments[segment], cut.affinity)
    let unit = cut.precision == .float32 ? Float.unit : Double.unit
    let (n, k) = (cut.nodeCount, Double(cut.segmentCount))
    let own = solve.solve
    let known = RowReach(cut.leading, degrees: affinity.degrees, segment: nodes)
    let degrees = SegmentDegrees(nodes, degrees: affinity.degrees)

    let sides = cotangent.error + span.angle * cotangent.size + span.residual * own.solution
    var factor = own.error + own.leakage + sides / span.gap + span.angle * own.solution
    if let gap = span.innerGap {
      // M = (C − Cᵀ)/2(λ_j − λ_i), C = VᵀḠ, and L = Z + V·M.
      let coupling = (span.vectors * cotangent.size + cotangent.error + 2 * span.residual * own.coupling) / gap
      factor += coupling + span.vectors * own.coupling
    }
    let size = solve.factor.norm
    factor += (2 * unit + 4 * span.scales) * size
    let vectors = span.vectors + unit * k.squareRoot() + productRounding(n)
    // d̄ takes A·V = V·Λ and A·L = Z·Λ − P·Ḡ + V·M·Λ for granted.
    let widest = (cut.eigenvalues[0] - cut.eigenvalues[cut.segmentCount - 1]) + span.gap
    let image = widest * own.error + span.residual * (1 + own.coupling)
    let identity = solve.factor.relative * span.residual + known.relative * image
    // Products of K and sums of up to 1024 terms, scales, degrees, and the features themselves.
    let sums = unit * (roundingTerms(min(n, 1024)) + roundingTerms(2 * cut.segmentCount) + 24)

    let slack = 1 / ((1 - 4 * span.angle) * (1 - 4 * span.angle))
    let count = Double(nodes.count)
    let felt = 2 * (known.relative * factor + solve.factor.relative * vectors) + 0.5 * identity
    let slopes = affinity.rounding.slopes
    let summed = sums * degrees.totalSum(known) * size
    let mean = zip(solve.reach, solve.spread).map { (reach: Double, spread: Double) -> Double in
      // A constant channel has no gradient, whatever the rest is.
      if reach == 0 { return 0 }
      var rounding = slopes * spread
      if let measured = solve.weightError { rounding = min(rounding, measured * reach) }
      let own: Double = spread * felt + 2 * rounding * known.relative * size
      return slack / count * (own + reach * summed)
    }
    let rounding = slopes + sums
    let largest =
      degrees.largestSum(known) * (factor + rounding * size) + degrees.largestSum(solve.factor) * vectors
      + 0.5 * degrees.largest * identity
    let root = count.squareRoot()
    return GradientErrors(mean: mean, rootMeanSquare: zip(solve.reach, mean).map { min(slack / root * $0 * largest, $1 * root) })
  }
}
