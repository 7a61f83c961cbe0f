import Attribution
import Formats
import Statistics
import TensorCore

extension Cases {
  /// Accuracies of a linear head after every number of ablated features, along 1,000 random orders.
  static let ablationSweep = Benchmark(
    name: "ablation-sweep", summary: "every number of ablated features of an .npy file along 1,000 orders (--input)"
  ) { input in
    guard let file = input.file else { throw InputMissing(case: "ablation-sweep") }
    let features = try NPY.read(file).converted(to: .float64)
    let (samples, width) = (features.shape[0], features.shape[1])
    var random = RandomSource(seed: 1)
    let head = try LinearHead(
      weight: NDArray(random.normals(2 * width), shape: [2, width]), bias: NDArray(random.normals(2), shape: [2]))
    let standardization = try Standardization(features)
    let means = NDArray((0..<samples).flatMap { _ in standardization.means }, shape: features.shape)
    let labels = (0..<samples).map { _ in Int(random.uniform() * 2) }
    return {
      let sweep = AblationSweep(head: head, features: features, baselines: means, labels: labels)
      let accuracies = sweep.accuracies(along: ControlOrders(count: 1000, features: width, seed: 1).orders)
      return ["orders": Double(accuracies.count), "numbers": Double(accuracies[0].count), "last": accuracies[0][width]]
    }
  }
}
