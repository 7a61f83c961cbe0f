import Autograd

/// The residual networks of torchvision, with its names. Source: He et al., "Deep residual learning" (2015); the stride of a bottleneck
/// is in its 3×3 convolution.
public struct ResNet: Architecture {
  public enum Depth: String, Sendable, CaseIterable {
    case resNet18 = "resnet18"
    case resNet34 = "resnet34"
    case resNet50 = "resnet50"

    /// Blocks of each of the four stages.
    var blocks: [Int] { self == .resNet18 ? [2, 2, 2, 2] : [3, 4, 6, 3] }
    /// Whether blocks are 1×1, 3×3, 1×1 instead of two 3×3.
    var isBottleneck: Bool { self == .resNet50 }
  }

  public var depth: Depth
  public var inChannels: Int
  /// Channels of the stem.
  public var stemWidth: Int
  /// Channels between the convolutions of a block, for each stage.
  public var widths: [Int]
  /// Channels behind each stage.
  public var outWidths: [Int]
  public var classes: Int

  /// - Parameters:
  ///   - depth: which of the family.
  ///   - inChannels: of the input (default 3).
  ///   - width: of the stem and the first stage; each further one is twice as wide (default 64).
  ///   - classes: outputs (default 1000).
  public init(_ depth: Depth, inChannels: Int = 3, width: Int = 64, classes: Int = 1000) {
    self.depth = depth
    self.inChannels = inChannels
    stemWidth = width
    widths = (0..<4).map { width << $0 }
    outWidths = widths.map { depth.isBottleneck ? 4 * $0 : $0 }
    self.classes = classes
  }

  public init(inferredFrom state: StateDictionary, options: ArchitectureOptions) throws(NetworkError) {
    let depth: Depth =
      state.shape("layer1.0.conv3.weight") != nil
      ? .resNet50 : state.shape("layer1.2.conv1.weight") != nil ? .resNet34 : .resNet18
    self.init(depth, inferredFrom: state)
  }

  init(_ depth: Depth, inferredFrom state: StateDictionary) {
    self.init(depth)
    stemWidth = state.extent("conv1.weight", 0) ?? stemWidth
    inChannels = state.extent("conv1.weight", 1) ?? inChannels
    for stage in 0..<4 {
      widths[stage] = state.extent("layer\(stage + 1).0.conv1.weight", 0) ?? widths[stage]
      let last = depth.isBottleneck ? "conv3" : "conv2"
      outWidths[stage] = state.extent("layer\(stage + 1).0.\(last).weight", 0) ?? outWidths[stage]
    }
    classes = state.extent("fc.weight", 0) ?? classes
  }

  public var builder: NetworkBuilder {
    var builder = NetworkBuilder()
    var x = builder.input(shape: [nil, inChannels, nil, nil])
    x = builder.convolution("conv1", x, from: inChannels, to: stemWidth, kernel: 7, stride: 2, padding: 3, bias: false)
    x = builder.batchNormalization("bn1", x, channels: stemWidth)
    x = builder.add("relu", Activation(.relu), x)
    x = builder.add(
      "maxpool", MaxPooling(kernel: Size2D(3, 3), stride: Size2D(2, 2), padding: Size2D(1, 1)), x)
    var width = stemWidth
    for stage in 0..<4 {
      for block in 0..<depth.blocks[stage] {
        let stride = stage > 0 && block == 0 ? 2 : 1
        x = self.block("layer\(stage + 1).\(block)", x, from: width, stage: stage, stride: stride, &builder)
        width = outWidths[stage]
      }
    }
    x = builder.add("avgpool", GlobalAveragePooling(), x)
    x = builder.add("flatten", Flattening(), x)
    builder.output(builder.linear("fc", x, from: width, to: classes))
    return builder
  }

  private func block(
    _ name: String, _ x: ValueReference, from width: Int, stage: Int, stride: Int, _ builder: inout NetworkBuilder
  ) -> ValueReference {
    let (inner, outer) = (widths[stage], outWidths[stage])
    // Output channels, kernel, stride.
    let steps =
      depth.isBottleneck ? [(inner, 1, 1), (inner, 3, stride), (outer, 1, 1)] : [(inner, 3, stride), (outer, 3, 1)]
    var (y, depth) = (x, width)
    for (index, step) in steps.enumerated() {
      y = builder.convolution(
        "\(name).conv\(index + 1)", y, from: depth, to: step.0, kernel: step.1, stride: step.2, padding: step.1 / 2,
        bias: false)
      y = builder.batchNormalization("\(name).bn\(index + 1)", y, channels: step.0)
      if index < steps.count - 1 {
        y = builder.add(index == 0 ? "\(name).relu" : "\(name).relu_\(index)", Activation(.relu), y)
      }
      depth = step.0
    }
    var skip = x
    if stride != 1 || width != outer {
      skip = builder.convolution("\(name).downsample.0", x, from: width, to: outer, kernel: 1, stride: stride, bias: false)
      skip = builder.batchNormalization("\(name).downsample.1", skip, channels: outer)
    }
    y = builder.add("\(name).add", Arithmetic(.add), y, skip)
    return builder.add("\(name).relu_\(steps.count - 1)", Activation(.relu), y)
  }
}
