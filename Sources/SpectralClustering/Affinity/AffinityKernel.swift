/// What the affinity w_ij of two nodes is made of.
public enum AffinityKernel: Sendable {
  /// w_ij = exp(−‖x_i − x_j‖²/2σ²), of Shi & Malik (2000), equation 11, over all pairs.
  case gaussian
  /// w_ij = exp(−(1 − cos(x_i, x_j))²/2σ²) + 0.001, as `cosine_affinity` of ncut_pytorch: only the direction of a feature
  /// vector counts, and every two nodes have at least the affinity 0.001.
  ///
  /// A vector of zeros has no direction. It counts as orthogonal to every vector that is not zero (cos = 0) and as equal to
  /// the others that are zero (cos = 1; in ncut_pytorch 0, also to itself); its gradient is zero, and a warning says so.
  case cosine
  /// One of your own, with its derivative.
  case custom(any PairAffinity)
}

extension AffinityKernel {
  /// For results and messages: `gaussian`, `cosine` or `custom`.
  public var name: String {
    switch self {
    case .gaussian: "gaussian"
    case .cosine: "cosine"
    case .custom: "custom"
    }
  }
}

/// How the width σ of an affinity is chosen. Of an affinity of your own it is not used.
public enum AffinityWidth: Sendable, Equatable {
  /// Given: for ``AffinityKernel/gaussian`` in the units of the features, for ``AffinityKernel/cosine`` in those of 1 − cos.
  case value(Double)
  /// The median of the pairwise distances that are not zero; for ``AffinityKernel/cosine`` that of 1 − cos.
  /// Of an even number of distances the mean of the middle two. What it is in the derivative, ``WidthRule`` says.
  case medianDistance
}

/// What happens to a width that was taken from the features when the features move.
public enum WidthRule: String, Sendable, CaseIterable {
  /// σ is a constant of the derivative, as in ncut_pytorch.
  case frozen
  /// σ moves with the pair of nodes at the median distance, or the two pairs of an even number. Of several pairs at exactly
  /// that distance it is the first, in row-major order, that counts: there the median has no derivative, but one-sided ones.
  case moving
}
