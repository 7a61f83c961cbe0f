/// y = x − ln Σeˣ along one axis;  x̄ = ȳ − e^y·Σȳ
struct LogSoftmax: Primitive {
  let axis: Int

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    _ = try inputs[0].shape.normalizedAxis(axis, operation: name)
    return try inferElementwise(inputs)
  }
  func forward(_ inputs: [NDArray]) throws(TensorError) -> [NDArray] {
    [inputs[0].softmax(axis: try inputs[0].shape.normalizedAxis(axis, operation: name), logarithm: true)]
  }
  var saves: Saved { .outputs }
  func vjp(_ pullback: Pullback) -> [Tensor?] {
    [pullback.cotangent - exp(pullback.output(0)) * pullback.cotangent.sum(along: [axis], keepingAxes: true)]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] {
    let tangent = pushforward.tangent
    return [tangent - (exp(pushforward.output(0)) * tangent).sum(along: [axis], keepingAxes: true)]
  }

  static let samples = [
    Sample(LogSoftmax(axis: 1), .normal([3, 4])), Sample(LogSoftmax(axis: 0), .normal([3, 2])),
    Sample(LogSoftmax(axis: -2), .normal([2, 3, 2])),
    Sample(LogSoftmax(axis: 0), .normal([1])), Sample(LogSoftmax(axis: 1), .zeros([0, 3])),
    Sample(LogSoftmax(axis: 0), .zeros([0, 3])),
  ]
  static let errorSamples = [ErrorSample(LogSoftmax(axis: 1), [3]), ErrorSample(LogSoftmax(axis: 0), [3], dtype: .int64)]
}

/// x − ln Σeˣ along `axis`, elementwise: the logarithm of ``softmax(_:along:)``, exact where that is rounded to 0.
///
/// - Parameters:
///   - x: float32 or float64, of any shape.
///   - axis: the last one unless given; negative ones count from the end.
public func logSoftmax(_ x: Tensor, along axis: Int = -1) -> Tensor { LogSoftmax(axis: axis)(x) }
