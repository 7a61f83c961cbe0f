// Normalisations differ in the axes over which mean and variance are taken; `Standardize` does the work on [a, c, s].

/// Batch normalisation with given statistics (evaluation): (x − mean)/√(variance + ε)·scale + shift for each channel.
///
/// - Parameters:
///   - x: [N, C, …].
///   - scale: [C] (default: 1).
///   - shift: [C] (default: 0).
///   - mean: [C], the running mean of training.
///   - variance: [C], the running variance of training.
///   - epsilon: added to the variance (default 10⁻⁵).
/// - Returns: the shape of x. Traps if a parameter is not [C].
///
/// Source: Ioffe & Szegedy, "Batch normalization" (2015), algorithm 2, as one multiplication and one addition.
public func batchNorm(
  _ x: Tensor, scale: Tensor? = nil, shift: Tensor? = nil, mean: Tensor, variance: Tensor, epsilon: Double = 1e-5
) -> Tensor {
  let channels = channelCount(x, "batchNorm")
  for (name, parameter) in [("mean", mean), ("variance", variance)] {
    expect(parameter, name, [channels], x, "batchNorm")
  }
  var factor = 1 / sqrt(variance + epsilon)
  if let scale {
    expect(scale, "scale", [channels], x, "batchNorm")
    factor = factor * scale
  }
  var offset = -(mean * factor)
  if let shift {
    expect(shift, "shift", [channels], x, "batchNorm")
    offset = offset + shift
  }
  return scaled(x, factor, offset)
}

/// Batch normalisation with the batch's own statistics (training).
///
/// - Parameters:
///   - x: [N, C, …]; mean and variance of a channel are taken over all other axes.
///   - scale: [C] (default: 1).
///   - shift: [C] (default: 0).
///   - epsilon: added to the variance (default 10⁻⁵).
/// - Returns: `value`, of the shape of x, and the batch's `mean` and population `variance` [C], differentiable too. A running
///   variance is usually fed the unbiased one: multiply by n/(n − 1), n = x.count/C.
///
/// Traps if a parameter is not [C] or a channel has no values. Source: Ioffe & Szegedy (2015), algorithm 1.
public func batchNorm(
  _ x: Tensor, scale: Tensor? = nil, shift: Tensor? = nil, epsilon: Double = 1e-5
) -> (value: Tensor, mean: Tensor, variance: Tensor) {
  let channels = channelCount(x, "batchNorm")
  let outputs = standardize(x, [x.shape[0], channels, x.shape[2...].reduce(1, *)], epsilon)
  let value = scaled(
    outputs[0], scale.map { expect($0, "scale", [channels], x, "batchNorm") },
    shift.map { expect($0, "shift", [channels], x, "batchNorm") })
  return (value, outputs[1], outputs[2])
}

/// Layer normalisation: (x − mean)/√(variance + ε)·scale + shift, with mean and population variance over the last axes.
///
/// - Parameters:
///   - x: [batch…, d₁, …, dₖ].
///   - axisCount: how many of the last axes are normalised together, k (default 1).
///   - scale: [d₁, …, dₖ] (default: 1).
///   - shift: [d₁, …, dₖ] (default: 0).
///   - epsilon: added to the variance (default 10⁻⁵).
/// - Returns: the shape of x. Traps if shapes do not fit or there is nothing to take a mean of.
///
/// Source: Ba, Kiros & Hinton, "Layer normalization" (2016), equation 4.
public func layerNorm(
  _ x: Tensor, overLast axisCount: Int = 1, scale: Tensor? = nil, shift: Tensor? = nil, epsilon: Double = 1e-5
) -> Tensor {
  if axisCount < 1 || axisCount > x.rank {
    fail(.argument("layerNorm", "cannot normalise the last \(axisCount) axes of \(x.shape)"))
  }
  let normalized = Shape(Array(x.shape.suffix(axisCount)))
  let rows = x.shape.dropLast(axisCount).reduce(1, *)
  let y = standardize(x, [1, rows, normalized.elementCount], epsilon)[0]
  if let scale { expect(scale, "scale", normalized, x, "layerNorm") }
  if let shift { expect(shift, "shift", normalized, x, "layerNorm") }
  let flat: Shape = [normalized.elementCount]
  return scaled(
    y.reshaped(to: [rows, flat[0]]), scale.map { $0.reshaped(to: flat) }, shift.map { $0.reshaped(to: flat) }
  ).reshaped(to: x.shape)
}

