import Autograd

/// The vision transformer (Dosovitskiy et al. 2020) under the names of torchvision, or of timm, DINO and DINOv2.
public struct VisionTransformer: Architecture {
  /// What the parts are called.
  public enum Naming: Sendable, Equatable { case torchvision, timm }

  public var naming: Naming
  public var inChannels: Int
  /// Side of a patch.
  public var patch: Int
  public var width: Int
  public var heads: Int
  /// Of the block's inner linear layer.
  public var inner: Int
  public var depth: Int
  /// Rows and columns of patches that the embedding of positions is for.
  public var grid: Size2D
  /// Outputs of the head; `nil`: without one, the output is the normalised class token.
  public var classes: Int?
  /// Tokens between the class token and the patches (DINOv2).
  public var registers: Int
  /// Whether the class token has a position, too. Without, tokens join the patches after these got theirs.
  public var embedsClass = true
  /// The name of the registers' parameter.
  var registerName = "register_tokens"
  /// Whether branches are scaled (`ls1.gamma`, DINOv2).
  public var hasLayerScale: Bool
  /// Whether a `mask_token`, which only training reads, is in the file.
  var hasMaskToken = false

  public init(
    naming: Naming = .torchvision, inChannels: Int = 3, patch: Int = 16, width: Int, heads: Int, inner: Int? = nil,
    depth: Int = 12, grid: Size2D = Size2D(14, 14), classes: Int? = 1000, registers: Int = 0, hasLayerScale: Bool = false
  ) {
    self.naming = naming
    self.inChannels = inChannels
    self.patch = patch
    self.width = width
    self.heads = heads
    self.inner = inner ?? 4 * width
    self.depth = depth
    self.grid = grid
    self.classes = classes
    self.registers = registers
    self.hasLayerScale = hasLayerScale
  }

  public init(inferredFrom state: StateDictionary, options: ArchitectureOptions) throws(NetworkError) {
    let naming: Naming = state.shape("conv_proj.weight") != nil ? .torchvision : .timm
    let names = Names(naming)
    let projection = state.shape(names.projection + ".weight") ?? [64, 3, 16, 16]
    let positions = state.shape(names.positions) ?? [1, 197, 64]
    guard projection.rank == 4, positions.rank == 3, projection[0] > 0 else {
      throw .unusable(
        source: state.source, found: "\(names.projection).weight \(projection) and \(names.positions) \(positions)",
        expected: "[width, channels, patch, patch] and [1, tokens, width]")
    }
    let width = projection[0]
    let side = Int(Double(max(0, positions[1] - 1)).squareRoot().rounded())
    let squared = Int(Double(max(0, positions[1])).squareRoot().rounded())
    let embedsClass = side * side + 1 == positions[1]
    guard embedsClass || squared * squared == positions[1] else {
      throw .unusable(
        source: state.source, found: "\(names.positions) for \(positions[1]) tokens",
        expected: "a square number for the patches, and one more for the class token if it has a position")
    }
    guard let heads = options.heads ?? (width % 64 == 0 ? width / 64 : nil), heads > 0, width % heads == 0 else {
      throw .unusable(
        source: state.source,
        found: "a width of \(width)" + (options.heads.map { " for \($0) heads" } ?? ", which does not tell the number of heads"),
        expected: "the number of attention heads (--heads), a divisor of \(width)")
    }
    self.init(
      naming: naming, inChannels: projection[1], patch: projection[2], width: width, heads: heads,
      inner: state.extent(names.block(0) + "." + names.inner + ".weight", 0) ?? 4 * width,
      depth: state.count { "\(names.block($0)).\(names.norms.0).weight" },
      grid: embedsClass ? Size2D(side, side) : Size2D(squared, squared),
      classes: state.extent(names.head + ".weight", 0))
    for name in ["register_tokens", "reg_token"] {
      if let shape = state.shape(name), shape.rank == 3 { (registers, registerName) = (shape[1], name) }
    }
    self.embedsClass = embedsClass
    hasLayerScale = state.shape(names.block(0) + ".ls1.gamma") != nil
    hasMaskToken = state.shape("mask_token") != nil
  }

  /// Side of the pictures.
  public var imageSize: Size2D { Size2D(grid.height * patch, grid.width * patch) }

