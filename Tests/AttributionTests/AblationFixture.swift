import Attribution
import Foundation
import Statistics
import TensorCore
import Testing

/// Features with a planted shortcut: `leaks` differ between the groups, which go with the target in training alone.
struct PlantedShortcut {
  static let width = 16
  static let leaks = [2, 5, 11]
  let train: FeatureSplit
  let test: FeatureSplit
  let head: LinearHead

  /// - Parameter samples: of each split.
  init(seed: UInt64 = 1, samples: Int = 150, outputs: Int = 2) throws {
    var random = RandomSource(seed: seed)
    func split(_ name: String, agreement: Double) throws -> FeatureSplit {
      var (values, groups, targets): ([Double], [String], [String]) = ([], [], [])
      for _ in 0..<samples {
        let target = Int(random.uniform() * Double(outputs))
        let group = random.uniform() < agreement ? target : Int(random.uniform() * Double(outputs))
        for feature in 0..<Self.width {
          let signal = Self.leaks.contains(feature) ? 1.5 * Double(group) : feature % 4 == 0 ? 0.8 * Double(target) : 0
          values.append(signal + random.normal())
        }
        groups.append("hospital \(group)")
        targets.append(String(target))
      }
      return try FeatureSplit(
        name: name, features: NDArray(values, shape: [samples, Self.width]), groups: groups, targets: targets)
    }
    train = try split("train", agreement: 0.8)
    test = try split("test", agreement: 0)
    // A head that was trained where the group goes with the target.
    let fit = try LogisticRegression(
      features: train.features, labels: train.targets.map { Int($0) ?? 0 }, classCount: outputs)
    head = try LinearHead(weight: fit.coefficients, bias: NDArray(fit.intercepts, shape: [fit.intercepts.count]))
  }
}
