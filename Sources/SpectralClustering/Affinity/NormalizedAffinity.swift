import CKernels

/// The normalised affinity A = S·W·S with W_ij = w(x_i, x_j) and S = diag(W·1)^(−1/2). W is stored, or made again from the
/// features, a tile at a time, whenever it is used.
final class NormalizedAffinity<T: SpectralScalar>: Sendable {
  let nodeCount: Int
  /// Of the features as given.
  let channelCount: Int
  let tiles: AffinityTiles<T>
  /// W, [N, N], symmetric; `nil` if it is not kept.
  let stored: Matrix<T>?
  /// Lengths of the feature vectors, where distances are taken between their directions.
  let directions: DirectionLengths?
  let sigma: Double
  /// The pairs at the median distance, if σ moves with them.
  let medianPairs: [MedianPair]
  /// d = W·1.
  let degrees: [Double]
  /// s = d^(−1/2).
  let scales: Matrix<Double>
  let scalesInPrecision: Matrix<T>
  let warnings: [String]
  let regime: AffinityRegime
  let progress: AffinityProgress
  let checkpoint: CutCheckpoint?
  let accuracy: SpectralAccuracy
  /// The features as given.
  let source: NDArray

  /// What a gradient of directions needs to become one of features.
  struct DirectionLengths: Sendable { let values: [Double] }

  init(_ features: NDArray, _ options: AffinityOptions) throws(SpectralError) {
    let given = try finiteFeatures(features)
    (nodeCount, channelCount, regime, progress) = (given.rows, given.columns, options.regime, options.progress)
    checkpoint = options.checkpoint
    accuracy = options.accuracy ?? SpectralAccuracy(of: T.self)
    source = features
    var warnings: [String] = []
    let directions = try options.kernel.isOfDirections ? FeatureDirections(given) : nil
    if let count = directions?.zeroCount, count > 0 {
      warnings.append(
        "\(count) of \(nodeCount) feature vectors are zero and have no direction: they count as orthogonal to the others and "
          + "equal to each other, and have no gradient")
    }
    self.directions = directions.map { DirectionLengths(values: $0.lengths) }
    let points = try CentredFeatures<T>(directions?.points ?? given)

    if case .custom(let kernel) = options.kernel {
      let custom = CustomTiles(kernel: kernel, features: given)
      if let violation = custom.violation() { throw .invalidInput(violation) }
      let tiles = AffinityTiles(points, .custom(custom), group: options.tileGroup)
      let stored = regime == .stored ? AffinityTiles.stored(points) { tiles.fill(.weight, $0, $1, into: $2) } : nil
      (self.tiles, self.stored, sigma, medianPairs) = (tiles, stored, 1, [])
    } else {
      let squared = regime == .stored ? AffinityTiles.stored(points) { points.squaredDistances($0, $1, into: $2) } : nil
      let kind: KernelProfile<T>.Kind = directions == nil ? .gaussian : .cosine
      let width = try chooseWidth(options, kind, points, squared)
      sigma = width.sigma
      medianPairs = width.pairs
      if let warning = width.warning { warnings.append(warning) }
      let profile = KernelProfile<T>(kind, sigma: sigma, scale: points.scale)
      if let squared {
        Parallel.forEachChunk(of: nodeCount, size: 64) { rows in
          for row in rows { profile.apply(.weight, squared.row(row), squared.columns) }
        }
      }
      (tiles, stored) = (AffinityTiles(points, .profile(profile), group: options.tileGroup), squared)
    }

    degrees = stored.map(rowSums) ?? tiles.degrees(sigma: sigma, options)
    if let lonely = degrees.firstIndex(where: { !($0 > 0) }) {
      throw .invalidInput("node \(lonely) has no affinity to any node, itself included; expected one above zero")
    }
    scales = Matrix(nodeCount, 1, degrees.map { 1 / $0.squareRoot() })
    scalesInPrecision = Matrix(nodeCount, 1, degrees.map { T(1 / $0.squareRoot()) })
    self.warnings = warnings
  }

