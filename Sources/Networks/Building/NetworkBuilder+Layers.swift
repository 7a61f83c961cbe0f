import Autograd

extension NetworkBuilder {
  /// A square two-dimensional convolution: `name.weight` [to, from/groups, kernel, kernel] and, if asked for, `name.bias`.
  public mutating func convolution(
    _ name: String, _ x: ValueReference, from: Int, to: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    groups: Int = 1, bias: Bool = true
  ) -> ValueReference {
    // A width that groups do not divide is found when the file's shapes are compared, or by the convolution itself.
    let depth = from / max(1, groups)
    let initialization = Initialization.uniform(fanIn: depth * kernel * kernel)
    return add(
      name,
      Convolution(stride: Size2D(stride, stride), padding: Size2D(padding, padding), groups: groups), x,
      parameters: weights(name, [to, depth, kernel, kernel], initialization, bias: bias))
  }

  /// A linear layer: `name.weight` [to, from] and, if asked for, `name.bias`.
  public mutating func linear(
    _ name: String, _ x: ValueReference, from: Int, to: Int, bias: Bool = true
  ) -> ValueReference {
    add(name, Linear(), x, parameters: weights(name, [to, from], .uniform(fanIn: from), bias: bias))
  }

  /// Batch normalisation: `name.weight`, `name.bias`, `name.running_mean`, `name.running_var`, all [channels].
  public mutating func batchNormalization(
    _ name: String, _ x: ValueReference, channels: Int, epsilon: Double = 1e-5
  ) -> ValueReference {
    let roles: [(String, Initialization)] = [
      ("weight", .ones), ("bias", .zeros), ("running_mean", .zeros), ("running_var", .ones),
    ]
    return add(
      name, BatchNormalization(epsilon: epsilon), x,
      parameters: roles.map {
        Declaration(role: $0.0, name: "\(name).\($0.0)", shape: [channels], initialization: $0.1)
      })
  }

  /// Normalisation of the last axis: `name.weight` and `name.bias`, both [width].
  public mutating func layerNormalization(
    _ name: String, _ x: ValueReference, width: Int, epsilon: Double = 1e-5
  ) -> ValueReference {
    add(
      name, LayerNormalization(epsilon: epsilon), x,
      parameters: [
        Declaration(role: "weight", name: "\(name).weight", shape: [width], initialization: .ones),
        Declaration(role: "bias", name: "\(name).bias", shape: [width], initialization: .zeros),
      ])
  }

  /// A trained value that reads nothing: a class token, an embedding of positions.
  public mutating func constant(_ name: String, shape: Shape) -> ValueReference {
    add(
      name, Constant(),
      parameters: [
        Declaration(role: "value", name: name, shape: shape, initialization: .truncatedNormal(deviation: 0.02))
      ])
  }

  private func weights(
    _ name: String, _ shape: Shape, _ initialization: Initialization, bias: Bool
  ) -> [Declaration] {
    [Declaration(role: "weight", name: "\(name).weight", shape: shape, initialization: initialization)]
      + (bias ? [Declaration(role: "bias", name: "\(name).bias", shape: [shape[0]], initialization: initialization)] : [])
  }
}
