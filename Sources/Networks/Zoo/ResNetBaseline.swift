import Autograd

/// A stem and two stages of two convolutions, every channel mixed from the start, without skips; then a global average.
public struct ResNetBaseline: Architecture {
  public var inChannels: Int
  public var baseWidth: Int

  public init(inChannels: Int, baseWidth: Int) {
    self.inChannels = inChannels
    self.baseWidth = baseWidth
  }

  public init(inferredFrom state: StateDictionary, options: ArchitectureOptions) throws(NetworkError) {
    self.init(inChannels: state.extent("stem.0.weight", 1) ?? 1, baseWidth: state.extent("stem.0.weight", 0) ?? 1)
  }

  public var builder: NetworkBuilder {
    var builder = NetworkBuilder()
    var x = builder.input(shape: [nil, inChannels, nil, nil])
    x = builder.convolution("stem.0", x, from: inChannels, to: baseWidth, kernel: 3, padding: 1, bias: false)
    x = builder.batchNormalization("stem.1", x, channels: baseWidth)
    x = builder.add("stem.2", Activation(.relu), x)
    var width = baseWidth
    for name in ["layer1", "layer2"] {
      let wide = 2 * width
      x = builder.convolution("\(name).0", x, from: width, to: wide, kernel: 3, stride: 2, padding: 1, bias: false)
      x = builder.batchNormalization("\(name).1", x, channels: wide)
      x = builder.add("\(name).2", Activation(.gelu), x)
      x = builder.convolution("\(name).3", x, from: wide, to: wide, kernel: 3, padding: 1, bias: false)
      x = builder.batchNormalization("\(name).4", x, channels: wide)
      x = builder.add("\(name).5", Activation(.gelu), x)
      x = builder.add("\(name).6", Dropout(0.05, channelwise: true), x)
      width = wide
    }
    builder.output(builder.add("pool", GlobalAveragePooling(), x))
    return builder
  }
}
