import Autograd

extension NormalizedAffinity {
  /// A pass over the affinity that multiplies it with x: counted, and read from the checkpoint if that has it.
  func outcome<S: RealScalar>(_ kind: PassKind, of x: Matrix<S>, _ compute: () -> Matrix<S>) -> Matrix<S> {
    progress.begin()
    return checkpoint.outcome(kind, shape: (x.rows, x.columns), input: { $0.add(x) }, compute)
  }

  /// As ``writeFeatureCotangent(_:leading:rows:into:)``, which is one pass.
  func keepFeatureCotangent(
    _ cotangents: [AffinityCotangent<T>], leading: Matrix<Double>, rows: [[Int]], into result: Matrix<Double>
  ) {
    progress.begin()
    guard checkpoint != nil else { return writeFeatureCotangent(cotangents, leading: leading, rows: rows, into: result) }
    let nodes = rows.flatMap { $0 }
    let packed = checkpoint.outcome(
      .featureRows, shape: (nodes.count, result.columns),
      input: { digest in
        for (cotangent, nodes) in zip(cotangents, rows) {
          digest.add(nodes.map { UInt64($0) })
          digest.add(cotangent.factor)
          digest.add(cotangent.degrees)
        }
        digest.add(leading)
      }
    ) {
      writeFeatureCotangent(cotangents, leading: leading, rows: rows, into: result)
      let packed = Matrix<Double>(uninitialized: nodes.count, result.columns)
      for (index, node) in nodes.enumerated() { packed.row(index).update(from: result.row(node), count: result.columns) }
      return packed
    }
    for (index, node) in nodes.enumerated() { result.row(node).update(from: packed.row(index), count: result.columns) }
  }
}

extension AffinityTiles {
  /// W·1, one pass.
  func degrees(sigma: Double, _ options: AffinityOptions) -> [Double] {
    options.progress.begin()
    let sums = options.checkpoint.outcome(
      .degrees, shape: (points.nodeCount, 1), input: { $0.add([sigma.bitPattern]) }
    ) { rowSums(self, progress: options.progress) }
    return (0..<sums.rows).map { sums.pointer[$0] }
  }
}

extension AffinityOptions {
  /// Holds the checkpoint, if there is one, against what is to be cut.
  func beginCheckpoint(_ features: NDArray, _ segments: SegmentCount, _ precision: DType) throws(SpectralError) {
    guard let checkpoint else { return }
    if sample != nil { throw .checkpoint("a cut that is extended from a sample keeps none, expected one of all nodes") }
    if case .custom = kernel {
      throw .checkpoint("an affinity of your own cannot be told from another, expected one of ours for a checkpoint")
    }
    try checkpoint.begin(identity(features, segments, precision))
  }
}
