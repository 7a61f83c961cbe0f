import Autograd

/// The channel-separable network of multiplex images and its two mixing relatives: a stem, blocks with skips, a global average.
///
/// With ``Fusion/none`` every input channel keeps its own block of features to the end (`WideModel`).
public struct FusionModel: Architecture {
  /// Where channels begin to mix.
  public enum Fusion: Sendable, Equatable {
    /// Nowhere, but for a late fusion if there is one: `WideModel`.
    case none
    /// In the stem: `EarlyFusionModel`.
    case early
    /// After the stem: `MidFusionModel`.
    case mid
  }

  public var fusion: Fusion
  public var inChannels: Int
  /// Features that the stem makes of each input channel.
  public var stemWidth: Int
  /// How many times wider a block is inside.
  public var blockWidth: Int
  /// Blocks before each of the average poolings.
  public var layerConfig: [Int]
  /// Outputs of a 1×1 convolution with bias behind the global average; `nil` without it.
  public var lateFusion: Int?

  public init(
    fusion: Fusion = .none, inChannels: Int, stemWidth: Int, blockWidth: Int, layerConfig: [Int], lateFusion: Int? = nil
  ) {
    self.fusion = fusion
    self.inChannels = inChannels
    self.stemWidth = stemWidth
    self.blockWidth = blockWidth
    self.layerConfig = layerConfig
    self.lateFusion = lateFusion
  }

  public init(inferredFrom state: StateDictionary, options: ArchitectureOptions) throws(NetworkError) {
    let block = Self.blocks(state).first ?? ""
    let isWhole = state.extent(block, 1).map { $0 == state.extent(block, 0) } ?? false
    let fusion: Fusion = (state.extent("stem.0.weight", 1) ?? 1) > 1 ? .early : isWhole ? .mid : .none
    try self.init(inferredFrom: state, options: options, fusion: fusion)
  }

  init(
    inferredFrom state: StateDictionary, options: ArchitectureOptions, fusion: Fusion
  ) throws(NetworkError) {
    let width = state.extent("stem.0.weight", 0) ?? 1
    let blocks = Self.blocks(state)
    let inChannels: Int? =
      switch fusion {
      case .early: state.extent("stem.0.weight", 1)
      case .none: options.inChannels ?? blocks.first.flatMap { state.extent($0, 1) }.map { width / $0 }
      case .mid: options.inChannels
      }
    guard let inChannels, inChannels > 0, width % inChannels == 0 else {
      throw .unusable(
        source: state.source,
        found: "a stem of \(width) channels " + (inChannels.map { "for \($0)" } ?? "that does not show how many it reads"),
        expected: "the number of input channels (--in-channels), a divisor of \(width)")
    }
    let expanded = blocks.first.flatMap { state.extent($0.replacing("dw_conv", with: "pw_expand"), 0) }
    let stages = blocks.compactMap { Int($0.split(separator: ".").dropFirst().first ?? "") }.map { $0 / 2 }
    // No file is believed to have more stages than names.
    let count = min((stages.max() ?? -1) + 1, state.names.count)
    self.init(
      fusion: fusion, inChannels: inChannels, stemWidth: width / inChannels, blockWidth: max(1, (expanded ?? width) / width),
      layerConfig: (0..<max(0, count)).map { stage in state.count { "layers.\(2 * stage).\($0).dw_conv.weight" } },
      lateFusion: state.extent("late_fusion.weight", 0))
  }

  /// Names of the blocks' first weights.
  private static func blocks(_ state: StateDictionary) -> [String] {
    state.names.filter { $0.hasPrefix("layers.") && $0.hasSuffix(".dw_conv.weight") && state.shape($0) != nil }
  }

  public var builder: NetworkBuilder {
    var builder = NetworkBuilder()
    let width = inChannels * stemWidth
    let stemGroups = fusion == .early ? 1 : inChannels
    let groups = fusion == .none ? inChannels : 1
    var x = builder.input(shape: [nil, inChannels, nil, nil])
    x = builder.convolution(
      "stem.0", x, from: inChannels, to: width, kernel: 3, padding: 1, groups: stemGroups, bias: false)
    x = builder.batchNormalization("stem.1", x, channels: width)
    x = builder.add("stem.2", Activation(.relu), x)
    for (stage, count) in layerConfig.enumerated() {
      for index in 0..<count {
        let name = "layers.\(2 * stage).\(index)"
        var y = builder.convolution(
          "\(name).dw_conv", x, from: width, to: width, kernel: 3, padding: 1, groups: groups, bias: false)
        y = builder.batchNormalization("\(name).norm", y, channels: width)
        y = builder.convolution(
          "\(name).pw_expand", y, from: width, to: width * blockWidth, kernel: 1, groups: groups, bias: false)
        y = builder.add("\(name).act", Activation(.gelu), y)
        y = builder.convolution(
          "\(name).pw_project", y, from: width * blockWidth, to: width, kernel: 1, groups: groups, bias: false)
        y = builder.add("\(name).drop", Dropout(0.05, channelwise: true), y)
        x = builder.add("\(name).add", Arithmetic(.add), x, y)
      }
      x = builder.add("layers.\(2 * stage + 1)", AveragePooling(kernel: Size2D(2, 2)), x)
    }
    x = builder.add("pool", GlobalAveragePooling(), x)
    if let lateFusion { x = builder.convolution("late_fusion", x, from: width, to: lateFusion, kernel: 1) }
    builder.output(x)
    return builder
  }
}
