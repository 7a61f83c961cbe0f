import Autograd
import TensorCore

/// Geometry of a window along each axis of positions, from the attributes that convolutions and poolings share.
struct OperatorWindow {
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  var before: [Int]
  var after: [Int]
  var outputs: [Int]

  /// Distance of the first from behind the last entry of a window.
  func span(_ axis: Int) -> Int { (kernel[axis] - 1) * dilations[axis] + 1 }

  /// - Parameters:
  ///   - shape: [N, C, positions…].
  ///   - kernel: extents of the window, one for each axis of positions.
  ///   - ceiling: whether windows may reach beyond the far edge.
  init(_ call: OperatorCall, _ shape: Shape, kernel: [Int], ceiling: Bool = false) throws(TensorError) {
    let positions = shape.rank - 2
    guard (1...3).contains(positions), kernel.count == positions else {
      throw .shape(call.name, "expected one to three axes of positions and a kernel for them, found \(shape) and \(kernel)")
    }
    func attribute(_ key: String, _ standard: Int, _ count: Int, from least: Int) throws(TensorError) -> [Int] {
      let values = try call.attributeInts(key) ?? Array(repeating: standard, count: count)
      guard values.count == count, values.allSatisfy({ least...(1 << 24) ~= $0 }) else {
        throw call.error("found \(key) \(values), expected \(count) numbers from \(least) on")
      }
      return values
    }
    guard kernel.allSatisfy({ 1...(1 << 24) ~= $0 }) else { throw call.error("found a kernel of \(kernel)") }
    self.kernel = kernel
    strides = try attribute("strides", 1, positions, from: 1)
    dilations = try attribute("dilations", 1, positions, from: 1)
    let pads = try attribute("pads", 0, 2 * positions, from: 0)
    (before, after) = (Array(pads[..<positions]), Array(pads[positions...]))
    outputs = []
    let mode = try call.string("auto_pad", "NOTSET")
    for axis in 0..<positions {
      let extent = shape[axis + 2]
      switch mode {
      case "NOTSET": break
      case "VALID": (before[axis], after[axis]) = (0, 0)
      case "SAME_UPPER", "SAME_LOWER":
        let wanted = (extent + strides[axis] - 1) / strides[axis]
        let total = max(0, (wanted - 1) * strides[axis] + span(axis) - extent)
        before[axis] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
        after[axis] = total - before[axis]
      default: throw call.error("found auto_pad '\(mode)', expected NOTSET, VALID, SAME_UPPER or SAME_LOWER")
      }
      let rest = before[axis] + extent + after[axis] - span(axis)
      guard rest >= 0, extent > 0 || shape.elementCount == 0 else {
        throw .shape(call.name, "a window of \(span(axis)) does not fit axis \(axis + 2) of \(shape)")
      }
      var steps = ceiling ? (rest + strides[axis] - 1) / strides[axis] : rest / strides[axis]
      // A window that would begin behind the input and its near padding is not counted.
      if ceiling, steps * strides[axis] >= extent + before[axis] { steps -= 1 }
      outputs.append(steps + 1)
    }
  }

  /// Throws if there would be more to compare or to add than anyone has time for.
  func requireModestWork(_ call: OperatorCall, _ shape: Shape) throws(TensorError) {
    let work = try call.product(Array(shape.prefix(2)) + outputs + kernel)
    guard work <= 1 << 36 else { throw call.error("a window of \(kernel) over \(shape) takes \(work) steps") }
  }

  /// x with its padding, and as much more behind it as windows that reach beyond the far edge need.
  func padded(_ call: OperatorCall, _ x: Tensor, filling value: Double) throws(TensorError) -> Tensor {
    let far = outputs.indices.map { axis in
      max(after[axis], (outputs[axis] - 1) * strides[axis] + span(axis) - before[axis] - x.shape[axis + 2])
    }
    if !(before + far).contains(where: { $0 > 0 }) { return x }
    try call.checked(Shape(Array(x.shape.prefix(2)) + before.indices.map { before[$0] + x.shape[$0 + 2] + far[$0] }))
    return x.padded(before: [0, 0] + before, after: [0, 0] + far, .constant(value))
  }

  /// For each tap of the window, in row-major order, the elements of the padded x that all windows see there.
  func taps(_ call: OperatorCall, _ x: Tensor) throws(TensorError) -> [Tensor] {
    try call.checked(Shape(Array(x.shape.prefix(2)) + outputs + kernel))
    var views = [x]
    for axis in kernel.indices {
      views = views.flatMap { view in
        (0..<kernel[axis]).map { tap in
          view.sliced(axis + 2, from: tap * dilations[axis], count: outputs[axis], by: strides[axis])
        }
      }
    }
    return views
  }

  /// How many entries of each window lie in the input; with `padding`, in the input or its padding.
  func counts(_ shape: Shape, including padding: Bool, _ dtype: DType) -> Tensor {
    var result = Tensor(repeating: 1, shape: [1, 1], dtype: dtype)
    for axis in kernel.indices {
      let (first, last) =
        padding ? (0, before[axis] + shape[axis + 2] + after[axis]) : (before[axis], before[axis] + shape[axis + 2])
      let counts = (0..<outputs[axis]).map { output in
        Double((0..<kernel[axis]).count { first..<last ~= output * strides[axis] + $0 * dilations[axis] })
      }
      result = result.expanded(at: -1) * Tensor(counts, dtype: dtype)
    }
    return result
  }
}