  public var builder: NetworkBuilder {
    let names = Names(naming)
    var builder = NetworkBuilder()
    var x = builder.input(shape: [nil, inChannels, imageSize.height, imageSize.width])
    x = builder.convolution(names.projection, x, from: inChannels, to: width, kernel: patch, stride: patch)
    x = builder.add("patches", Patches(), x)
    let positions = builder.constant(names.positions, shape: [1, grid.area + (embedsClass ? 1 : 0), width])
    let token = builder.constant(names.classToken, shape: [1, 1, width])
    for joins in [embedsClass, !embedsClass] {
      x = joins ? builder.add("tokens", TokenInsertion(), x, token) : builder.add("embedding", Arithmetic(.add), x, positions)
    }
    if registers > 0 {
      x = builder.add(
        "registers", TokenInsertion(at: 1), x, builder.constant(registerName, shape: [1, registers, width]))
    }
    if hasMaskToken { builder.ignore("mask_token") }
    for index in 0..<depth { x = block(names.block(index), x, names, &builder) }
    x = builder.layerNormalization(names.norm, x, width: width, epsilon: 1e-6)
    x = builder.add("class", TokenSelection(0), x)
    if let classes { x = builder.linear(names.head, x, from: width, to: classes) }
    builder.output(x)
    return builder
  }

  private func block(
    _ name: String, _ x: ValueReference, _ names: Names, _ builder: inout NetworkBuilder
  ) -> ValueReference {
    var y = builder.layerNormalization("\(name).\(names.norms.0)", x, width: width, epsilon: 1e-6)
    let attention = "\(name).\(names.attention)"
    let separator = naming == .torchvision ? "_" : "."
    let projection = attention + (naming == .torchvision ? ".in_proj" : ".qkv")
    let drawn = Initialization.uniform(fanIn: width)
    y = builder.add(
      projection, Linear(), y,
      parameters: [
        .init(role: "weight", name: projection + separator + "weight", shape: [3 * width, width], initialization: drawn),
        .init(role: "bias", name: projection + separator + "bias", shape: [3 * width], initialization: .zeros),
      ])
    y = builder.add(attention, Attention(heads: heads), y)
    y = builder.linear(attention + (naming == .torchvision ? ".out_proj" : ".proj"), y, from: width, to: width)
    let middle = builder.add("\(name).add", Arithmetic(.add), x, scaled(y, "\(name).ls1", &builder))
    y = builder.layerNormalization("\(name).\(names.norms.1)", middle, width: width, epsilon: 1e-6)
    y = builder.linear("\(name).\(names.inner)", y, from: width, to: inner)
    y = builder.add("\(name).\(names.activation)", Activation(.gelu), y)
    y = builder.linear("\(name).\(names.outer)", y, from: inner, to: width)
    return builder.add("\(name).add_1", Arithmetic(.add), middle, scaled(y, "\(name).ls2", &builder))
  }

  private func scaled(_ y: ValueReference, _ name: String, _ builder: inout NetworkBuilder) -> ValueReference {
    guard hasLayerScale else { return y }
    return builder.add(
      name, Scale(), y,
      parameters: [.init(role: "weight", name: "\(name).gamma", shape: [width], initialization: .ones)])
  }

  private struct Names {
    let projection, classToken, positions, norm, head, attention, inner, activation, outer: String
    let norms: (String, String)
    let block: @Sendable (Int) -> String

    init(_ naming: Naming) {
      let isTorchvision = naming == .torchvision
      projection = isTorchvision ? "conv_proj" : "patch_embed.proj"
      classToken = isTorchvision ? "class_token" : "cls_token"
      positions = isTorchvision ? "encoder.pos_embedding" : "pos_embed"
      norm = isTorchvision ? "encoder.ln" : "norm"
      head = isTorchvision ? "heads.head" : "head"
      attention = isTorchvision ? "self_attention" : "attn"
      inner = isTorchvision ? "mlp.0" : "mlp.fc1"
      activation = isTorchvision ? "mlp.1" : "mlp.act"
      outer = isTorchvision ? "mlp.3" : "mlp.fc2"
      norms = isTorchvision ? ("ln_1", "ln_2") : ("norm1", "norm2")
      block = { isTorchvision ? "encoder.layers.encoder_layer_\($0)" : "blocks.\($0)" }
    }
  }
}
