import Autograd

/// A family of networks: its sizes, told by the shapes of a checkpoint or given, and the builder that they lead to.
public protocol Architecture: Sendable, Equatable {
  /// The sizes that a state dictionary shows. What is missing there is left at a default: filling then lists it.
  ///
  /// - Throws: ``NetworkError`` where shapes cannot tell, and the options do not say.
  init(inferredFrom state: StateDictionary, options: ArchitectureOptions) throws(NetworkError)

  /// The layers with the parameters that they need.
  var builder: NetworkBuilder { get }
}

extension Architecture {
  /// The network with random parameters.
  public func network(seed: UInt64, dtype: DType = .float32) throws(NetworkError) -> Network {
    try builder.build(seed: seed, dtype: dtype)
  }

  /// The network with the parameters of a checkpoint, strictly.
  public static func network(
    filling state: StateDictionary, options: ArchitectureOptions = ArchitectureOptions()
  ) throws(NetworkError) -> Network {
    try Self(inferredFrom: state, options: options).builder.build(filling: state)
  }
}

/// What shapes cannot tell of a network.
public struct ArchitectureOptions: Sendable, Equatable {
  /// Attention heads. Default: width/64.
  public var heads: Int?
  /// Channels of the input, where a grouped stem does not show them.
  public var inChannels: Int?
  /// Strides of a plain CNN's convolutions. Default: 1 each.
  public var strides: [Int]?
  /// Side of the pictures, for transformers whose embedding of positions is to be interpolated. Default: that of training.
  public var imageSize: Size2D?

  public init(heads: Int? = nil, inChannels: Int? = nil, strides: [Int]? = nil, imageSize: Size2D? = nil) {
    self.heads = heads
    self.inChannels = inChannels
    self.strides = strides
    self.imageSize = imageSize
  }
}

/// The networks that a state dictionary can fill, by name.
public enum Zoo: String, Sendable, CaseIterable {
  case wide
  case earlyFusion = "early-fusion"
  case midFusion = "mid-fusion"
  case resNetBaseline = "resnet-baseline"
  case mlp
  case cnn
  case resNet18 = "resnet18"
  case resNet34 = "resnet34"
  case resNet50 = "resnet50"
  case vgg11
  case vgg11BN = "vgg11_bn"
  case vgg16
  case vgg16BN = "vgg16_bn"
  case vit

  /// The network with the parameters of a checkpoint, strictly: every one must be there in a shape that fits, and no other.
  public func network(
    filling state: StateDictionary, options: ArchitectureOptions = ArchitectureOptions()
  ) throws(NetworkError) -> Network {
    switch self {
    case .wide, .earlyFusion, .midFusion:
      return try FusionModel(inferredFrom: state, options: options, fusion: fusion).builder.build(filling: state)
    case .resNetBaseline: return try ResNetBaseline.network(filling: state, options: options)
    case .mlp: return try MultiLinearLayers.network(filling: state, options: options)
    case .cnn: return try PlainCNN.network(filling: state, options: options)
    case .resNet18: return try ResNet(.resNet18, inferredFrom: state).builder.build(filling: state)
    case .resNet34: return try ResNet(.resNet34, inferredFrom: state).builder.build(filling: state)
    case .resNet50: return try ResNet(.resNet50, inferredFrom: state).builder.build(filling: state)
    case .vgg11: return try VGG(.vgg11, isNormalized: false, inferredFrom: state).builder.build(filling: state)
    case .vgg11BN: return try VGG(.vgg11, isNormalized: true, inferredFrom: state).builder.build(filling: state)
    case .vgg16: return try VGG(.vgg16, isNormalized: false, inferredFrom: state).builder.build(filling: state)
    case .vgg16BN: return try VGG(.vgg16, isNormalized: true, inferredFrom: state).builder.build(filling: state)
    case .vit: return try VisionTransformer.network(filling: state, options: options)
    }
  }

  private var fusion: FusionModel.Fusion {
    switch self {
    case .earlyFusion: .early
    case .midFusion: .mid
    default: .none
    }
  }
}
