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
  var table = [Tensor?](repeating: nil, count: graph.slotCount)

  func accumulate(_ cotangent: Tensor, at slot: Int) {
    // Taken out, so that the sum may reuse the memory of what nobody else holds.
    if let sum = table[slot].take() { table[slot] = Add()(sum, cotangent) } else { table[slot] = cotangent }
  }

  for (output, cotangent) in zip(outputs, cotangents) {
    if let slot = graph.slot(of: output) { accumulate(recording ? cotangent : cotangent.detached, at: slot) }
  }
  var isSource = [Bool](repeating: false, count: graph.nodes.count)
  for source in sources { if let position = graph.position(of: source) { isSource[position] = true } }
  for position in graph.nodes.indices.reversed() {
    let (node, slots, inputs) = (graph.nodes[position], graph.slots(of: position), graph.inputs(of: position))
    if !table[slots].contains(where: { $0 != nil }) { continue }
    let needs = inputs.map { $0 != Graph.outside }
    if !needs.contains(true) { continue }
    let pullback = Pullback(
      record: Recorded(node: node, isRecording: recording), cotangents: Array(table[slots]), needs: needs)
    // Nobody will ask again for the cotangent of an intermediate value.
    if !isSource[position] { for slot in slots { table[slot] = nil } }
    let results = try node.primitive.vjp(pullback)
    for (index, input) in inputs.enumerated() where input != Graph.outside {
      if let cotangent = results[index] {
        accumulate(cotangent, at: graph.slots(of: Int(input)).lowerBound + node.edges[index].outputIndex)
      }
    }
  }
  return sources.map { source in graph.slot(of: source).flatMap { table[$0] } ?? .zeros(like: source) }
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
