/// Cotangents of `sources`, given those of `outputs`: Σ over outputs of (∂output/∂source)ᵀ · cotangent.
///
/// Walks the record once, by descending id, without recursion. A source that does not influence an output gets zeros.
/// - Parameter recording: whether the result can be differentiated again.
func pullBack(
  _ outputs: [Tensor], cotangents: [Tensor], to sources: [Tensor], recording: Bool
) throws(TensorError) -> [Tensor] {
  try pullBack(outputs, cotangents: cotangents, to: sources, through: Graph(from: outputs, to: sources), recording: recording)
}

/// The same through a graph that is already known: many cotangents of one value share it.
func pullBack(
  _ outputs: [Tensor], cotangents: [Tensor], to sources: [Tensor], through graph: Graph, recording: Bool
) throws(TensorError) -> [Tensor] {
  var table: [[Int: Tensor]] = Array(repeating: [:], count: graph.nodes.count)

  func accumulate(_ cotangent: Tensor, at position: Int, output: Int) {
    if let sum = table[position][output] {
      table[position][output] = sum + cotangent
    } else {
      table[position][output] = cotangent
    }
  }

  for (output, cotangent) in zip(outputs, cotangents) {
    if let position = graph.position(of: output) {
      accumulate(recording ? cotangent : cotangent.detached, at: position, output: output.outputIndex)
    }
  }
  let sourcePositions = Set(sources.compactMap { graph.position(of: $0) })
  for position in graph.nodes.indices.reversed() where !table[position].isEmpty {
    let node = graph.nodes[position]
    if node.edges.isEmpty { continue }
    let outputCount = (table[position].keys.max() ?? 0) + 1
    let needs = node.edges.map { edge in edge.node.map { graph.position[$0.id] != nil } ?? false }
    if !needs.contains(true) { continue }
    let pullback = Pullback(
      record: Recorded(node: node, isRecording: recording),
      cotangents: (0..<outputCount).map { table[position][$0] }, needs: needs)
    let results = try node.primitive.vjp(pullback)
    // Nobody will ask again for the cotangent of an intermediate value.
    if !sourcePositions.contains(position) { table[position] = [:] }
    for (index, edge) in node.edges.enumerated() where needs[index] {
      if let cotangent = results[index], let input = edge.node, let target = graph.position[input.id] {
        accumulate(cotangent, at: target, output: edge.outputIndex)
      }
    }
  }
  return sources.map { source in
    graph.position(of: source).flatMap { table[$0][source.outputIndex] } ?? .zeros(like: source)
  }
}

extension Tensor {
  /// Gradients of this scalar with respect to recorded tensors: leaves or intermediate values alike.
  ///
  /// - Parameters:
  ///   - sources: tensors from which this one was computed; others get zeros.
  ///   - recording: whether the gradients can be differentiated again (default: no).
  /// - Throws: `TensorError.notDifferentiable` where a derivative does not exist.
  public func gradient(for sources: [Tensor], recording: Bool = false) throws(TensorError) -> [Tensor] {
    if count != 1 {
      throw .shape("gradient", "a gradient is that of a single number, found shape \(shape); give cotangents instead")
    }
    return try gradient(for: sources, cotangent: Tensor(repeating: 1, shape: shape, dtype: dtype), recording: recording)
  }

  /// Gradient of this scalar with respect to one recorded tensor.
  public func gradient(for source: Tensor, recording: Bool = false) throws(TensorError) -> Tensor {
    try gradient(for: [source], recording: recording)[0]
  }

  /// Cotangents of `sources` for a cotangent of this tensor (of its shape).
  public func gradient(
    for sources: [Tensor], cotangent: Tensor, recording: Bool = false
  ) throws(TensorError) -> [Tensor] {
    try gradients(of: self, for: sources, cotangents: [cotangent], recording: recording)[0]
  }
}

/// Cotangents of recorded tensors for many cotangents of one value: one pullback each, through one walk of the record.
///
/// - Parameters:
///   - value: computed from recorded tensors.
///   - sources: tensors from which it was computed, leaves or intermediate values alike; others get zeros.
///   - cotangents: each of the shape and dtype of `value`.
///   - recording: whether the results can be differentiated again (default: no).
/// - Returns: for each cotangent, one tensor for each source, of its shape.
/// - Throws: `TensorError` if shapes do not fit, something is not recorded, or a derivative does not exist.
public func gradients(
  of value: Tensor, for sources: [Tensor], cotangents: [Tensor], recording: Bool = false
) throws(TensorError) -> [[Tensor]] {
  guard value.isRecorded else {
    throw .argument("gradient", "this value was not computed from a recorded tensor: start from x.recorded()")
  }
  for cotangent in cotangents where Signature(cotangent) != Signature(value) {
    throw .shape("gradient", "cotangent \(Signature(cotangent)) does not match the value \(Signature(value))")
  }
  for (index, source) in sources.enumerated() where !source.isRecorded {
    throw .argument("gradient", "source \(index) is not recorded: start from x.recorded()")
  }
  let graph = Graph(from: [value], to: sources)
  var results: [[Tensor]] = []
  for cotangent in cotangents {
    results.append(
      try pullBack([value], cotangents: [cotangent], to: sources, through: graph, recording: recording))
  }
  return results
}
