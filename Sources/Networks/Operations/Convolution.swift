import Autograd

/// Convolution over the last one or two axes (cross-correlation), `weight` [out, in/groups, kernel…] and `bias` [out] or none.
public struct Convolution: LayerOperation {
  /// Of one-dimensional convolutions, as of the fields below, only the width counts.
  public let stride: Size2D
  /// Zeros before the first row and column.
  public let padding: Size2D
  /// Zeros behind the last row and column; the same as ``padding`` unless given.
  public let paddingAfter: Size2D
  public let dilation: Size2D
  public let groups: Int

  public init(
    stride: Size2D = Size2D(1, 1), padding: Size2D = Size2D(0, 0), paddingAfter: Size2D? = nil,
    dilation: Size2D = Size2D(1, 1), groups: Int = 1
  ) {
    self.stride = stride
    self.padding = padding
    self.paddingAfter = paddingAfter ?? padding
    self.dilation = dilation
    self.groups = groups
  }

  public var summary: String {
    var parts: [String] = []
    if stride != Size2D(1, 1) { parts.append("stride \(stride)") }
    if padding != Size2D(0, 0) || paddingAfter != padding {
      parts.append("padding \(padding)" + (paddingAfter == padding ? "" : " and \(paddingAfter)"))
    }
    if dilation != Size2D(1, 1) { parts.append("dilation \(dilation)") }
    if groups != 1 { parts.append("\(groups) groups") }
    return parts.joined(separator: ", ")
  }

  public func reach(parameters: [String: Shape]) -> Reach {
    guard let weight = parameters["weight"], weight.rank == 4 else { return .everything }
    return .window(kernel: Size2D(weight[2], weight[3]), stride: stride, padding: padding, dilation: dilation)
  }

  public func callAsFunction(_ arguments: LayerArguments) throws(TensorError) -> [Tensor] {
    var x = try arguments.input(0)
    var weight = try arguments.required("weight", orInput: 1)
    let bias = arguments.parameter("bias", orInput: 2)
    try arguments.requireFloating(x, weight, bias)
    try arguments.requireRank(x, 3...4, "[N, channels, H, W] or [N, channels, L]")
    let isLine = x.rank == 3
    guard weight.rank == x.rank else {
      throw .shape(name, "the weight \(weight.shape) does not fit the input \(x.shape): expected as many axes")
    }
    if isLine { (x, weight) = (x.expanded(at: 2), weight.expanded(at: 2)) }
    let flat = isLine ? flattened : self
    if flat.paddingAfter != flat.padding {
      let (before, after) = (flat.padding, flat.paddingAfter)
      guard min(before.height, before.width, after.height, after.width) >= 0 else {
        throw .argument(name, "found a negative padding (\(before), \(after)), expected at least 0")
      }
      x = x.padded(before: [0, 0, before.height, before.width], after: [0, 0, after.height, after.width])
    }
    let border = flat.paddingAfter == flat.padding ? flat.padding : Size2D(0, 0)
    _ = try Convolution2DShape(
      input: x.shape, weight: weight.shape, stride: flat.stride, padding: border, dilation: flat.dilation, groups: groups,
      operation: name)
    if let bias, bias.shape != [weight.shape[0]] {
      throw .shape(name, "the bias \(bias.shape) does not fit the weight \(weight.shape): expected [\(weight.shape[0])]")
    }
    let y = conv2d(
      x, weight, bias: bias, stride: flat.stride.pair, padding: border.pair, dilation: flat.dilation.pair, groups: groups)
    return [isLine ? y.squeezed(2) : y]
  }

  /// The same on an axis of height 1.
  private var flattened: Convolution {
    Convolution(
      stride: Size2D(1, stride.width), padding: Size2D(0, padding.width), paddingAfter: Size2D(0, paddingAfter.width),
      dilation: Size2D(1, dilation.width), groups: groups)
  }

  /// Each group mixes its own channels: separate if a group sees one input channel alone.
  public func channelDependence(_ arguments: DependenceArguments) -> ChannelDependence {
    guard case .separate(let channels) = arguments.inputs.first, let weight = arguments.parameters["weight"],
      weight.rank >= 2, groups >= 1, weight[0] % groups == 0, weight[1] * groups == channels.count
    else { return arguments.mixed }
    var result: [Int?] = []
    for group in 0..<groups {
      let seen = Set(channels[group * weight[1]..<(group + 1) * weight[1]].compactMap { $0 })
      if seen.count > 1 { return .mixed }
      result += Array(repeating: seen.first, count: weight[0] / groups)
    }
    return .separate(result)
  }

  public func multiplyAdds(_ shapes: LayerShapes) -> Int {
    let weight = shapes.parameters["weight"] ?? (shapes.inputs.count > 1 ? shapes.inputs[1] : nil) ?? []
    return (shapes.outputs.first?.elementCount ?? 0) * weight.dropFirst().reduce(1, *)
  }
}

extension Size2D {
  var pair: (Int, Int) { (height, width) }
}
