import Autograd
import Networks

extension Cases {
  /// Networks in evaluation, and the gradient of an output with respect to the input: weights are drawn, since speed does not depend on them.
  static let networks: [Benchmark] = [
    evaluation("resnet18-eval", "ResNet-18 in evaluation, batch 32 at 224²", [32, 3, 224, 224]) {
      try ResNet(.resNet18).network(seed: 1)
    },
    inputGradient("resnet18-input-gradient", "gradient of an output of ResNet-18, batch 32 at 224²", [32, 3, 224, 224]) {
      try ResNet(.resNet18).network(seed: 1)
    },
    evaluation("cim-eval", "WideModel(41, 32, 4, [1, 1]) in evaluation, batch 32 at 32²", [32, 41, 32, 32]) {
      try FusionModel(inChannels: 41, stemWidth: 32, blockWidth: 4, layerConfig: [1, 1]).network(seed: 1)
    },
    evaluation("baseline-eval", "ResNetBaseline(41, 64) in evaluation, batch 128 at 32²", [128, 41, 32, 32]) {
      try ResNetBaseline(inChannels: 41, baseWidth: 64).network(seed: 1)
    },
  ]

  private static func input(_ shape: Shape) -> Tensor {
    var random = RandomSource(seed: 2)
    return Tensor(NDArray((0..<shape.elementCount).map { _ in Float(random.uniform() - 0.5) }, shape: shape))
  }

  private static func evaluation(
    _ name: String, _ summary: String, _ shape: Shape, _ make: @escaping @Sendable () throws -> Network
  ) -> Benchmark {
    Benchmark(name: name, summary: summary) { _ in
      let (network, x) = (try make(), input(shape))
      return { ["values": Double(try network(x).count)] }
    }
  }

  private static func inputGradient(
    _ name: String, _ summary: String, _ shape: Shape, _ make: @escaping @Sendable () throws -> Network
  ) -> Benchmark {
    Benchmark(name: name, summary: summary) { _ in
      let (network, x) = (try make(), input(shape))
      return {
        let leaf = x.recorded()
        let gradient = try network(leaf)[0..., 3].sum().gradient(for: leaf)
        return ["values": Double(gradient.count)]
      }
    }
  }
}
