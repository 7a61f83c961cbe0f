/// The outputs of a function, keeping only its inputs for backward: what lies between is computed again when it is needed.
///
/// Memory for time: one more forward computation for each derivative. Derivatives are those of the function itself, to any
/// order, in reverse and forward mode.
///
/// - Parameters:
///   - inputs: everything that gradients may be asked for, the weights too.
///   - function: called again by every derivative, so it must give the same outputs each time (draw random numbers before it).
/// - Returns: what `function` returns.
/// - Throws: what `function` throws. A derivative throws `TensorError/notDifferentiable(_:_:)` if the function reads a
///   recorded tensor that is not among `inputs`: its gradient would be missing.
public func checkpointed(
  _ inputs: [Tensor], _ function: @escaping @Sendable ([Tensor]) throws -> [Tensor]
) throws -> [Tensor] {
  let outputs = try Recording.off { try function(inputs.map(\.detached)) }
  guard Recording.isOn, inputs.contains(where: \.isRecorded) else { return outputs }
  let node = Node(
    primitive: Checkpoint(function: function, outputs: outputs.map { Signature($0) }),
    edges: inputs.map { Edge($0, saving: true) }, outputs: nil, outputCount: outputs.count)
  return outputs.enumerated().map { index, output in
    output.dtype.isFloating ? Tensor(output.value, node: node, outputIndex: index) : output
  }
}

/// The outputs of a function with one input and one output; see ``checkpointed(_:_:)-([Tensor],_)``.
public func checkpointed(_ input: Tensor, _ function: @escaping @Sendable (Tensor) throws -> Tensor) throws -> Tensor {
  try checkpointed([input]) { [try function($0[0])] }[0]
}

/// A function in place of its record. Unlike all other operations it holds a closure: there is nothing to read in it.
struct Checkpoint: Primitive {
  static let name = "checkpointed"
  let function: @Sendable ([Tensor]) throws -> [Tensor]
  let outputs: [Signature]

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] { outputs }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    do { return try Recording.off { try function(inputs.map { Tensor($0) }) }.map(\.value) } catch { throw named(error) }
  }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    var record = try recompute(pullback.needs.indices.map { pullback.input($0) })
    let inputs = record.inputs
    let wanted = inputs.indices.filter { pullback.needs[$0] }
    var (reached, cotangents): ([Tensor], [Tensor]) = ([], [])
    for (output, cotangent) in zip(record.outputs, pullback.cotangents) {
      guard let cotangent else { continue }
      reached.append(output)
      cotangents.append(cotangent)
    }
    record.outputs = []
    let results = try pullBack(
      releasing: &reached, cotangents: cotangents, to: wanted.map { inputs[$0] }, recording: pullback.isRecording)
    var all = [Tensor?](repeating: nil, count: inputs.count)
    for (index, result) in zip(wanted, results) { all[index] = result }
    return all
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let tangents = pushforward.tangents
    let (inputs, outputs) = try recompute(tangents.indices.map { pushforward.input($0) })
    let active = inputs.indices.filter { tangents[$0] != nil }
    return try pushForward(
      outputs, from: active.map { inputs[$0] }, tangents: active.compactMap { tangents[$0] },
      recording: pushforward.record.isRecording)
  }

  /// The function once more, recorded this time, from copies that keep their link to an outer record.
  private func recompute(_ inputs: [Tensor]) throws(TensorError) -> (inputs: [Tensor], outputs: [Tensor]) {
    do {
      return try Recording.$isOn.withValue(true) {
        let leaves = inputs.map { !$0.dtype.isFloating ? $0 : $0.isRecorded ? $0 * 1 : $0.recorded() }
        let outputs = try Recording.$depth.withValue(Recording.depth + 1) { try function(leaves) }
        try checkOrigins(of: outputs, leaves)
        return (leaves, outputs)
      }
    } catch {
      throw named(error)
    }
  }

  private func named(_ error: any Error) -> TensorError {
    error as? TensorError ?? .numerical(name, "the function threw when it was computed again: \(error)")
  }

  /// Everything recorded in the outputs must come from the inputs.
  private func checkOrigins(of outputs: [Tensor], _ leaves: [Tensor]) throws(TensorError) {
    var seen = Set(leaves.compactMap { $0.node?.id })
    var stack = outputs.compactMap(\.node)
    while let node = stack.popLast() {
      if !seen.insert(node.id).inserted { continue }
      if node.edges.isEmpty {
        throw .notDifferentiable(name, "the function reads a recorded tensor that is not among its inputs")
      }
      stack.append(contentsOf: node.edges.compactMap(\.node))
    }
  }

  static let samples: [Sample] = []
  static let errorSamples: [ErrorSample] = []
}
