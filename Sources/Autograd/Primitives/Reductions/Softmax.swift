/// y = eˣ/Σeˣ along one axis;  x̄ = y·(ȳ − Σ ȳ·y)
struct Softmax: Primitive {
  let axis: Int

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    _ = try inputs[0].shape.normalizedAxis(axis, operation: name)
    return try inferElementwise(inputs)
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    [inputs[0].softmax(axis: try inputs[0].shape.normalizedAxis(axis, operation: name), logarithm: false)]
  }
  var saves: Saved { .outputs }
  func vjp(_ pullback: Pullback) -> [Tensor?] {
    let (y, cotangent) = (pullback.output(0), pullback.cotangent)
    if !pullback.isRecording && (axis == -1 || axis == y.rank - 1) {
      return [Tensor(NDArray.softmaxCotangent(y.value, cotangent.value))]
    }
    return [y * (cotangent - (y * cotangent).sum(along: [axis], keepingAxes: true))]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] {
    let (y, tangent) = (pushforward.output(0), pushforward.tangent)
    return [y * (tangent - (y * tangent).sum(along: [axis], keepingAxes: true))]
  }

  static let samples = [
    Sample(Softmax(axis: 1), .normal([3, 4])), Sample(Softmax(axis: 0), .normal([3, 2])),
    Sample(Softmax(axis: -2), .normal([2, 3, 2])),
    Sample(Softmax(axis: 0), .normal([1])), Sample(Softmax(axis: 1), .zeros([0, 3])), Sample(Softmax(axis: 0), .zeros([0, 3])),
  ]
  static let errorSamples = [ErrorSample(Softmax(axis: 1), [3]), ErrorSample(Softmax(axis: 0), [3], dtype: .int64)]
}

/// eˣ/Σeˣ along `axis`, elementwise, for numbers of any size. NaN along a line of nothing but −∞.
///
/// - Parameters:
///   - x: float32 or float64, of any shape.
///   - axis: the last one unless given; negative ones count from the end.
public func softmax(_ x: Tensor, along axis: Int = -1) -> Tensor { Softmax(axis: axis)(x) }
