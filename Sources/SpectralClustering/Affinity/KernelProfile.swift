import CKernels

/// What is asked of a pair of nodes.
enum TileEntry: Sendable {
  /// w
  case weight
  /// −∂w/∂‖u_i − u_j‖², times a constant that ``KernelProfile/slopeFactor`` undoes.
  case slope
  /// σ·∂w/∂σ
  case width
}

/// An affinity as a function of the squared distance of two points: of the features, or of their directions, for which
/// 1 − cos = ‖u_i − u_j‖²/2.
struct KernelProfile<T: SpectralScalar>: Sendable {
  enum Kind { case gaussian, cosine }
  let kind: Kind
  let sigma: Double
  /// What the points were multiplied by.
  let scale: Double
  /// t = factor·‖u_i − u_j‖², in scaled units; w is e^(−t), or e^(−t²) + 0.001.
  private let factor: T

  init(_ kind: Kind, sigma: Double, scale: Double) {
    (self.kind, self.sigma, self.scale) = (kind, sigma, scale)
    let inverse = 1 / sigma / scale
    let value = kind == .gaussian ? 0.5 * inverse * inverse : inverse / scale / 8.0.squareRoot()
    // Infinity times the zero distance of a node from itself would be NaN.
    let largest = T.dtype == .float32 ? Double(Float.greatestFiniteMagnitude) : .greatestFiniteMagnitude
    factor = T(min(largest, value))
  }

  /// Turns squared distances into what is asked for, in place.
  func apply(_ entry: TileEntry, _ squared: UnsafeMutablePointer<T>, _ count: Int) {
    switch (kind, entry) {
    case (.gaussian, .weight), (.gaussian, .slope): T.affinity(CK_GAUSSIAN, factor, squared, count)
    case (.gaussian, .width): T.affinity(CK_GAUSSIAN_WIDTH, factor, squared, count)
    case (.cosine, .weight): T.affinity(CK_COSINE, factor, squared, count)
    case (.cosine, .slope): T.affinity(CK_COSINE_SLOPE, factor, squared, count)
    case (.cosine, .width): T.affinity(CK_COSINE_WIDTH, factor, squared, count)
    }
  }

  /// ū_i = slopeFactor(Σ_j C_ij(u_i − u_j)) with C = B∘slope, from a difference in scaled units; in an order in which nothing
  /// overflows, as σ² might.
  func slopeFactor(_ difference: Double) -> Double {
    switch kind {
    // −2/σ²
    case .gaussian: -2 * (difference / scale / sigma) / sigma
    // −1/σ² with ‖u_i − u_j‖² = √8·σ·t
    case .cosine: -8.0.squareRoot() * (difference / scale) / sigma
    }
  }

  /// From the median of squared distances in scaled units to σ.
  static func width(_ kind: Kind, distance: Double, scale: Double) -> Double {
    let own = distance / scale
    return kind == .gaussian ? own : own * own / 2
  }
}
