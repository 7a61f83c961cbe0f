/// Cotangents of `sources`, given those of `outputs`: Σ over outputs of (∂output/∂source)ᵀ · cotangent.
///
/// Walks the record once, by descending id, without recursion. A source that does not influence an output gets zeros.
/// - Parameter recording: whether the result can be differentiated again.
func pullBack(
  _ outputs: [Tensor], cotangents: [Tensor], to sources: [Tensor], recording: Bool
) throws(TensorError) -> [Tensor] {
  let graph = Graph(from: outputs, to: sources)
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
    guard isRecorded else {
      throw .argument("gradient", "this value was not computed from a recorded tensor: start from x.recorded()")
    }
    guard cotangent.shape == shape, cotangent.dtype == dtype else {
      throw .shape("gradient", "cotangent \(Signature(cotangent)) does not match the value \(Signature(self))")
    }
    for (index, source) in sources.enumerated() where !source.isRecorded {
      throw .argument("gradient", "source \(index) is not recorded: start from x.recorded()")
    }
    return try pullBack([self], cotangents: [cotangent], to: sources, recording: recording)
  }
}
