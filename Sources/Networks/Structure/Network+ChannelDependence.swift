import Autograd

extension Network {
  /// Which channels of the first input each channel of a value depends on.
  ///
  /// A network is channel-separable where the answer is ``ChannelDependence/separate(_:)``: what a channel of the input does can then
  /// be read off its own block alone. The answer is about the graph, not about weights that happen to be zero.
  ///
  /// - Parameters:
  ///   - name: a layer; the first output unless given.
  ///   - inputShape: of the first input, for layers whose meaning depends on it (flattening).
  public func channelDependence(
    of name: String? = nil, inputShape: Shape? = nil
  ) throws(NetworkError) -> ChannelDependence {
    var target = outputs[0].value
    if let name { target = try reference(name) }
    var shapes: [ValueReference: Shape] = [:]
    if let inputShape { shapes = try self.shapes(for: [inputs[0].name: inputShape]) }
    var known: [String: ChannelDependence] = [:]
    for (index, input) in inputs.enumerated() {
      let declared = input.shape.flatMap { $0.count > 1 ? $0[1] : nil }
      let channels = index == 0 ? inputShape.flatMap { $0.rank > 1 ? $0[1] : nil } ?? declared : nil
      known[input.name] = index > 0 ? .constant : channels.map { .separate(Array(0..<$0)) } ?? .mixed
    }
    for layer in layers {
      let arguments = DependenceArguments(
        inputs: layer.inputs.map { input in input.map { known[$0.source] ?? .mixed } },
        parameters: layer.parameterShapes, shapes: layer.inputs.map { input in input.flatMap { shapes[$0] } })
      known[layer.name] = layer.operation.channelDependence(arguments)
      if layer.name == target.source { break }
    }
    return known[target.source] ?? .mixed
  }
}

extension Layer {
  /// Of its parameters, by role.
  var parameterShapes: [String: Shape] {
    Dictionary(parameters.map { ($0.role, $0.value.shape) }, uniquingKeysWith: { first, _ in first })
  }
}
