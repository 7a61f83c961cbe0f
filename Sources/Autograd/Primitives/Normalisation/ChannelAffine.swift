/// y = x·scale + shift for x [a, c, s], scale and shift [c];  x̄ = ȳ·scale,  scale̅ = Σ ȳ·x and shift̅ = Σ ȳ over a and s
struct ChannelAffine: Primitive {
  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    _ = try floatingDType(inputs)
    let (x, scale, shift) = (inputs[0].shape, inputs[1].shape, inputs[2].shape)
    guard x.rank == 3 else { throw .shape(name, "expected [a, c, s], found \(x)") }
    guard scale == [x[1]], shift == [x[1]] else {
      throw .shape(name, "scale \(scale) and shift \(shift) do not fit \(x): expected [\(x[1])]")
    }
    return [inputs[0]]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] { [inputs[0].scaledByChannel(inputs[1], shift: inputs[2])] }
  var saves: Saved { [.input(0), .input(1)] }

  func vjp(_ pullback: Pullback) -> [Tensor?] {
    let (y, needs) = (pullback.cotangent, pullback.needs)
    if !pullback.isRecording && y.shape[2] >= 16 {
      let x = needs[0] ? Tensor(y.value.scaledByChannel(pullback.input(1).value, shift: nil)) : nil
      if !needs[1] && !needs[2] { return [x, nil, nil] }
      let (sum, dot) = NDArray.channelSums(y.value, pullback.input(0).value)
      return [x, needs[1] ? Tensor(dot) : nil, needs[2] ? Tensor(sum) : nil]
    }
    return [
      needs[0] ? y * pullback.input(1).asChannel : nil, needs[1] ? (y * pullback.input(0)).sum(along: [0, 2]) : nil,
      needs[2] ? y.sum(along: [0, 2]) : nil,
    ]
  }
  func jvp(_ pushforward: Pushforward) throws(TensorError) -> [Tensor?] {
    let shape = pushforward.signature(0).shape
    return [
      try pushforward.sum(
        { $0 * pushforward.input(1).asChannel }, { pushforward.input(0) * $0.asChannel }, { $0.asChannel.broadcast(to: shape) })
    ]
  }

  static let samples = [
    Sample(ChannelAffine(), .normal([2, 3, 4]), .normal([3]), .normal([3])),
    Sample(ChannelAffine(), .normal([2, 2, 17]), .normal([2]), .normal([2])),
    Sample(ChannelAffine(), .normal([3, 4, 1]), .normal([4]), .normal([4])),
    Sample(ChannelAffine(), .normal([1, 1, 1]), .normal([1]), .normal([1])),
    Sample(ChannelAffine(), .zeros([2, 3, 0]), .normal([3]), .normal([3])),
  ]
  static let errorSamples = [
    ErrorSample(ChannelAffine(), [2, 3], [3], [3]), ErrorSample(ChannelAffine(), [2, 3, 4], [4], [3]),
    ErrorSample(ChannelAffine(), [2, 3, 4], [3], [1]), ErrorSample(ChannelAffine(), [2, 3, 4], [3], [3], dtype: .int32),
  ]
}

extension Tensor {
  /// [c] as [c, 1], which scales the channels of [a, c, s].
  var asChannel: Tensor { reshaped(to: [count, 1]) }
}
