import Autograd
import TensorCore

extension ONNXFunctions {
  /// Many elements to one, and what else runs along axes.
  static let reductions: [String: Function] = [
    "ReduceSum": reduction(ofNothing: 0) { x, axes in x.sum(along: axes, keepingAxes: true) },
    "ReduceMean": reduction(ofNothing: .nan) { x, axes in x.mean(along: axes, keepingAxes: true) },
    "ReduceMax": reduction(ofNothing: -.infinity) { x, axes in x.max(along: axes, keepingAxes: true) },
    "ReduceMin": reduction(ofNothing: .infinity) { x, axes in x.min(along: axes, keepingAxes: true) },
    "ReduceProd": reduction(ofNothing: 1) { x, axes in x.product(along: axes, keepingAxes: true) },
    "ReduceL1": reduction(ofNothing: 0) { x, axes in abs(x).sum(along: axes, keepingAxes: true) },
    "ReduceL2": reduction(ofNothing: 0) { x, axes in x.norm(.two, along: axes, keepingAxes: true) },
    "ReduceSumSquare": reduction(ofNothing: 0) { x, axes in square(x).sum(along: axes, keepingAxes: true) },
    "ReduceLogSum": reduction(ofNothing: -.infinity) { x, axes in log(x.sum(along: axes, keepingAxes: true)) },
    "ReduceLogSumExp": reduction(ofNothing: -.infinity) { x, axes in x.logSumExp(along: axes, keepingAxes: true) },
    "ArgMax": { call in try extremum(call) { x, axis in x.argmax(along: axis, keepingAxes: true) } },
    "ArgMin": { call in try extremum(call) { x, axis in x.argmin(along: axis, keepingAxes: true) } },
    "CumSum": cumulativeSum,
    "Softmax": alongAxis { x, axis in softmax(x, along: axis) },
    "LogSoftmax": alongAxis { x, axis in logSoftmax(x, along: axis) },
    "Hardmax": alongAxis { x, axis in
      let extents = Shape(x.shape.enumerated().map { $0.offset == axis ? $0.element : 1 })
      let places = Tensor(NDArray((0..<x.shape[axis]).map { Int64($0) }, shape: extents))
      return (places .== x.argmax(along: axis, keepingAxes: true)).converted(to: x.dtype)
    },
  ]

  /// Axes are an attribute in old versions and an input in newer ones. Without any, all are reduced, or none if the node says so.
  private static func reduction(
    ofNothing identity: Double, _ body: @escaping @Sendable (Tensor, [Int]) -> Tensor
  ) -> Function {
    { call in
      let x = try call.input(0)
      let given = try call.ints(attribute: "axes", orInput: 1) ?? []
      // A function of one element each, where there is one (the logarithm of a sum), is still applied.
      let none = try given.isEmpty && call.flag("noop_with_empty_axes")
      let axes = none ? [] : try x.shape.normalizedAxes(given.isEmpty ? nil : given, operation: call.name)
      let kept = x.shape.reducing(axes, keepingAxes: true)
      let shape = x.shape.reducing(axes, keepingAxes: try call.flag("keepdims", true))
      let isOfNothing = axes.contains { x.shape[$0] == 0 }
      let smallest: Double? = x.dtype == .bool ? (identity > 0 ? 1 : 0) : nil
      return [
        try call.numeric(x) { x in
          isOfNothing
            ? Tensor(repeating: smallest ?? identity, shape: shape, dtype: x.dtype)
            : (x.count == 0 ? Tensor(repeating: 0, shape: kept, dtype: x.dtype) : body(x, axes)).reshaped(to: shape)
        }
      ]
    }
  }

  private static func extremum(_ call: OperatorCall, _ body: (Tensor, Int) -> Tensor) throws -> [Tensor] {
    var x = try call.input(0)
    let axis = try call.axis(try call.int("axis"), of: x.shape)
    guard x.shape[axis] > 0 else { throw TensorError.shape(call.name, "axis \(axis) of \(x.shape) is empty") }
    if !x.dtype.isFloating { x = x.converted(to: .float64) }
    let last = try call.flag("select_last_index")
    var y = body(last ? x.flipped(along: axis) : x, axis)
    if last {
      let values = y.value.scalars(as: Int64.self).map { Int64(x.shape[axis] - 1) - $0 }
      y = Tensor(NDArray(values, shape: y.shape))
    }
    return [try call.flag("keepdims", true) ? y : y.squeezed(axis)]
  }

  private static let cumulativeSum: Function = { call in
    let x = try call.input(0)
    let axis = try call.axis(try call.ints(1).first ?? 0, of: x.shape)
    let (exclusive, reverse) = (try call.flag("exclusive"), try call.flag("reverse"))
    return [
      try call.numeric(x) { x in
        let sums = x.cumulativeSum(along: axis, reversed: reverse)
        return exclusive ? sums - x : sums
      }
    ]
  }

  /// Before version 13 these saw a matrix of all axes before `axis` (1 unless given) by all from it on.
  private static func alongAxis(_ body: @escaping @Sendable (Tensor, Int) -> Tensor) -> Function {
    { call in
      let x = try call.floating(0)
      if call.version >= 13 {
        let axis = try call.axis(try call.int("axis", -1), of: x.shape)
        return [x.count == 0 ? x : body(x, axis)]
      }
      let axis = try call.int("axis", 1)
      let place = axis < 0 ? axis + x.rank : axis
      guard 0...x.rank ~= place else { throw TensorError.shape(call.name, "axis \(axis) is not an axis of \(x.shape)") }
      let matrix = x.reshaped(to: [x.shape[..<place].reduce(1, *), x.shape[place...].reduce(1, *)])
      return [x.count == 0 ? x : body(matrix, 1).reshaped(to: x.shape)]
    }
  }
}
