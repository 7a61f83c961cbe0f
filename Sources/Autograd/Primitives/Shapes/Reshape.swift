/// The same elements under another shape;  x̄ = ȳ under the old one
struct Reshape: Primitive {
  let shape: Shape

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    guard shape.elementCount == inputs[0].shape.elementCount, shape.allSatisfy({ $0 >= 0 }) else {
      throw .shape(name, "\(inputs[0].shape) has \(inputs[0].shape.elementCount) elements, \(shape) does not")
    }
    return [Signature(shape, inputs[0].dtype)]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] { [inputs[0].reshaped(to: shape)] }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] { [pullback.cotangent.reshaped(to: pullback.signature(0).shape)] }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] { [pushforward.tangent.reshaped(to: shape)] }

  static let samples = [
    Sample(Reshape(shape: [2, 3]), .normal([3, 2])), Sample(Reshape(shape: [4, 0]), .zeros([0])),
    Sample(Reshape(shape: []), .normal([1, 1])),
  ]
  static let errorSamples = [ErrorSample(Reshape(shape: [4]), [3]), ErrorSample(Reshape(shape: [-1, -3]), [3])]
}

extension Tensor {
  /// The same elements under another shape. One extent may be −1: it is found from the others.
  public func reshaped(to shape: Shape) -> Tensor {
    if shape == self.shape { return self }
    var resolved = shape
    if shape.filter({ $0 == -1 }).count == 1, let unknown = shape.firstIndex(of: -1) {
      let known = shape.filter { $0 != -1 }.reduce(1, *)
      resolved[unknown] = known > 0 ? count / known : 0
    }
    return Reshape(shape: resolved)(self)
  }
}
