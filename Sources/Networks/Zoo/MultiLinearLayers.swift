import Autograd

/// Linear layers with tanh between them: `linear1`, `linear2`, …, and `fc` at the end.
public struct MultiLinearLayers: Architecture {
  public var inFeatures: Int
  /// Widths of `linear1`, `linear2`, …
  public var hidden: [Int]
  public var outFeatures: Int

  public init(inFeatures: Int, hidden: [Int] = [512, 1024], outFeatures: Int) {
    self.inFeatures = inFeatures
    self.hidden = hidden
    self.outFeatures = outFeatures
  }

  public init(inferredFrom state: StateDictionary, options: ArchitectureOptions) throws(NetworkError) {
    let count = max(1, state.count { "linear\($0 + 1).weight" })
    self.init(
      inFeatures: state.extent("linear1.weight", 1) ?? 1,
      hidden: (1...count).map { state.extent("linear\($0).weight", 0) ?? 1 },
      outFeatures: state.extent("fc.weight", 0) ?? 1)
  }

  public var builder: NetworkBuilder {
    var builder = NetworkBuilder()
    var x = builder.input(shape: [nil, inFeatures])
    var width = inFeatures
    for (index, wide) in hidden.enumerated() {
      x = builder.linear("linear\(index + 1)", x, from: width, to: wide)
      x = builder.add("tanh\(index + 1)", Activation(.tanh), x)
      width = wide
    }
    builder.output(builder.linear("fc", x, from: width, to: outFeatures))
    return builder
  }
}
