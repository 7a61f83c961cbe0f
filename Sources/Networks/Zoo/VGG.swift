import Autograd

/// The VGG networks of torchvision, with its names. Source: Simonyan & Zisserman (2014), configurations A and D.
public struct VGG: Architecture {
  public enum Depth: String, Sendable, CaseIterable {
    case vgg11, vgg16

    /// Convolutions before each max-pooling.
    var stages: [Int] { self == .vgg11 ? [1, 1, 2, 2, 2] : [2, 2, 3, 3, 3] }
  }

  public var depth: Depth
  public var isNormalized: Bool
  public var inChannels: Int
  /// Channels behind each convolution.
  public var widths: [Int]
  /// Widths of the first two linear layers.
  public var hidden: (Int, Int)
  public var classes: Int

  /// - Parameters:
  ///   - depth: which of the family.
  ///   - isNormalized: whether batch normalisation follows each convolution (default: no).
  ///   - inChannels: of the input (default 3).
  ///   - width: of the first stage; each further one is twice as wide, up to eight times (default 64).
  ///   - hidden: width of the first two linear layers (default 4096).
  ///   - classes: outputs (default 1000).
  public init(
    _ depth: Depth, isNormalized: Bool = false, inChannels: Int = 3, width: Int = 64, hidden: Int = 4096, classes: Int = 1000
  ) {
    self.depth = depth
    self.isNormalized = isNormalized
    self.inChannels = inChannels
    widths = depth.stages.enumerated().flatMap { stage, count in
      Array(repeating: width << min(stage, 3), count: count)
    }
    self.hidden = (hidden, hidden)
    self.classes = classes
  }

  public init(inferredFrom state: StateDictionary, options: ArchitectureOptions) throws(NetworkError) {
    let convolutions = state.names.count { $0.hasPrefix("features.") && state.shape($0)?.rank == 4 }
    self.init(
      convolutions > 8 ? .vgg16 : .vgg11,
      isNormalized: state.names.contains { $0.hasPrefix("features.") && $0.hasSuffix(".running_mean") }, inferredFrom: state)
  }

  init(_ depth: Depth, isNormalized: Bool, inferredFrom state: StateDictionary) {
    self.init(depth, isNormalized: isNormalized)
    inChannels = state.extent("features.0.weight", 1) ?? inChannels
    for (index, place) in places.enumerated() {
      widths[index] = state.extent("features.\(place).weight", 0) ?? widths[index]
    }
    hidden = (
      state.extent("classifier.0.weight", 0) ?? hidden.0, state.extent("classifier.3.weight", 0) ?? hidden.1
    )
    classes = state.extent("classifier.6.weight", 0) ?? classes
  }

  /// Place of each convolution in `features`.
  private var places: [Int] {
    var (result, place): ([Int], Int) = ([], 0)
    for count in depth.stages {
      for _ in 0..<count {
        result.append(place)
        place += isNormalized ? 3 : 2
      }
      place += 1
    }
    return result
  }

  public var builder: NetworkBuilder {
    var builder = NetworkBuilder()
    var x = builder.input(shape: [nil, inChannels, nil, nil])
    var (width, place, index) = (inChannels, 0, 0)
    func next() -> String {
      defer { place += 1 }
      return "features.\(place)"
    }
    for count in depth.stages {
      for _ in 0..<count {
        x = builder.convolution(next(), x, from: width, to: widths[index], kernel: 3, padding: 1)
        width = widths[index]
        if isNormalized { x = builder.batchNormalization(next(), x, channels: width) }
        x = builder.add(next(), Activation(.relu), x)
        index += 1
      }
      x = builder.add(next(), MaxPooling(kernel: Size2D(2, 2)), x)
    }
    x = builder.add("avgpool", AdaptiveAveragePooling(Size2D(7, 7)), x)
    x = builder.add("flatten", Flattening(), x)
    for (index, sizes) in [(49 * width, hidden.0), (hidden.0, hidden.1)].enumerated() {
      x = builder.linear("classifier.\(3 * index)", x, from: sizes.0, to: sizes.1)
      x = builder.add("classifier.\(3 * index + 1)", Activation(.relu), x)
      x = builder.add("classifier.\(3 * index + 2)", Dropout(0.5), x)
    }
    builder.output(builder.linear("classifier.6", x, from: hidden.1, to: classes))
    return builder
  }

  public static func == (a: VGG, b: VGG) -> Bool {
    a.depth == b.depth && a.isNormalized == b.isNormalized && a.inChannels == b.inChannels && a.widths == b.widths
      && a.hidden == b.hidden && a.classes == b.classes
  }
}
