/// The numbers behind a prompted cut, and their derivative.
struct PromptedForm: Sendable {
  /// g(λ), and the scale m of the filter.
  let filter: [Double]
  private let scale: Double
  /// Whether m is as small as it may be, so that it does not move.
  private let isFloored: Bool
  private let prompts: CutPrompts
  private let degrees: [Double]
  private let values: [Double]
  private let vectors: Matrix<Double>
  /// b = D^½·s
  private let seeds: [Double]
  /// c = Vᵀ·b
  private let components: [Double]
  /// F·b and the diagonal of F.
  private let image: [Double]
  private let diagonal: [Double]
  /// bᵀ·F·b
  let strength: Double
  /// ‖b‖²
  var seedSize: Double { seeds.reduce(0) { $0 + $1 * $1 } }

  init(_ cut: NormalizedCut, _ prompts: CutPrompts) {
    let k = cut.segmentCount
    self.prompts = prompts
    (degrees, values, vectors) = (cut.affinity.degrees, cut.eigenvalues, cut.leading)
    let mean = values.reduce(0) { $0 + (1 - $1) } / Double(k - 1)
    // Parts without affinity to each other have λ = 1 throughout, of which a smaller m would see the rounding.
    (scale, isFloored) = (max(prompts.filterScale * mean, Self.smallestScale), prompts.filterScale * mean <= Self.smallestScale)
    filter = values.map { [scale] in 1 / (1 + (1 - $0) / scale) }
    let seeds = Self.seeds(prompts, degrees)
    let components = transposedProduct(vectors, seeds)
    image = product(vectors, zip(filter, components).map { $0 * $1 })
    diagonal = (0..<vectors.rows).map { [vectors, filter] row in
      (0..<k).reduce(0) { $0 + filter[$1] * vectors[row, $1] * vectors[row, $1] }
    }
    strength = zip(filter, components).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
    (self.seeds, self.components) = (seeds, components)
  }

  private static let smallestScale = 0.01

  private static func seeds(_ prompts: CutPrompts, _ degrees: [Double]) -> [Double] {
    let share = prompts.backgroundWeight
    let volume = degrees.reduce(0, +)
    var density = [Double](repeating: -(1 - share) / volume, count: degrees.count)
    let own = prompts.foreground.reduce(0) { $0 + degrees[$1] }
    for node in prompts.foreground { density[node] += 1 / own }
    let other = prompts.background.reduce(0) { $0 + degrees[$1] }
    for node in prompts.background { density[node] -= share / other }
    return zip(density, degrees).map { $0 * $1.squareRoot() }
  }

  /// F·b made a cosine. F_ii is at least d_i/vol, so that this never divides by zero.
  var scores: [Double] {
    zip(image, diagonal).map { value, own in
      let length = (own * strength).squareRoot()
      return length > 0 ? min(max(value / length, -1), 1) : 0
    }
  }

  /// The cotangent of the eigenpairs and degrees for the mean score over some nodes.
  ///
  /// With r_i = 1/(|M|·√(F_ii·β)), β = bᵀ·F·b, the cotangent of F is F̄ = r·bᵀ + diag(κ̄) + β̄·b·bᵀ, κ̄_i = −score_i/(2·|M|·F_ii)
  /// on M and β̄ = −ℓ/(2β). With H = ½(F̄ + F̄ᵀ)·V the eigenvectors' is 2·H·g as seen from outside their span, and inside it
  /// M = (VᵀH)∘Γ with the divided differences Γ_kl = (g_k − g_l)/(λ_k − λ_l) of Daleckii and Krein. For this g they are g_k·g_l/m,
  /// whether eigenvalues are equal or not.
  func cotangent(of nodes: [Int]) -> EigenpairCotangent {
    let (n, k, count) = (vectors.rows, vectors.columns, Double(nodes.count))
    let scores = scores
    let objective = nodes.reduce(0) { $0 + scores[$1] } / count
    var (direct, own) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
    for node in nodes {
      direct[node] = 1 / (count * (diagonal[node] * strength).squareRoot())
      own[node] = -scores[node] / (2 * count * diagonal[node])
    }
    let overall = -objective / (2 * strength)
    let reached = transposedProduct(vectors, direct)

    let half = Matrix<Double>(uninitialized: n, k)
    for row in 0..<n {
      for column in 0..<k {
        half[row, column] =
          (direct[row] * components[column] + seeds[row] * reached[column]) / 2 + own[row] * vectors[row, column]
          + overall * seeds[row] * components[column]
      }
    }
    let inside = Matrix.innerProducts(vectors, half)
    let (coupling, outward) = (Matrix<Double>(k, k), half)
    var scaleCotangent = 0.0
    for a in 0..<k {
      for b in 0..<k { coupling[a, b] = (inside[a, b] + inside[b, a]) / 2 * filter[a] * filter[b] / scale }
      scaleCotangent += inside[a, a] * filter[a] * filter[a] * (1 - values[a]) / (scale * scale)
    }
    if !isFloored {
      // m = τ/(K − 1)·Σ(1 − λ).
      for a in 0..<k { coupling[a, a] -= scaleCotangent * prompts.filterScale / Double(k - 1) }
    }
    for row in 0..<n { for column in 0..<k { outward[row, column] *= 2 * filter[column] } }

    // b̄ = F·(r + 2·β̄·b)
    let moved = product(vectors, zip(filter, reached).map { $0 * $1 })
    let seedCotangent = zip(moved, image).map { $0 + 2 * overall * $1 }
    return EigenpairCotangent(
      vectors: outward, values: [Double](repeating: 0, count: k), coupling: coupling, degrees: degreeCotangent(seedCotangent))
  }

  /// d̄ of b_i = √d_i·(1_F/vol F − ω·1_B/vol B − (1 − ω)/vol)_i.
  private func degreeCotangent(_ cotangent: [Double]) -> [Double] {
    let roots = degrees.map { $0.squareRoot() }
    func share(_ nodes: some Sequence<Int>) -> Double {
      var (sum, volume) = (0.0, 0.0)
      for node in nodes {
        sum += cotangent[node] * roots[node]
        volume += degrees[node]
      }
      return volume > 0 ? sum / (volume * volume) : 0
    }
    let omega = prompts.backgroundWeight
    let everywhere = (1 - omega) * share(degrees.indices)
    var result = degrees.indices.map { cotangent[$0] * seeds[$0] / (2 * degrees[$0]) + everywhere }
    let foreground = share(prompts.foreground)
    for node in prompts.foreground { result[node] -= foreground }
    let background = omega * share(prompts.background)
    for node in prompts.background { result[node] += background }
    return result
  }
}

/// Vᵀ·x
private func transposedProduct(_ vectors: Matrix<Double>, _ x: [Double]) -> [Double] {
  let result = Matrix.innerProducts(vectors, Matrix(vectors.rows, 1, x))
  return (0..<vectors.columns).map { result[$0, 0] }
}

/// V·y
private func product(_ vectors: Matrix<Double>, _ y: [Double]) -> [Double] {
  let result = Matrix.product(vectors, Matrix(vectors.columns, 1, y))
  return (0..<vectors.rows).map { result[$0, 0] }
}
