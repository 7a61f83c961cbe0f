// Shape rules that several operations share. Pure and throwing, so that they can be tested without values.

extension Primitive {
  /// The inputs' common floating-point dtype: float32 and float64 never mix silently.
  func floatingDType(_ inputs: [Signature]) throws(TensorError) -> DType {
    guard let first = inputs.first else { throw .argument(name, "no input") }
    for input in inputs {
      guard input.dtype.isFloating else { throw .dtype(name, "expected float32 or float64, found \(input.dtype)") }
      guard input.dtype == first.dtype else {
        throw .dtype(name, "\(first.dtype) and \(input.dtype) do not mix; convert one of them")
      }
    }
    return first.dtype
  }

  /// One floating-point input, one output like it.
  func inferElementwise(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    _ = try floatingDType(inputs)
    return [inputs[0]]
  }

  /// Two floating-point inputs of one dtype, broadcast.
  func inferBroadcast(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    return [Signature(try Shape.broadcast(inputs[0].shape, inputs[1].shape, operation: name), dtype)]
  }

  /// One floating-point input, reduced. `message` says why nothing at all cannot be reduced; without one it can.
  func inferReduction(
    _ inputs: [Signature], _ axes: [Int]?, keepingAxes: Bool, ofNothing message: String? = nil
  ) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    let shape = inputs[0].shape
    let axes = try shape.normalizedAxes(axes, operation: name)
    if let message, let empty = axes.first(where: { shape[$0] == 0 }) {
      throw .shape(name, "axis \(empty) of \(shape) is empty and \(message)")
    }
    return [Signature(shape.reducing(axes, keepingAxes: keepingAxes), dtype)]
  }
}

extension Tensor {
  /// The adjoint of broadcasting: sums over the axes along which `shape` was repeated.
  func summed(to shape: Shape) -> Tensor {
    if shape == self.shape { return self }
    let lead = rank - shape.rank
    let axes = (0..<rank).filter { $0 < lead || (shape[$0 - lead] == 1 && self.shape[$0] != 1) }
    return sum(along: axes).reshaped(to: shape)
  }
}
