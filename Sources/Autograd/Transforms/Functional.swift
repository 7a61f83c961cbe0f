// Gradients of functions. A transform inside a function that is itself being transformed is recorded, so transforms nest.

/// Runs `function` on recorded copies of `inputs`, then `transform` on both; it may let go of the outputs, and so of the record.
private func transforming<R>(
  _ inputs: [Tensor], _ function: ([Tensor]) throws -> [Tensor],
  _ transform: (_ inputs: [Tensor], _ outputs: inout [Tensor], _ recording: Bool) throws -> R
) throws -> R {
  // Whoever asks for a gradient wants a record, even inside `Recording.off`; but an outer transform sees nothing of it then.
  let isVisible = Recording.isOn
  return try Recording.$isOn.withValue(true) {
    // An identity keeps the link to an outer record, so that an outer transform sees through this one.
    let recorded = inputs.map { isVisible && $0.isRecorded ? $0 * 1 : $0.recorded() }
    var outputs = try Recording.$depth.withValue(Recording.depth + 1) { try function(recorded) }
    let isNested = Recording.depth > 0 || inputs.contains(where: \.isRecorded)
    return try transform(recorded, &outputs, isVisible && isNested)
  }
}

private func checkShapes(
  _ name: String, _ what: String, _ given: [Tensor], match expected: [Tensor]
) throws(TensorError) {
  if given.map(\.shape) != expected.map(\.shape) {
    throw .shape(name, "\(what) of shapes \(given.map(\.shape)), expected \(expected.map(\.shape))")
  }
}

/// The value of a scalar function of several tensors and its gradients, one of each input's shape.
///
/// - Throws: what `function` throws; `TensorError` if the value is not a single number or a derivative does not exist.
public func valueAndGradient(
  at inputs: [Tensor], _ function: ([Tensor]) throws -> Tensor
) throws -> (value: Tensor, gradients: [Tensor]) {
  try transforming(inputs, { [try function($0)] }) { inputs, outputs, recording in
    let value = recording ? outputs[0] : outputs[0].detached
    if value.count != 1 { throw TensorError.shape("gradient", "the function's value is not a single number but \(value.shape)") }
    let one = Tensor(repeating: 1, shape: value.shape, dtype: value.dtype)
    return (value, try pullBack(releasing: &outputs, cotangents: [one], to: inputs, recording: recording))
  }
}

/// The value of a scalar function and its gradient, of the shape of `input`.
public func valueAndGradient(
  at input: Tensor, _ function: (Tensor) throws -> Tensor
) throws -> (value: Tensor, gradient: Tensor) {
  let (value, gradients) = try valueAndGradient(at: [input]) { try function($0[0]) }
  return (value, gradients[0])
}

/// The gradient of a scalar function, of the shape of `input`.
public func gradient(at input: Tensor, _ function: (Tensor) throws -> Tensor) throws -> Tensor {
  try valueAndGradient(at: input, function).gradient
}

/// Vector–Jacobian product: the function's value and, for a cotangent of that value, the cotangents of the inputs.
public func vjp(
  at inputs: [Tensor], cotangents: [Tensor], _ function: ([Tensor]) throws -> [Tensor]
) throws -> (values: [Tensor], cotangents: [Tensor]) {
  try transforming(inputs, function) { inputs, outputs, recording in
    try checkShapes("vjp", "cotangents", cotangents, match: outputs)
    let values = recording ? outputs : outputs.map(\.detached)
    return (values, try pullBack(releasing: &outputs, cotangents: cotangents, to: inputs, recording: recording))
  }
}

/// Jacobian–vector product: the function's value and its tangent for tangents of the inputs.
public func jvp(
  at inputs: [Tensor], tangents: [Tensor], _ function: ([Tensor]) throws -> [Tensor]
) throws -> (values: [Tensor], tangents: [Tensor]) {
  try checkShapes("jvp", "tangents", tangents, match: inputs)
  return try transforming(inputs, function) { inputs, outputs, recording in
    (
      recording ? outputs : outputs.map(\.detached),
      try pushForward(outputs, from: inputs, tangents: tangents, recording: recording)
    )
  }
}

/// H·v for the Hessian H of a scalar function, by forward over reverse: costs a few gradients, never builds H.
public func hessianVectorProduct(
  at input: Tensor, _ vector: Tensor, _ function: (Tensor) throws -> Tensor
) throws -> Tensor {
  try jvp(at: [input], tangents: [vector]) { [try gradient(at: $0[0], function)] }.tangents[0]
}

/// The Jacobian of a function of one tensor: shape [value's shape…, input's shape…]. One pullback for each entry of the value.
public func jacobian(at input: Tensor, _ function: (Tensor) throws -> Tensor) throws -> Tensor {
  try transforming([input], { [try function($0[0])] }) { inputs, outputs, recording in
    let (x, value) = (inputs[0], outputs[0])
    let graph = Graph(from: [value], to: [x])
    let rows = try (0..<value.count).map { entry in
      var unit = Array(repeating: 0.0, count: value.count)
      unit[entry] = 1
      let cotangent = Tensor(unit, shape: value.shape, dtype: value.dtype)
      return try pullBack([value], cotangents: [cotangent], to: [x], through: graph, recording: recording)[0]
    }
    let shape = Shape(value.shape.extents + x.shape.extents)
    return rows.isEmpty ? Tensor(.zeros(shape, dtype: value.dtype)) : stacked(rows).reshaped(to: shape)
  }
}

/// The Hessian of a scalar function: shape [input's shape…, input's shape…]. For large inputs prefer ``hessianVectorProduct(at:_:_:)``.
public func hessian(at input: Tensor, _ function: (Tensor) throws -> Tensor) throws -> Tensor {
  try jacobian(at: input) { try gradient(at: $0, function) }
}