  /// W, [N, N], for computations that need all of it.
  func denseWeights() -> Matrix<T> {
    stored ?? AffinityTiles.stored(tiles.points) { self.tiles.fill(.weight, $0, $1, into: $2) }
  }

  /// A profile of squared distances; `nil` for an affinity of someone else's.
  var profile: KernelProfile<T>? {
    if case .profile(let profile) = tiles.source { return profile }
    return nil
  }
}

/// Everything about an affinity but its features and its precision.
struct AffinityOptions: Sendable {
  var kernel = AffinityKernel.gaussian
  var width = AffinityWidth.medianDistance
  var widthRule = WidthRule.frozen
  /// Stored or in tiles.
  var regime = AffinityRegime.stored
  /// The nodes between which the affinity is, if not all.
  var sample: NodeSample?
  /// See ``AffinityTiles/group``.
  var tileGroup = 1
  var progress = AffinityProgress(nil)
  /// What passes give is kept there, or read.
  var checkpoint: CutCheckpoint?
  /// By default that of the precision.
  var accuracy: SpectralAccuracy?
}

extension AffinityKernel {
  var isOfDirections: Bool {
    if case .cosine = self { return true }
    return false
  }
}

private struct ChosenWidth {
  var sigma: Double
  var pairs: [MedianPair] = []
  var warning: String?
}

/// - Parameter squared: distances, if they are stored.
private func chooseWidth<T: SpectralScalar>(
  _ options: AffinityOptions, _ kind: KernelProfile<T>.Kind, _ points: CentredFeatures<T>, _ squared: Matrix<T>?
) throws(SpectralError) -> ChosenWidth {
  var result: ChosenWidth
  switch options.width {
  case .value(let given):
    if !representableMagnitudes.contains(given) {
      throw .invalidInput("sigma is \(given); expected a positive number from 1e-100 to 1e+100")
    }
    if options.widthRule == .moving {
      throw .invalidInput("sigma is given (\(given)) and so cannot move with the features; expected the median distance")
    }
    result = ChosenWidth(sigma: given)
  case .medianDistance:
    let median = MedianDistance(squared.map { PairVisitor($0) } ?? PairVisitor(points), options)
    if median.squares.isEmpty {
      return ChosenWidth(
        sigma: 1, warning: "all nodes have the same features: every distance is zero, so sigma is set to 1")
    }
    let widths = median.squares.map { KernelProfile<T>.width(kind, distance: $0.squareRoot(), scale: points.scale) }
    result = ChosenWidth(sigma: widths.reduce(0, +) / Double(widths.count))
    if options.widthRule == .moving { result.pairs = median.pairs() }
  }
  // The largest centred coordinate is between 1 and 2 in scaled units.
  if T.dtype == .float32 && kind == .gaussian && 1 / result.sigma / points.scale > 1e4 {
    result.warning =
      "sigma (\(result.sigma)) is less than a ten-thousandth of the features' range, which float32 hardly resolves: use float64"
  }
  return result
}

private func rowSums<T: SpectralScalar>(_ weights: Matrix<T>) -> [Double] {
  let sums = Matrix<Double>(uninitialized: weights.rows, 1)
  Parallel.forEachChunk(of: weights.rows, size: 64) { rows in
    for row in rows { sums.pointer[row] = T.reduceRun(CK_SUM, weights.row(row), weights.columns) }
  }
  return (0..<weights.rows).map { sums.pointer[$0] }
}

func rowSums<T: SpectralScalar>(_ tiles: AffinityTiles<T>, progress: AffinityProgress) -> Matrix<Double> {
  let sums = Matrix<Double>(tiles.points.nodeCount, 1)
  tiles.forEach(.weight, progress: progress) { rows, columns, tile in
    for row in rows {
      let values = tile.pointer + (row - rows.lowerBound) * columns.count
      sums.pointer[row] += T.reduceRun(CK_SUM, values, columns.count)
      if rows != columns { T.accumulate(values, sums.pointer + columns.lowerBound, columns.count) }
    }
  }
  return sums
}
