import Autograd

/// One line of a network's table.
public struct LayerDescription: Sendable {
  public let name: String
  /// The operation and its attributes.
  public let operation: String
  /// Of its outputs.
  public let shapes: [Shape]
  public let parameterCount: Int
  public let multiplyAdds: Int
}

extension Network {
  /// The layers with shapes, parameters and multiply-adds, found by running once on zeros.
  ///
  /// - Parameter shapes: of the inputs, by name.
  public func table(for shapes: [String: Shape]) throws(NetworkError) -> [LayerDescription] {
    let known = try self.shapes(for: shapes)
    let outputs = Dictionary(grouping: known.keys, by: \.source).mapValues { references in
      references.sorted { $0.index < $1.index }.compactMap { known[$0] }
    }
    return layers.map { layer in
      let around = LayerShapes(
        inputs: layer.inputs.map { input in input.flatMap { known[$0] } }, outputs: outputs[layer.name] ?? [],
        parameters: layer.parameterShapes)
      let summary = layer.operation.summary
      return LayerDescription(
        name: layer.name, operation: layer.operation.name + (summary.isEmpty ? "" : " \(summary)"),
        shapes: outputs[layer.name] ?? [], parameterCount: layer.parameters.reduce(0) { $0 + $1.value.count },
        multiplyAdds: layer.operation.multiplyAdds(around))
    }
  }

  /// The shapes of all values that lead to an output, found by running once on zeros.
  func shapes(for inputShapes: [String: Shape]) throws(NetworkError) -> [ValueReference: Shape] {
    let values = inputShapes.mapValues { Tensor(repeating: 0, shape: $0, dtype: dtype ?? .float32) }
    try check(values)
    var shapes: [ValueReference: Shape] = [:]
    var evaluation = Evaluation(network: self, values: values)
    try evaluation.run { shapes[$0] = $1.shape }
    return shapes
  }
}
