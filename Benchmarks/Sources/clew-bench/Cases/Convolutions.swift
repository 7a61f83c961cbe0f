import Autograd

extension Cases {
  /// 3×3 convolutions of standard normal float32 numbers, forward alone and with both gradients.
  static let convolutions = [
    ConvolutionCase(name: "conv-64", batch: 32, channels: 64, size: 56),
    ConvolutionCase(name: "conv-128", batch: 32, channels: 128, size: 28),
    ConvolutionCase(name: "conv-256", batch: 32, channels: 256, size: 14),
    ConvolutionCase(name: "conv-512", batch: 32, channels: 512, size: 7),
    ConvolutionCase(name: "stem", batch: 128, channels: 41, outputs: 1312, size: 32, groups: 41),
    ConvolutionCase(name: "depthwise", batch: 32, channels: 144, size: 56, groups: 144),
  ].flatMap { [$0.forward, $0.gradients] }
}

private struct ConvolutionCase {
  let name: String
  let batch: Int
  let channels: Int
  var outputs: Int?
  let size: Int
  var groups = 1

  private var summary: String { "convolution 3×3, \(channels) → \(outputs ?? channels) channels at \(size)², batch \(batch)" }
  private var weight: Shape { [outputs ?? channels, channels / groups, 3, 3] }

  var forward: Benchmark {
    Benchmark(name: name, summary: summary) { [self] _ in
      var random = RandomSource(seed: 1)
      let (x, w) = (Cases.normals([batch, channels, size, size], &random), Cases.normals(weight, &random))
      return { ["outputs": Double(conv2d(x, w, padding: (1, 1), groups: groups).shape[1])] }
    }
  }

  var gradients: Benchmark {
    Benchmark(name: "\(name)-gradients", summary: "\(summary), with both gradients") { [self] _ in
      var random = RandomSource(seed: 1)
      let (x, w) = (Cases.normals([batch, channels, size, size], &random), Cases.normals(weight, &random))
      let g = Cases.normals([batch, outputs ?? channels, size, size], &random)
      return {
        let (x, w) = (x.recorded(), w.recorded())
        let gradients = try conv2d(x, w, padding: (1, 1), groups: groups).gradient(for: [x, w], cotangent: g)
        return ["gradients": Double(gradients.count)]
      }
    }
  }
}
