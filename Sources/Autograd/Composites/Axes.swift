// Shape verbs made of reshaping and broadcasting.

extension Tensor {
  /// Without `axis`, whose extent must be 1.
  public func squeezed(_ axis: Int) -> Tensor {
    let axis = trapping { () throws(TensorError) in try shape.normalizedAxis(axis, operation: "squeezed") }
    if shape[axis] != 1 { fail(.shape("squeezed", "axis \(axis) of \(shape) is not of extent 1")) }
    return reshaped(to: shape.reducing([axis], keepingAxes: false))
  }

  /// With a new axis of extent 1, which is axis `axis` of the result; −1 is after the last.
  public func expanded(at axis: Int) -> Tensor {
    let at = axis < 0 ? axis + rank + 1 : axis
    if !(0...rank ~= at) { fail(.shape("expanded", "\(shape) has no place \(axis) for a new axis")) }
    var extents = shape.extents
    extents.insert(1, at: at)
    return reshaped(to: Shape(extents))
  }

  /// Each element `count` times in a row along `axis`: a b becomes a a b b.
  public func repeated(_ count: Int, along axis: Int) -> Tensor {
    let axis = trapping { () throws(TensorError) in try shape.normalizedAxis(axis, operation: "repeated") }
    return repeated(count, expandedAt: axis + 1, axis)
  }

  /// The whole `count` times over along `axis`: a b becomes a b a b.
  public func tiled(_ count: Int, along axis: Int) -> Tensor {
    let axis = trapping { () throws(TensorError) in try shape.normalizedAxis(axis, operation: "tiled") }
    return repeated(count, expandedAt: axis, axis)
  }

  private func repeated(_ count: Int, expandedAt place: Int, _ axis: Int) -> Tensor {
    if count < 0 { fail(.argument("repeated", "a count of \(count) is negative")) }
    let wide = expanded(at: place)
    var (repeated, merged) = (wide.shape, shape)
    repeated[place] = count
    merged[axis] *= count
    return wide.broadcast(to: repeated).reshaped(to: merged)
  }
}
