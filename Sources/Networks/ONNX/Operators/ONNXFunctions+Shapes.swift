import Autograd
import TensorCore

extension ONNXFunctions {
  /// Arrays cut, joined, and brought into another shape. For any element type.
  static let shapes: [String: Function] = [
    "Shape": { call in
      let extents = try call.input(0).shape.extents
      func place(_ key: String, _ standard: Int) throws -> Int {
        let value = try call.int(key, standard)
        return min(max(value < 0 ? value + extents.count : value, 0), extents.count)
      }
      let (start, end) = (try place("start", 0), try place("end", extents.count))
      let values = extents[start..<max(start, end)].map { Int64($0) }
      return [Tensor(NDArray(values, shape: [values.count]))]
    },
    "Size": { call in [Tensor(NDArray([Int64(try call.input(0).count)], shape: []))] },
    "Reshape": reshape,
    "Flatten": { call in
      let x = try call.input(0)
      let axis = try call.int("axis", 1)
      let place = axis < 0 ? axis + x.rank : axis
      guard 0...x.rank ~= place else { throw TensorError.shape(call.name, "axis \(axis) is not an axis of \(x.shape)") }
      return [x.reshaped(to: [x.shape[..<place].reduce(1, *), x.shape[place...].reduce(1, *)])]
    },
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Transpose": { call in
      let x = try call.input(0)
      let axes = try call.attributeInts("perm") ?? x.shape.indices.reversed()
      guard axes.sorted() == Array(x.shape.indices) else {
        throw TensorError.shape(call.name, "\(axes) is not an order of the axes of \(x.shape)")
      }
      return [x.permuted(axes)]
    },
    "Concat": concatenate,
    "Split": split,
    "Slice": slice,
    "Expand": { call in
      let x = try call.input(0)
      let shape = try call.checked(Shape(try call.ints(1)))
      return [x.broadcast(to: try call.checked(try call.broadcast([x.shape, shape]), elementBytes: x.dtype.byteCount))]
    },
    "Tile": tile,
    "Pad": pad,
    "DepthToSpace": depthToSpace,
    "SpaceToDepth": spaceToDepth,
    "CenterCropPad": centerCropPad,
  ]

  private static let reshape: Function = { call in
    let x = try call.input(0)
    var extents = try call.ints(attribute: "shape", orInput: 1) ?? []
    if try !call.flag("allowzero") {
      for place in extents.indices where extents[place] == 0 {
        guard place < x.rank else { throw TensorError.shape(call.name, "\(x.shape) has no axis \(place) to copy") }
        extents[place] = x.shape[place]
      }
    }
    func error() -> TensorError { .shape(call.name, "\(x.shape) has \(x.count) elements, \(extents) does not") }
    if let unknown = extents.firstIndex(of: -1) {
      let known = try call.checked(Shape(extents.enumerated().map { $0.offset == unknown ? 1 : $0.element })).elementCount
      guard known > 0 ? x.count % known == 0 : x.count == 0 else { throw error() }
      extents[unknown] = known > 0 ? x.count / known : 0
    }
    guard extents.allSatisfy({ $0 >= 0 }), try call.product(extents) == x.count else { throw error() }
    return [x.reshaped(to: Shape(extents))]
  }

  private static let squeeze: Function = { call in
    let x = try call.input(0)
    let given = try call.ints(attribute: "axes", orInput: 1)
    let axes =
      try given.map { try x.shape.normalizedAxes($0, operation: call.name) } ?? x.shape.indices.filter { x.shape[$0] == 1 }
    guard axes.allSatisfy({ x.shape[$0] == 1 }) else {
      throw TensorError.shape(call.name, "axes \(axes) of \(x.shape) are not all of extent 1")
    }
    return [x.reshaped(to: x.shape.reducing(axes, keepingAxes: false))]
  }

  private static let unsqueeze: Function = { call in
    let x = try call.input(0)
    let given = try call.ints(attribute: "axes", orInput: 1) ?? []
    guard given.count <= 64 else { throw call.error("found \(given.count) new axes, expected a few") }
    let result = Shape(Array(repeating: 1, count: x.rank + given.count))
    let axes = try result.normalizedAxes(given, operation: call.name)
    var rest = x.shape.extents[...]
    return [x.reshaped(to: Shape(result.indices.map { axes.contains($0) ? 1 : rest.popFirst() ?? 1 }))]
  }

  private static let concatenate: Function = { call in
    let inputs = try call.inputs()
    // In scalars there is no axis, but exporters write such nodes for one input.
    if inputs.count == 1 { return inputs }
    let axis = try call.axis(try call.int("axis"), of: inputs[0].shape)
    var total = 0
    for input in inputs {
      let fits =
        input.rank == inputs[0].rank && input.dtype == inputs[0].dtype
        && input.shape.reducing([axis], keepingAxes: false) == inputs[0].shape.reducing([axis], keepingAxes: false)
      guard fits else {
        throw TensorError.shape(
          call.name, "\(input.dtype)\(input.shape) does not fit beside \(inputs[0].dtype)\(inputs[0].shape) along axis \(axis)")
      }
      total += input.shape[axis]
    }
    var shape = inputs[0].shape
    shape[axis] = total
    try call.checked(shape)
    return [concatenated(inputs, along: axis)]
  }

  /// Parts given one by one, or as many equal ones as there are outputs (the last smaller if need be).
  private static let split: Function = { call in
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis"), of: x.shape)
    var sizes = try call.ints(attribute: "split", orInput: 1) ?? []
    if sizes.isEmpty {
      let parts = try call.int("num_outputs", call.outputCount)
      guard parts >= 1, parts <= 1 << 16 else { throw call.error("found \(parts) parts, expected at least 1") }
      let size = (x.shape[axis] + parts - 1) / parts
      sizes = (0..<parts).map { max(0, min(size, x.shape[axis] - $0 * size)) }
    }
    guard sizes.allSatisfy({ 0...x.shape[axis] ~= $0 }), sizes.reduce(0, +) == x.shape[axis] else {
      throw TensorError.shape(call.name, "parts of \(sizes) do not fill axis \(axis) of \(x.shape)")
    }
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return x.sliced(axis, from: start, count: size)
    }
  }

  /// Places beyond the ends are moved to them, as in Python.
  private static let slice: Function = { call in
    var x = try call.input(0)
    let starts = try call.ints(attribute: "starts", orInput: 1) ?? []
    let ends = try call.ints(attribute: "ends", orInput: 2) ?? []
    let axes = try call.ints(attribute: "axes", orInput: 3) ?? Array(starts.indices)
    let steps = try call.optionalInts(4) ?? starts.map { _ in 1 }
    guard starts.count == ends.count, axes.count == starts.count, steps.count == starts.count, !steps.contains(0) else {
      throw call.error(
        "found starts \(starts), ends \(ends), axes \(axes), steps \(steps), expected as many of each and no step 0")
    }
    for (index, axis) in axes.enumerated() {
      let axis = try call.axis(axis, of: x.shape)
      let extent = x.shape[axis]
      // Bounded, so that no sum of these can overflow.
      let step = min(max(steps[index], -extent - 1), extent + 1)
      func place(_ value: Int) -> Int {
        let resolved = value < 0 ? max(value, -extent - 1) + extent : value
        return step > 0 ? min(max(resolved, 0), extent) : min(max(resolved, -1), extent - 1)
      }
      let (start, end) = (place(starts[index]), ends[index] < -extent ? (step > 0 ? 0 : -1) : place(ends[index]))
      let count = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step
      x = x.sliced(axis, from: start, count: max(0, count), by: step)
    }
    return [x]
  }

  private static let tile: Function = { call in
    var x = try call.input(0)
    let repeats = try call.ints(1)
    guard repeats.count == x.rank, repeats.allSatisfy({ $0 >= 0 }) else {
      throw call.error("found repeats \(repeats) for \(x.shape), expected one number ≥ 0 for each axis")
    }
    var shape = x.shape
    for (axis, count) in repeats.enumerated() {
      let (extent, overflows) = shape[axis].multipliedReportingOverflow(by: count)
      shape[axis] = overflows ? Int.max : extent
    }
    try call.checked(shape)
    for (axis, count) in repeats.enumerated() where count != 1 { x = x.tiled(count, along: axis) }
    return [x]
  }

  /// Negative paddings cut off.
  private static let pad: Function = { call in
    var x = try call.input(0)
    let mode = try call.string("mode", "constant")
    let given = try call.ints(attribute: "pads", orInput: 1) ?? []
    let axes = try call.optionalInts(3).map { try $0.map { try call.axis($0, of: x.shape) } } ?? Array(x.shape.indices)
    guard given.count == 2 * axes.count, given.allSatisfy({ abs($0 == .min ? .max : $0) <= OperatorCall.elementLimit }) else {
      throw call.error("found paddings \(given) for \(x.shape), expected two for each axis")
    }
    let value = try call.optionalNumber(2) ?? call.float("value", 0)
    for (index, axis) in axes.enumerated() {
      let (before, after) = (given[index], given[index + axes.count])
      if before != 0 || after != 0 { x = try padded(call, x, axis, before, after, mode, value) }
    }
    return [x]
  }

  private static func padded(
    _ call: OperatorCall, _ x: Tensor, _ axis: Int, _ before: Int, _ after: Int, _ mode: String, _ value: Double
  ) throws -> Tensor {
    let extent = x.shape[axis]
    var shape = x.shape
    shape[axis] = before + extent + after
    try call.checked(shape)
    if mode == "constant" {
      let cut = x.sliced(axis, from: min(max(0, -before), extent), count: max(0, extent + min(0, before) + min(0, after)))
      var (first, last) = (x.shape.map { _ in 0 }, x.shape.map { _ in 0 })
      (first[axis], last[axis]) = (max(0, before), shape[axis] - max(0, before) - cut.shape[axis])
      guard last[axis] >= 0 else {
        throw TensorError.shape(call.name, "\(before) and \(after) cut more off axis \(axis) than \(x.shape) has")
      }
      return cut.padded(before: first, after: last, .constant(value))
    }
    guard extent > 0 else { throw TensorError.shape(call.name, "axis \(axis) of \(x.shape) is empty and cannot be continued") }
    let period = max(1, 2 * (extent - 1))
    let places = try (-before..<max(-before, extent + after)).map { place in
      switch mode {
      case "edge": return min(max(place, 0), extent - 1)
      case "wrap": return (place % extent + extent) % extent
      case "reflect":
        let phase = (place % period + period) % period
        return phase < extent ? phase : period - phase
      default: throw call.error("found the padding mode '\(mode)', expected constant, reflect, edge or wrap")
      }
    }
    return x.gathering(places, along: axis)
  }

  private static let depthToSpace: Function = { call in
    let (x, block) = (try call.input(0), try call.int("blocksize"))
    guard x.rank == 4, 1...(1 << 15) ~= block, x.shape[1] % (block * block) == 0 else {
      throw TensorError.shape(call.name, "expected [N, C·\(block)², H, W], found \(x.shape)")
    }
    let (n, c, h, w) = (x.shape[0], x.shape[1] / (block * block), x.shape[2], x.shape[3])
    let parts: Tensor
    switch try call.string("mode", "DCR") {
    case "DCR": parts = x.reshaped(to: [n, block, block, c, h, w]).permuted([0, 3, 4, 1, 5, 2])
    case "CRD": parts = x.reshaped(to: [n, c, block, block, h, w]).permuted([0, 1, 4, 2, 5, 3])
    case let mode: throw call.error("found the mode '\(mode)', expected DCR or CRD")
    }
    return [parts.reshaped(to: [n, c, h * block, w * block])]
  }

  private static let spaceToDepth: Function = { call in
    let (x, block) = (try call.input(0), try call.int("blocksize"))
    guard x.rank == 4, 1...(1 << 15) ~= block, x.shape[2] % block == 0, x.shape[3] % block == 0 else {
      throw TensorError.shape(call.name, "expected [N, C, H, W] with sides that \(block) divides, found \(x.shape)")
    }
    let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2] / block, x.shape[3] / block)
    let parts = x.reshaped(to: [n, c, h, block, w, block])
    let order = try call.string("mode", "DCR") == "CRD" ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]
    return [parts.permuted(order).reshaped(to: [n, c * block * block, h, w])]
  }

  private static let centerCropPad: Function = { call in
    var x = try call.input(0)
    let sizes = try call.ints(1)
    let axes = try call.attributeInts("axes").map { try $0.map { try call.axis($0, of: x.shape) } } ?? Array(x.shape.indices)
    guard sizes.count == axes.count, sizes.allSatisfy({ 0...OperatorCall.elementLimit ~= $0 }) else {
      throw call.error("found sizes \(sizes), expected one for each of the axes \(axes)")
    }
    for (axis, size) in zip(axes, sizes) {
      let extent = x.shape[axis]
      if size < extent { x = x.sliced(axis, from: (extent - size) / 2, count: size) }
      let before = (size - extent) / 2
      if size > extent { x = try padded(call, x, axis, before, size - extent - before, "constant", 0) }
    }
    return [x]
  }
}

extension OperatorCall {
  /// The product of extents; `Int.max` for one that overflows.
  func product(_ extents: [Int]) throws(TensorError) -> Int {
    var total = 1
    for extent in extents {
      let (product, overflows) = total.multipliedReportingOverflow(by: extent)
      if overflows { return .max }
      total = product
    }
    return total
  }
}

extension Tensor {
  /// `count` elements from `start` on in steps of `step` (which may be negative) along `axis`; all of them must exist.
  func sliced(_ axis: Int, from start: Int, count: Int, by step: Int = 1) -> Tensor {
    if count == shape[axis], step == 1 { return self }
    if step >= 1 { return sliced(axis, from: start, to: start + Swift.max(0, (count - 1) * step + 1), by: step) }
    return gathering((0..<count).map { start + $0 * step }, along: axis)
  }
}
