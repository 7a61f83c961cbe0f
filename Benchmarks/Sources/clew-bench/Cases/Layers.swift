import Autograd

extension Cases {
  /// Pooling and normalisation of standard normal float32 numbers, forward and backward to the input (and the scales).
  static let layers = [
    layer("max-pool", [32, 64, 112, 112]) { x, _, _ in maxPool2d(x, kernel: (3, 3), stride: (2, 2), padding: (1, 1)) },
    layer("average-pool", [32, 64, 112, 112]) { x, _, _ in
      averagePool2d(x, kernel: (3, 3), stride: (2, 2), padding: (1, 1))
    },
    layer("batch-norm", [32, 64, 56, 56], parameters: 64) { x, scale, shift in
      batchNorm(x, scale: scale, shift: shift).value
    },
    layer("layer-norm", [6304, 768], parameters: 768) { x, scale, shift in layerNorm(x, scale: scale, shift: shift) },
  ]

  private static func layer(
    _ name: String, _ shape: Shape, parameters: Int = 1, _ function: @escaping @Sendable (Tensor, Tensor, Tensor) -> Tensor
  ) -> Benchmark {
    Benchmark(name: name, summary: "\(name) of \(shape), forward and backward") { _ in
      var random = RandomSource(seed: 1)
      let x = normals(shape, &random)
      let (scale, shift) = (Tensor(repeating: 1, shape: [parameters]), Tensor(repeating: 0, shape: [parameters]))
      let g = function(x, scale, shift)
      return {
        let inputs = [x.recorded(), scale.recorded(), shift.recorded()]
        let wanted = parameters > 1 ? inputs : [inputs[0]]
        let gradients = try function(inputs[0], inputs[1], inputs[2]).gradient(for: wanted, cotangent: g)
        return ["gradients": Double(gradients.count)]
      }
    }
  }
}
