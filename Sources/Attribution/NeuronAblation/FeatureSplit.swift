import TensorCore

/// Features of some samples with the labels of their groups and targets: a part of the data that is reported on its own.
public struct FeatureSplit: Sendable {
  public let name: String
  /// [samples, features] float64.
  public let features: NDArray
  /// Where a sample comes from (hospital, scanner, batch): what a shortcut gives away. `nil` if it is not known.
  public let groups: [String]?
  /// What the head is to predict.
  public let targets: [String]

  public var count: Int { features.shape[0] }

  /// - Throws: ``NeuronError`` unless there is at least one sample, every value is finite, and there are as many labels.
  public init(name: String, features: NDArray, groups: [String]?, targets: [String]) throws(NeuronError) {
    guard features.rank == 2, features.shape[0] > 0, features.shape[1] > 0 else {
      throw .invalidInput("\(name): found an array of shape \(features.shape), expected [samples, features], none of them 0")
    }
    for (labels, what) in [(groups ?? targets, "group"), (targets, "target")] where labels.count != features.shape[0] {
      throw .invalidInput(
        "\(name): found \(labels.count) \(what) labels for \(features.shape[0]) samples, expected as many")
    }
    let double = features.converted(to: .float64)
    let bad = double.withUnsafeBufferPointer(as: Double.self) { values in values.firstIndex { !$0.isFinite } }
    if let bad {
      let (row, column) = (bad / features.shape[1], bad % features.shape[1])
      throw .invalidInput("\(name): found \(double.doubles[bad]) at sample \(row), feature \(column), expected finite numbers")
    }
    self.name = name
    self.features = double
    self.groups = groups
    self.targets = targets
  }

  /// The samples at `indices`, in that order.
  func selecting(_ indices: [Int]) throws(NeuronError) -> FeatureSplit {
    let width = features.shape[1]
    let values = features.withUnsafeBufferPointer(as: Double.self) { x in
      indices.flatMap { x[$0 * width..<($0 + 1) * width] }
    }
    return try FeatureSplit(
      name: name, features: NDArray(values, shape: [indices.count, width]),
      groups: groups.map { groups in indices.map { groups[$0] } }, targets: indices.map { targets[$0] })
  }
}
