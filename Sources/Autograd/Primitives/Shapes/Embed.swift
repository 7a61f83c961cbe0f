/// x at places `starts`, `starts + steps`, … of an array of `shape`, `background` elsewhere;  x̄ = ȳ at these places.
/// The adjoint of ``Slice``, and a constant padding.
struct Embed: Primitive {
  let shape: Shape
  let starts: [Int]
  let steps: [Int]
  var background = 0.0

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    try checkPlaces(of: inputs[0].shape, in: shape, starts: starts, steps: steps)
    return [Signature(shape, inputs[0].dtype)]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] {
    [inputs[0].embedded(in: shape, starts: starts, steps: steps, background: background)]
  }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] {
    [Slice(shape: pullback.signature(0).shape, starts: starts, steps: steps)(pullback.cotangent)]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] {
    [Embed(shape: shape, starts: starts, steps: steps)(pushforward.tangent)]
  }

  static let samples = [
    Sample(Embed(shape: [4, 3], starts: [1, 0], steps: [1, 1], background: 2), .normal([2, 3])),
    Sample(Embed(shape: [5, 3], starts: [4, 0], steps: [-2, 2]), .normal([3, 2])),
    Sample(Embed(shape: [2, 3], starts: [2, 1], steps: [1, 1], background: -1), .zeros([0, 2])),
    Sample(Embed(shape: [], starts: [], steps: []), .normal([])),
    Sample(Embed(shape: [3], starts: [2], steps: [1]), .normal([1])),
  ]
  static let errorSamples = [
    ErrorSample(Embed(shape: [3], starts: [2], steps: [1]), [2]), ErrorSample(Embed(shape: [3], starts: [0], steps: [0]), [2]),
    ErrorSample(Embed(shape: [3], starts: [0], steps: [1]), [2, 1]),
  ]
}
