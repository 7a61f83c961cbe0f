/// Elements `starts`, `starts + steps`, … along each axis, as many as `shape` says;  x̄ = ȳ at their places, else 0
struct Slice: Primitive {
  let shape: Shape
  let starts: [Int]
  /// Not 0; negative ones walk backwards.
  let steps: [Int]

  func infer(_ inputs: [Signature]) throws(TensorError) -> [Signature] {
    try checkPlaces(of: shape, in: inputs[0].shape, starts: starts, steps: steps)
    return [Signature(shape, inputs[0].dtype)]
  }
  func forward(_ inputs: [NDArray]) -> [NDArray] { [inputs[0].sliced(shape: shape, starts: starts, steps: steps)] }
  var saves: Saved { .nothing }
  func vjp(_ pullback: Pullback) -> [Tensor?] {
    [Embed(shape: pullback.signature(0).shape, starts: starts, steps: steps)(pullback.cotangent)]
  }
  func jvp(_ pushforward: Pushforward) -> [Tensor?] {
    [Slice(shape: shape, starts: starts, steps: steps)(pushforward.tangent)]
  }

  static let samples = [
    Sample(Slice(shape: [2, 1], starts: [1, 0], steps: [1, 1]), .normal([3, 2])),
    Sample(Slice(shape: [2, 2], starts: [0, 1], steps: [2, -1]), .normal([4, 2])),
    Sample(Slice(shape: [0, 2], starts: [3, 0], steps: [1, 1]), .normal([3, 2])),
    Sample(Slice(shape: [0], starts: [0], steps: [1]), .zeros([0])), Sample(Slice(shape: [], starts: [], steps: []), .normal([])),
  ]
  static let errorSamples = [
    ErrorSample(Slice(shape: [3], starts: [1], steps: [1]), [3]), ErrorSample(Slice(shape: [2], starts: [0], steps: [-1]), [3]),
    ErrorSample(Slice(shape: [2], starts: [0], steps: [0]), [3]),
    ErrorSample(Slice(shape: [2], starts: [0], steps: [1]), [3, 1]),
  ]
}

extension Primitive {
  /// Checks that `starts`, `starts + steps`, … lie in `whole` for as many elements as `part` has along each axis.
  func checkPlaces(of part: Shape, in whole: Shape, starts: [Int], steps: [Int]) throws(TensorError) {
    guard part.rank == whole.rank, starts.count == whole.rank, steps.count == whole.rank else {
      throw .shape(name, "\(whole) has another number of axes than \(part), starts \(starts) and steps \(steps)")
    }
    for axis in whole.indices where part[axis] != 0 {
      let last = starts[axis] + (part[axis] - 1) * steps[axis]
      guard steps[axis] != 0, min(starts[axis], last) >= 0, max(starts[axis], last) < whole[axis] else {
        throw .shape(name, "axis \(axis) of \(whole) has no places \(starts[axis])…\(last) in steps of \(steps[axis])")
      }
    }
  }
}

extension Tensor {
  /// Elements `start`, `start + step`, … before `end` along `axis`. Negative places and axes count from the end.
  ///
  /// - Parameters:
  ///   - axis: negative ones count from the end.
  ///   - start: the first element, or the last one if `step` is negative, unless given.
  ///   - end: where to stop, itself excluded; after the far end unless given.
  ///   - step: 1 unless given; negative ones walk backwards.
  ///
  /// Unlike Python, traps for places that do not exist.
  public func sliced(_ axis: Int, from start: Int? = nil, to end: Int? = nil, by step: Int = 1) -> Tensor {
    trapping { () throws(TensorError) in
      let axis = try shape.normalizedAxis(axis, operation: "sliced")
      let (first, count) = try resolveRange(shape[axis], from: start, to: end, by: step)
      var (part, starts, steps) = (shape, shape.map { _ in 0 }, shape.map { _ in 1 })
      (part[axis], starts[axis], steps[axis]) = (count, first, step)
      return try Slice(shape: part, starts: starts, steps: steps).apply([self])[0]
    }
  }

  /// The elements in reverse order along `axis`.
  public func flipped(along axis: Int) -> Tensor { sliced(axis, by: -1) }
}

/// First place and number of elements of a range with optional, possibly negative bounds.
func resolveRange(
  _ extent: Int, from start: Int?, to end: Int?, by step: Int
) throws(TensorError) -> (first: Int, count: Int) {
  guard step != 0 else { throw .argument("sliced", "a step of 0 leads nowhere") }
  func place(_ index: Int, upTo bound: Int) throws(TensorError) -> Int {
    let resolved = index < 0 ? index + extent : index
    guard 0 <= resolved, resolved <= bound else {
      throw .argument("sliced", "place \(index) is outside an axis of \(extent) elements")
    }
    return resolved
  }
  let forward = step > 0
  let first =
    try start.map { (at) throws(TensorError) in try place(at, upTo: forward ? extent : extent - 1) } ?? (forward ? 0 : extent - 1)
  let last =
    try end.map { (at) throws(TensorError) in try place(at, upTo: forward ? extent : extent - 1) } ?? (forward ? extent : -1)
  let distance = forward ? last - first : first - last
  guard distance >= 0 else { throw .argument("sliced", "range \(first)..<\(last) in steps of \(step) runs backwards") }
  return (distance == 0 ? 0 : first, (distance + abs(step) - 1) / abs(step))
}
