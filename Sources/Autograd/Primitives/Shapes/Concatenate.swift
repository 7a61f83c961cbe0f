/// The inputs one after the other along an axis;  each x̄ is its part of ȳ
struct Concatenate: Primitive {
  let axis: Int

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    guard let first = inputs.first else { throw .argument(name, "nothing to concatenate") }
    let axis = try first.shape.normalizedAxis(axis, operation: name)
    var shape = first.shape
    for input in inputs.dropFirst() {
      guard input.dtype == first.dtype else {
        throw .dtype(name, "\(first.dtype) and \(input.dtype) do not mix; convert one of them")
      }
      var expected = first.shape
      if input.shape.rank == expected.rank { expected[axis] = input.shape[axis] }
      guard input.shape == expected else {
        throw .shape(name, "\(first.shape) and \(input.shape) differ elsewhere than in axis \(axis)")
      }
      shape[axis] += input.shape[axis]
    }
    return [Signature(shape, first.dtype)]
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    let result = try infer(inputs.map { Signature($0) })[0]
    return [.concatenated(inputs, axis: try result.shape.normalizedAxis(axis, operation: name), shape: result.shape)]
  }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) throws(TensorError) -> [Tensor?] {
    var (start, result): (Int, [Tensor?]) = (0, [])
    for (index, isNeeded) in pullback.needs.enumerated() {
      let shape = pullback.signature(index).shape
      let count = shape[try shape.normalizedAxis(axis, operation: name)]
      result.append(isNeeded ? pullback.cotangent.sliced(axis, from: start, to: start + count) : nil)
      start += count
    }
    return result
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let parts = pushforward.tangents.enumerated().map { index, tangent in
      let signature = pushforward.signature(index)
      return tangent ?? Tensor(.zeros(signature.shape, dtype: signature.dtype))
    }
    return try apply(parts)
  }

  static let samples = [
    Sample(Concatenate(axis: 0), .normal([2, 2]), .normal([1, 2]), .normal([3, 2])),
    Sample(Concatenate(axis: -1), .normal([2, 1]), .normal([2, 3])),
    Sample(Concatenate(axis: 1), .normal([2, 2, 2]), .zeros([2, 0, 2])), Sample(Concatenate(axis: 0), .normal([1])),
    Sample(Concatenate(axis: 1), .zeros([0, 2]), .zeros([0, 1])),
  ]
  static let errorSamples = [
    ErrorSample(Concatenate(axis: 0), []), ErrorSample(Concatenate(axis: 0), [2, 2], [2, 3]),
    ErrorSample(Concatenate(axis: 0), [2], [2, 2]), ErrorSample(Concatenate(axis: 0), [], []),
    ErrorSample(Concatenate(axis: 0), [Signature([2], .float32), Signature([2], .float64)]),
  ]
}

/// The tensors one after the other along `axis`; their other extents and dtypes agree. Any dtype.
///
/// - Parameters:
///   - tensors: at least one.
///   - axis: negative ones count from the end.
public func concatenated(_ tensors: [Tensor], along axis: Int) -> Tensor {
  trapping { () throws(TensorError) in try Concatenate(axis: axis).apply(tensors)[0] }
}

/// The tensors, all of one shape, side by side along a new axis, which is axis `axis` of the result.
public func stacked(_ tensors: [Tensor], along axis: Int = 0) -> Tensor {
  concatenated(tensors.map { $0.expanded(at: axis) }, along: axis)
}
