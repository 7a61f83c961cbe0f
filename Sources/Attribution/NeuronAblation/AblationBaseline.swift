import TensorCore

/// What an ablated feature is replaced by.
public enum AblationBaseline: String, Sendable, CaseIterable {
  /// The feature's mean over the training samples: zero once it is standardised.
  case trainMean
  /// Zero in the units of the feature, which for most features no sample has.
  case zero
  /// The feature's mean over the samples of the split that is reported.
  case splitMean
  /// The value of a training sample, drawn anew for every sample and feature.
  case resample

  /// [samples, features]: what each feature of each sample is replaced by.
  func values(train: FeatureSplit, split: FeatureSplit, trainMeans: [Double], seed: UInt64) -> NDArray {
    let (n, width) = (split.count, trainMeans.count)
    func repeated(_ row: [Double]) -> NDArray {
      NDArray((0..<n).flatMap { _ in row }, shape: [n, width])
    }
    switch self {
    case .trainMean: return repeated(trainMeans)
    case .zero: return NDArray.zeros([n, width], dtype: .float64)
    case .splitMean: return repeated(split.features.columns.map { column in column.reduce(0, +) / Double(n) })
    case .resample:
      var random = RandomSource(seed: seed, stream: 1 << 40)
      return train.features.withUnsafeBufferPointer(as: Double.self) { x in
        NDArray((0..<n * width).map { x[random.index(below: train.count) * width + $0 % width] }, shape: [n, width])
      }
    }
  }
}
