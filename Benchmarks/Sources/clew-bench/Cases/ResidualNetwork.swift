import Autograd

extension Cases {
  /// ResNet-18 (He et al. 2015) from tensor operations, batch normalisation in training: forward, and backward to all weights.
  static let residualNetwork = Benchmark(
    name: "resnet18", summary: "ResNet-18 in training, batch 32 at 224²: forward, and backward to all weights"
  ) { _ in
    var random = RandomSource(seed: 1)
    let x = normals([32, 3, 224, 224], &random)
    let weights = ResidualNetwork.shapes.map { shape in
      // Scales and shifts of batch normalisation are 1; weights are scaled by their fan-in.
      let fan = Double(shape.dropFirst().reduce(1, *))
      return shape.rank == 1
        ? Tensor(repeating: shape == [1000] ? 0 : 1, shape: shape) : normals(shape, &random) * (2 / fan).squareRoot()
    }
    return {
      let leaves = weights.map { $0.recorded() }
      let loss = ResidualNetwork(weights: leaves).loss(x)
      let value = loss.scalar
      // Given up, so that the record is freed on the way.
      let gradients = try (consume loss).gradient(for: leaves)
      return ["loss": value, "gradients": Double(gradients.count)]
    }
  }
}

/// The network's weights in the order of their use.
private struct ResidualNetwork {
  private var rest: ArraySlice<Tensor>

  init(weights: [Tensor]) { rest = weights[...] }

  /// Channels of the four stages; each has two blocks, and all but the first begin with a stride of 2.
  private static let stages = [64, 128, 256, 512]

  static var shapes: [Shape] {
    func normalized(_ outputs: Int, _ inputs: Int, _ kernel: Int) -> [Shape] {
      [[outputs, inputs, kernel, kernel], [outputs], [outputs]]
    }
    var shapes = normalized(64, 3, 7)
    var inputs = 64
    for channels in stages {
      for block in 0..<2 {
        shapes += normalized(channels, block == 0 ? inputs : channels, 3) + normalized(channels, channels, 3)
        if block == 0 && inputs != channels { shapes += normalized(channels, inputs, 1) }
      }
      inputs = channels
    }
    return shapes + [[1000, 512], [1000]]
  }

  private mutating func next() -> Tensor { rest.removeFirst() }

  private mutating func convolved(_ x: Tensor, _ stride: Int, _ padding: Int) -> Tensor {
    let (weight, scale, shift) = (next(), next(), next())
    return batchNorm(conv2d(x, weight, stride: (stride, stride), padding: (padding, padding)), scale: scale, shift: shift).value
  }

  private mutating func block(_ x: Tensor, _ stride: Int, widens: Bool) -> Tensor {
    let inner = relu(convolved(x, stride, 1))
    let y = convolved(inner, 1, 1)
    return relu(y + (widens ? convolved(x, stride, 0) : x))
  }

  /// The mean square of the logits.
  consuming func loss(_ x: Tensor) -> Tensor {
    var y = maxPool2d(relu(convolved(x, 2, 3)), kernel: (3, 3), stride: (2, 2), padding: (1, 1))
    for (index, _) in Self.stages.enumerated() {
      y = block(y, index == 0 ? 1 : 2, widens: index > 0)
      y = block(y, 1, widens: false)
    }
    let features = globalAveragePool(y).reshaped(to: [x.shape[0], 512])
    let weight = next()
    let logits = matmul(features, weight.transposed) + next()
    return (logits * logits).mean()
  }
}
