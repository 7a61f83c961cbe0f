@testable import SpectralClustering

extension DenseReference {
  /// As for the Gaussian, for the other affinities, and with a σ that may be recorded.
  ///
  /// - Parameters:
  ///   - x: [N, D].
  ///   - count: K.
  ///   - kernel: Gaussian or cosine.
  ///   - sigma: a scalar.
  init(_ x: Tensor, count: Int, kernel: AffinityKernel, sigma: Tensor) throws {
    let norms = (x * x).sum(along: [1], keepingAxes: true)
    let weights: Tensor
    if case .cosine = kernel {
      let unit = x / sqrt(norms)
      let rest = 1 - matmul(unit, unit, transposeB: true)
      weights = exp(rest * rest * (-0.5 / (sigma * sigma))) + 1e-3
    } else {
      let squared = norms + norms.transposed - 2 * matmul(x, x, transposeB: true)
      weights = exp(squared * (-0.5 / (sigma * sigma)))
    }
    try self.init(weights: weights, count: count)
  }
}

/// The median of the distances (of 1 − cos) that are not zero, by sorting them, as a tensor that moves with the features.
func movingMedian(_ x: Tensor, kernel: AffinityKernel) -> Tensor {
  let (n, d) = (x.shape[0], x.shape[1])
  var isCosine = false
  if case .cosine = kernel { isCosine = true }
  func distance(_ i: Int, _ j: Int) -> Tensor {
    let (a, b) = (x.sliced(0, from: i, to: i + 1), x.sliced(0, from: j, to: j + 1))
    if isCosine { return 1 - (a * b).sum() / sqrt((a * a).sum() * (b * b).sum()) }
    return sqrt(((a - b) * (a - b)).sum())
  }
  let values = x.doubles
  func value(_ i: Int, _ j: Int) -> Double {
    let (a, b) = (values[i * d..<(i + 1) * d], values[j * d..<(j + 1) * d])
    if isCosine {
      func dot(_ p: ArraySlice<Double>, _ q: ArraySlice<Double>) -> Double { zip(p, q).reduce(0) { $0 + $1.0 * $1.1 } }
      return 1 - dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    }
    return zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }
  var pairs: [(Double, Int, Int)] = []
  for i in 0..<n { for j in i + 1..<n where value(i, j) > 1e-14 { pairs.append((value(i, j), i, j)) } }
  pairs.sort { ($0.0, $0.1, $0.2) < ($1.0, $1.1, $1.2) }
  let (lower, upper) = (pairs[(pairs.count - 1) / 2], pairs[pairs.count / 2])
  return 0.5 * (distance(lower.1, lower.2) + distance(upper.1, upper.2))
}

extension NormalizedCut {
  /// With everything chosen by a test.
  init(
    _ features: NDArray, _ segments: Int, _ kernel: AffinityKernel = .gaussian, width: AffinityWidth = .medianDistance,
    rule: WidthRule = .frozen, regime: AffinityRegime = .stored, tileGroup: Int = 1, precision: DType = .float64,
    sample: Int? = nil, seed: UInt64 = 0
  ) throws(SpectralError) {
    // Without a number, of all nodes.
    let drawn = regime == .nystrom ? NodeSample(count: sample ?? features.shape[0], seed: seed) : nil
    try self.init(
      features, segments: .fixed(segments), precision: precision,
      AffinityOptions(
        kernel: kernel, width: width, widthRule: rule, regime: regime == .nystrom ? .stored : regime, sample: drawn,
        tileGroup: tileGroup))
  }

  /// W as it is used, row-major; of the sample, if there is one.
  var weights: [Double] {
    if let single = affinity as? NormalizedAffinity<Float> { return single.denseWeights().array.doubles }
    if let single = affinity as? NystromExtension<Float> { return single.sample.denseWeights().array.doubles }
    return double?.denseWeights().array.doubles ?? []
  }

  /// The affinity in float64, between the nodes of the sample if there is one.
  var double: NormalizedAffinity<Double>? {
    (affinity as? NormalizedAffinity<Double>) ?? (affinity as? NystromExtension<Double>)?.sample
  }
}

/// A cut, as recorded tensors that can be differentiated.
func recordedCut(_ input: Tensor, _ cut: NormalizedCut) throws -> Tensor {
  try NormalizedCutEigenvectors(cut: cut).apply([input])[0]
}
