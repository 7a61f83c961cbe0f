import Autograd

/// A chain of 3×3 convolutions, each followed by ReLU and, if asked for, batch normalisation before it; the mean over space; a linear
/// head. Names as in a PyTorch `Sequential`: `features.0`, …, and `head`.
public struct PlainCNN: Architecture {
  public var inChannels: Int
  public var widths: [Int]
  /// One for each convolution.
  public var strides: [Int]
  public var isNormalized: Bool
  public var classes: Int

  public init(inChannels: Int, widths: [Int], strides: [Int]? = nil, isNormalized: Bool = true, classes: Int) {
    self.inChannels = inChannels
    self.widths = widths
    self.strides = strides ?? widths.map { _ in 1 }
    self.isNormalized = isNormalized
    self.classes = classes
  }

  public init(inferredFrom state: StateDictionary, options: ArchitectureOptions) throws(NetworkError) {
    let isNormalized = state.shape("features.1.running_mean") != nil
    let step = isNormalized ? 3 : 2
    let count = max(1, state.count { "features.\(step * $0).weight" })
    if let strides = options.strides, strides.count != count || !strides.allSatisfy({ $0 > 0 }) {
      throw .unusable(
        source: state.source, found: "\(count) convolutions",
        expected: "as many strides of at least 1, not \(strides.map(String.init).joined(separator: ","))")
    }
    self.init(
      inChannels: state.extent("features.0.weight", 1) ?? 1,
      widths: (0..<count).map { state.extent("features.\(step * $0).weight", 0) ?? 1 }, strides: options.strides,
      isNormalized: isNormalized, classes: state.extent("head.weight", 0) ?? 1)
  }

  public var builder: NetworkBuilder {
    var builder = NetworkBuilder()
    var x = builder.input(shape: [nil, inChannels, nil, nil])
    var (width, index) = (inChannels, 0)
    func next() -> String {
      defer { index += 1 }
      return "features.\(index)"
    }
    for (wide, stride) in zip(widths, strides) {
      x = builder.convolution(next(), x, from: width, to: wide, kernel: 3, stride: stride, padding: 1)
      if isNormalized { x = builder.batchNormalization(next(), x, channels: wide) }
      x = builder.add(next(), Activation(.relu), x)
      width = wide
    }
    x = builder.add("pool", GlobalAveragePooling(), x)
    x = builder.add("flatten", Flattening(), x)
    builder.output(builder.linear("head", x, from: width, to: classes))
    return builder
  }
}
