/// Tangents of `outputs`, given those of `sources`: Σ over sources of ∂output/∂source · tangent.
///
/// Walks the record once, by ascending id. An output that does not depend on a source gets zeros.
func pushForward(
  _ outputs: [Tensor], from sources: [Tensor], tangents: [Tensor], recording: Bool
) throws(TensorError) -> [Tensor] {
  let graph = Graph(from: outputs, to: sources)
  var table: [[Tensor?]] = Array(repeating: [], count: graph.nodes.count)
  for (source, tangent) in zip(sources, tangents) {
    if let position = graph.position(of: source) { table[position] = [recording ? tangent : tangent.detached] }
  }
  for (position, node) in graph.nodes.enumerated() where !node.edges.isEmpty {
    let inputTangents = node.edges.map { edge -> Tensor? in
      guard let input = edge.node, let at = graph.position[input.id], edge.outputIndex < table[at].count else { return nil }
      return table[at][edge.outputIndex]
    }
    if inputTangents.allSatisfy({ $0 == nil }) { continue }
    let pushforward = Pushforward(record: Recorded(node: node, isRecording: recording), tangents: inputTangents)
    table[position] = try node.primitive.jvp(pushforward)
  }
  return outputs.map { output in
    guard let position = graph.position(of: output), output.outputIndex < table[position].count else {
      return .zeros(like: output)
    }
    return table[position][output.outputIndex] ?? .zeros(like: output)
  }
}
