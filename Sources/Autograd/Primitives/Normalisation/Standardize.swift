/// For x [a, c, s], over a and s for each c (n values): x̂ = (x − m)·r, m = mean, v = population variance, r = (v + ε)^(−1/2).
///
/// With ⟨·⟩ the mean over a and s and p = ⟨x̂·ẋ⟩:  x̂̇ = r(ẋ − ⟨ẋ⟩ − x̂p),  ṁ = ⟨ẋ⟩,  v̇ = 2(v + ε)r·p,  ṙ = −r²·p
/// (because x − m = (v + ε)r·x̂);  reverse mode is the transpose. Ioffe & Szegedy, "Batch normalization" (2015), §3.
///
/// r is an output so that the derivative is made of products alone and can be differentiated again.
struct Standardize: Primitive {
  let epsilon: Double

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    let dtype = try floatingDType(inputs)
    let shape = inputs[0].shape
    guard shape.rank == 3 else { throw .shape(name, "expected [a, c, s], found \(shape)") }
    guard shape[0] * shape[2] > 0 || shape[1] == 0 else {
      throw .shape(name, "no values to take mean and variance of in \(shape)")
    }
    guard epsilon >= 0 else { throw .argument(name, "epsilon must not be negative, found \(epsilon)") }
    return [inputs[0]] + Array(repeating: Signature([shape[1]], dtype), count: 3)
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] {
    let (values, mean, variance, reciprocal) = inputs[0].standardized(epsilon: epsilon)
    return [values, mean, variance, reciprocal]
  }
  var saves: Saved { .outputs }

  func vjp(_ pullback: Pullback) -> [Tensor?] {
    let shape = pullback.signature(0).shape
    let n = Double(max(1, shape[0] * shape[2]))
    let (x, r) = (pullback.output(0), pullback.output(3))
    func cotangent(_ index: Int) -> Tensor? {
      index < pullback.cotangents.count ? pullback.cotangents[index] : nil
    }
    var (result, constant, slope): (Tensor?, Tensor?, Tensor?)  // result + (constant + slope·x̂)/n, the latter two for each c
    if let mean = cotangent(1) { constant = mean.asChannel }
    if let variance = cotangent(2) {
      slope = slope.plus((variance * (pullback.output(2) + epsilon) * r * 2).asChannel)
    }
    if let reciprocal = cotangent(3) { slope = slope.plus((-(reciprocal * r * r)).asChannel) }
    if let y = cotangent(0) {
      // In two sweeps where no derivative of this is wanted, and the runs are long.
      if !pullback.isRecording && (shape[2] >= 16 || shape[0] == 1) {
        let sum = NDArray.standardizedCotangent(
          y.value, x.value, reciprocal: r.value, constant: constant?.value, slope: slope?.value)
        return [Tensor(sum)]
      }
      let scale = r.asChannel
      result = y * scale
      constant = constant.plus(-(y.sum(along: [0, 2]).asChannel * scale))
      slope = slope.plus(-((y * x).sum(along: [0, 2]).asChannel * scale))
    }
    if let slope { result = result.plus(slope / n * x) }
    if let constant { result = result.map { $0 + constant / n } ?? (constant / n).broadcast(to: shape) }
    return [result]
  }

  func jvp(_ pushforward: Pushforward) -> [Tensor?] {
    let (x, variance, r) = (pushforward.output(0), pushforward.output(2), pushforward.output(3))
    let tangent = pushforward.tangent
    let n = Double(max(1, tangent.shape[0] * tangent.shape[2]))
    let mean = tangent.sum(along: [0, 2]) / n
    let p = (x * tangent).sum(along: [0, 2]) / n
    let centred = tangent - mean.asChannel - x * p.asChannel
    return [centred * r.asChannel, mean, (variance + epsilon) * r * p * 2, -(r * r * p)]
  }

  static let samples = [
    Sample(Standardize(epsilon: 0.1), .normal([2, 3, 4])), Sample(Standardize(epsilon: 1e-5), .distinct([1, 2, 5])),
    Sample(Standardize(epsilon: 0.1), .normal([2, 2, 17])), Sample(Standardize(epsilon: 0), .distinct([4, 2, 1])),
    Sample(Standardize(epsilon: 0.5), .normal([1, 1, 1])),
    Sample(Standardize(epsilon: 0.1), .zeros([2, 0, 3])), Sample(Standardize(epsilon: 0.1), .zeros([0, 0, 0])),
  ]
  static let errorSamples = [
    ErrorSample(Standardize(epsilon: 0.1), [2, 3]), ErrorSample(Standardize(epsilon: 0.1), [0, 3, 2]),
    ErrorSample(Standardize(epsilon: -1), [2, 3, 2]), ErrorSample(Standardize(epsilon: 1), [2, 3, 2], dtype: .uint8),
  ]
}

extension Optional<Tensor> {
  fileprivate func plus(_ other: Tensor) -> Tensor { map { $0 + other } ?? other }
}
