/// Tangents of `outputs`, given those of `sources`: Σ over sources of ∂output/∂source · tangent.
///
/// Walks the record once, by ascending id. An output that does not depend on a source gets zeros.
func pushForward(
  _ outputs: [Tensor], from sources: [Tensor], tangents: [Tensor], recording: Bool
) throws(TensorError) -> [Tensor] {
  let graph = Graph(from: outputs, to: sources)
  var table = [Tensor?](repeating: nil, count: graph.slotCount)
  for (source, tangent) in zip(sources, tangents) {
    if let slot = graph.slot(of: source) { table[slot] = recording ? tangent : tangent.detached }
  }
  for (position, node) in graph.nodes.enumerated() where !node.edges.isEmpty {
    let inputTangents = zip(graph.inputs(of: position), node.edges).map { input, edge -> Tensor? in
      input == Graph.outside ? nil : table[graph.slots(of: Int(input)).lowerBound + edge.outputIndex]
    }
    if inputTangents.allSatisfy({ $0 == nil }) { continue }
    let pushforward = Pushforward(record: Recorded(node: node, isRecording: recording), tangents: inputTangents)
    for (slot, tangent) in zip(graph.slots(of: position), try node.primitive.jvp(pushforward)) { table[slot] = tangent }
  }
  return outputs.map { output in graph.slot(of: output).flatMap { table[$0] } ?? .zeros(like: output) }
}
