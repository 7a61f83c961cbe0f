/// Cotangents of `sources`, given those of `outputs`: Σ over outputs of (∂output/∂source)ᵀ · cotangent.
///
/// A source that does not influence an output gets zeros. The outputs are let go of (`outputs` is empty afterwards): where nobody
/// else holds the record, it is freed behind the walk, so that its values do not stand beside the cotangents of all others.
/// - Parameter recording: whether the result can be differentiated again.
func pullBack(
  releasing outputs: inout [Tensor], cotangents: [Tensor], to sources: [Tensor], recording: Bool
) throws(TensorError) -> [Tensor] {
  let graph = Graph(from: outputs, to: sources)
  let table = cotangentTable(outputs, cotangents, graph, recording: recording)
  outputs = []
  return try walkBack(consume graph, consume table, to: sources, recording: recording)
}

/// The same through a graph that is already known and kept: many cotangents of one value share it.
func pullBack(
  _ outputs: [Tensor], cotangents: [Tensor], to sources: [Tensor], through graph: Graph, recording: Bool
) throws(TensorError) -> [Tensor] {
  try walkBack(graph, cotangentTable(outputs, cotangents, graph, recording: recording), to: sources, recording: recording)
}

/// A slot for each output of each node: the cotangents of `outputs` in theirs.
private func cotangentTable(_ outputs: [Tensor], _ cotangents: [Tensor], _ graph: Graph, recording: Bool) -> [Tensor?] {
  var table = [Tensor?](repeating: nil, count: graph.slotCount)
  for (output, cotangent) in zip(outputs, cotangents) {
    if let slot = graph.slot(of: output) { accumulate(recording ? cotangent : cotangent.detached, &table[slot]) }
  }
  return table
}

private func accumulate(_ cotangent: consuming Tensor, _ slot: inout Tensor?) {
  // Taken out, so that the sum may reuse the memory of what nobody else holds.
  if let sum = slot.take() { slot = Add()(sum, cotangent) } else { slot = cotangent }
}

/// Walks the record once, by descending id, without recursion, and lets go of every node behind it.
private func walkBack(
  _ graph: consuming Graph, _ table: consuming [Tensor?], to sources: [Tensor], recording: Bool
) throws(TensorError) -> [Tensor] {
  var isSource = [Bool](repeating: false, count: graph.nodes.count)
  for source in sources { if let position = graph.position(of: source) { isSource[position] = true } }
  while let node = graph.removeLast() {
    let position = graph.nodes.count
    let (slots, inputs) = (graph.slots(of: position), graph.inputs(of: position))
    if !table[slots].contains(where: { $0 != nil }) { continue }
    let needs = inputs.map { $0 != Graph.outside }
    if !needs.contains(true) { continue }
    let pullback = Pullback(
      record: Recorded(node: node, isRecording: recording), cotangents: Array(table[slots]), needs: needs)
    // Nobody will ask again for the cotangent of an intermediate value.
    if !isSource[position] { for slot in slots { table[slot] = nil } }
    var results = try node.primitive.vjp(pullback)
    for (index, input) in inputs.enumerated() where input != Graph.outside {
      if let cotangent = results[index].take() {
        accumulate(cotangent, &table[graph.slots(of: Int(input)).lowerBound + node.edges[index].outputIndex])
      }
    }
  }
  return sources.map { source in graph.slot(of: source).flatMap { table[$0] } ?? .zeros(like: source) }
}

extension Tensor {
  /// Gradients of this scalar with respect to recorded tensors: leaves or intermediate values alike.
  ///
  /// If nobody else holds the record it is freed on the way, which takes the least memory: give the tensor up, as in
  /// `(consume loss).gradient(for: weights)`. Else it stays, and can be asked once more.
  ///
  /// - Parameters:
  ///   - sources: tensors from which this one was computed; others get zeros.
  ///   - recording: whether the gradients can be differentiated again (default: no).
  /// - Throws: `TensorError.notDifferentiable` where a derivative does not exist.
  public consuming func gradient(for sources: [Tensor], recording: Bool = false) throws(TensorError) -> [Tensor] {
    if count != 1 {
      throw .shape("gradient", "a gradient is that of a single number, found shape \(shape); give cotangents instead")
    }
    let one = Tensor(repeating: 1, shape: shape, dtype: dtype)
    return try (consume self).gradient(for: sources, cotangent: one, recording: recording)
  }

  /// Gradient of this scalar with respect to one recorded tensor.
  public consuming func gradient(for source: Tensor, recording: Bool = false) throws(TensorError) -> Tensor {
    try (consume self).gradient(for: [source], recording: recording)[0]
  }

  /// Cotangents of `sources` for a cotangent of this tensor (of its shape).
  public consuming func gradient(
    for sources: [Tensor], cotangent: Tensor, recording: Bool = false
  ) throws(TensorError) -> [Tensor] {
    try checkRecord(of: self, for: sources, cotangents: [cotangent])
    var outputs = [consume self]
    return try pullBack(releasing: &outputs, cotangents: [cotangent], to: sources, recording: recording)
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
  try checkRecord(of: value, for: sources, cotangents: cotangents)
  let graph = Graph(from: [value], to: sources)
  var results: [[Tensor]] = []
  for cotangent in cotangents {
    results.append(
      try pullBack([value], cotangents: [cotangent], to: sources, through: graph, recording: recording))
  }
  return results
}

private func checkRecord(of value: Tensor, for sources: [Tensor], cotangents: [Tensor]) throws(TensorError) {
  guard value.isRecorded else {
    throw .argument("gradient", "this value was not computed from a recorded tensor: start from x.recorded()")
  }
  for cotangent in cotangents where Signature(cotangent) != Signature(value) {
    throw .shape("gradient", "cotangent \(Signature(cotangent)) does not match the value \(Signature(value))")
  }
  for (index, source) in sources.enumerated() where !source.isRecorded {
    throw .argument("gradient", "source \(index) is not recorded: start from x.recorded()")
  }
}
