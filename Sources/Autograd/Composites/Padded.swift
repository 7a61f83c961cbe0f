/// What stands around a padded tensor.
public enum PaddingMode: Sendable, Equatable {
  /// One value everywhere.
  case constant(Double)
  /// The tensor mirrored at its border element, which is not repeated: c b | a b c | b a.
  case reflect
  /// The border element repeated: a a | a b c | c c.
  case edge
}

extension Tensor {
  /// This tensor with `before` and `after` more elements at the two ends of each axis.
  ///
  /// - Parameters:
  ///   - before: one number for each axis, not negative.
  ///   - after: the same for the other end.
  ///   - mode: zeros unless given. Reflection needs an axis longer than its padding, repetition one that is not empty.
  public func padded(before: [Int], after: [Int], _ mode: PaddingMode = .constant(0)) -> Tensor {
    trapping { () throws(TensorError) in
      let axes = try paddingIndices(shape, before, after, mode)
      if case .constant(let value) = mode {
        let target = Shape(shape.indices.map { before[$0] + shape[$0] + after[$0] })
        return try Embed(shape: target, starts: before, steps: before.map { _ in 1 }, background: value).apply([self])[0]
      }
      var result = self
      for (axis, indices) in axes.enumerated() where indices.count != shape[axis] {
        result = result.gathering(indices, along: axis)
      }
      return result
    }
  }
}

/// For each axis, which element stands at each place of the padded tensor; nothing for a constant padding.
func paddingIndices(
  _ shape: Shape, _ before: [Int], _ after: [Int], _ mode: PaddingMode
) throws(TensorError) -> [[Int]] {
  guard before.count == shape.rank, after.count == shape.rank, (before + after).allSatisfy({ $0 >= 0 }) else {
    throw .argument("padded", "expected one number ≥ 0 for each axis of \(shape), found \(before) and \(after)")
  }
  if case .constant = mode { return [] }
  var result: [[Int]] = []
  for (axis, extent) in shape.enumerated() {
    let longest = Swift.max(before[axis], after[axis])
    let limit = mode == .reflect ? extent - 1 : extent > 0 ? Int.max : 0
    guard longest == 0 || longest <= limit else {
      throw .shape("padded", "axis \(axis) of \(shape) is too short to be padded by \(longest) elements of its own")
    }
    result.append(
      (-before[axis]..<extent + after[axis]).map { place in
        if 0..<extent ~= place { return place }
        if mode == .edge { return place < 0 ? 0 : extent - 1 }
        return place < 0 ? -place : 2 * (extent - 1) - place
      })
  }
  return result
}