/// Group normalisation: mean and population variance over each sample's groups of channels and all positions.
///
/// - Parameters:
///   - x: [N, C, …].
///   - groups: divides C; C groups give instance normalisation.
///   - scale: [C] (default: 1).
///   - shift: [C] (default: 0).
///   - epsilon: added to the variance (default 10⁻⁵).
/// - Returns: the shape of x. Traps if shapes do not fit.
///
/// Source: Wu & He, "Group normalization" (2018), equations 2 and 7.
public func groupNorm(
  _ x: Tensor, groups: Int, scale: Tensor? = nil, shift: Tensor? = nil, epsilon: Double = 1e-5
) -> Tensor {
  let channels = channelCount(x, "groupNorm")
  if groups < 1 || channels % groups != 0 {
    fail(.argument("groupNorm", "the \(channels) channels of \(x.shape) cannot be split into \(groups) groups"))
  }
  let run = channels / groups * x.shape[2...].reduce(1, *)
  return scaled(
    standardize(x, [1, x.shape[0] * groups, run], epsilon)[0], scale.map { expect($0, "scale", [channels], x, "groupNorm") },
    shift.map { expect($0, "shift", [channels], x, "groupNorm") })
}

/// Instance normalisation: mean and population variance over the positions of each channel of each sample.
///
/// - Parameters:
///   - x: [N, C, …].
///   - scale: [C] (default: 1).
///   - shift: [C] (default: 0).
///   - epsilon: added to the variance (default 10⁻⁵).
/// - Returns: the shape of x. Traps if shapes do not fit.
///
/// Source: Ulyanov, Vedaldi & Lempitsky, "Instance normalization" (2016), equation 2.
public func instanceNorm(_ x: Tensor, scale: Tensor? = nil, shift: Tensor? = nil, epsilon: Double = 1e-5) -> Tensor {
  groupNorm(x, groups: max(1, channelCount(x, "instanceNorm")), scale: scale, shift: shift, epsilon: epsilon)
}

/// ``Standardize`` on x seen as [a, c, s]; the first output again in x's shape.
private func standardize(_ x: Tensor, _ layout: Shape, _ epsilon: Double) -> [Tensor] {
  trapping { () throws(TensorError) in
    var outputs = try Standardize(epsilon: epsilon).apply([x.reshaped(to: layout)])
    outputs[0] = outputs[0].reshaped(to: x.shape)
    return outputs
  }
}

/// y·scale + shift, which are [C], for each channel of y [N, C, …].
private func scaled(_ y: Tensor, _ scale: Tensor?, _ shift: Tensor?) -> Tensor {
  if scale == nil && shift == nil { return y }
  let channels = y.shape[1]
  func all(_ value: Double) -> Tensor { Tensor(repeating: value, shape: [channels], dtype: y.dtype) }
  let layout: Shape = [y.shape[0], channels, y.shape[2...].reduce(1, *)]
  return ChannelAffine()(y.reshaped(to: layout), scale ?? all(1), shift ?? all(0)).reshaped(to: y.shape)
}

private func channelCount(_ x: Tensor, _ operation: String) -> Int {
  if x.rank < 2 { fail(.shape(operation, "expected [N, C, …], found \(x.shape)")) }
  return x.shape[1]
}

@discardableResult
private func expect(_ parameter: Tensor, _ name: String, _ shape: Shape, _ x: Tensor, _ operation: String) -> Tensor {
  if parameter.shape != shape {
    fail(.shape(operation, "\(name) \(parameter.shape) does not fit the input \(x.shape): expected \(shape)"))
  }
  return parameter
}
