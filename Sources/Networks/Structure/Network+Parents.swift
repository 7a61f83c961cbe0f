import Autograd

extension Network {
  /// The layers that reach `name` without another such layer between: through activations, normalisation and skips alike.
  ///
  /// - Parameters:
  ///   - name: a layer.
  ///   - isCounted: which layers count; weighted ones (convolutions, linear layers) unless given.
  /// - Returns: names in the order of ``layers``.
  public func parents(
    of name: String, where isCounted: (Layer) -> Bool = \.isWeighted
  ) throws(NetworkError) -> [String] {
    var pending = try layer(named: name).inputs.compactMap { $0?.source }
    var seen = Set<String>()
    var found = Set<String>()
    while let source = pending.popLast() {
      guard seen.insert(source).inserted, let place = places[source] else { continue }
      if isCounted(layers[place]) {
        found.insert(source)
      } else {
        pending += layers[place].inputs.compactMap { $0?.source }
      }
    }
    return layers.map(\.name).filter(found.contains)
  }

  /// The layers that `name` reaches without another such layer between.
  public func children(
    of name: String, where isCounted: (Layer) -> Bool = \.isWeighted
  ) throws(NetworkError) -> [String] {
    _ = try layer(named: name)
    var reached: Set<String> = [name]
    var found: [String] = []
    for layer in layers where layer.inputs.contains(where: { $0.map { reached.contains($0.source) } ?? false }) {
      if isCounted(layer) { found.append(layer.name) } else { reached.insert(layer.name) }
    }
    return found
  }

  /// The layer whose values are the network's first output, if it is linear and only rearrangements stand behind it: its weights
  /// are then what each feature adds to each output.
  public var linearHead: Layer? {
    var source = outputs[0].value.source
    while let place = places[source] {
      let layer = layers[place]
      if layer.operation is Linear, layer.parameter("weight") != nil { return layer }
      guard layer.operation.isRearrangement, let input = layer.inputs.first.flatMap({ $0 }) else { return nil }
      source = input.source
    }
    return nil
  }
}
