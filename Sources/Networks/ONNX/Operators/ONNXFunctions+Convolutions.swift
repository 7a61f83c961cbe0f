import Autograd
import TensorCore

extension ONNXFunctions {
  static let convolutions: [String: Function] = ["Conv": convolution, "ConvTranspose": transposedConvolution]

  /// Of one, two or three axes of positions.
  private static let convolution: Function = { call in
    let (x, weight, bias) = (try call.floating(0), try call.floating(1), call.optional(2))
    let groups = try call.int("group", 1)
    guard weight.rank == x.rank, x.rank >= 3, weight.dtype == x.dtype,
      bias.map({ $0.shape == [weight.shape[0]] && $0.dtype == x.dtype }) ?? true
    else { throw misfit(call, x, weight) }
    let window = try OperatorWindow(call, x.shape, kernel: Array(weight.shape.dropFirst(2)))
    try call.checked(Shape([x.shape[0], weight.shape[0]] + window.outputs))
    let padded = try window.padded(call, x, filling: 0)
    let y: Tensor
    switch x.rank {
    case 3:
      y = try plane(
        call, padded.expanded(at: 2), weight.expanded(at: 2), (1, window.strides[0]), (1, window.dilations[0]), groups
      ).squeezed(2)
    case 4:
      y = try plane(
        call, padded, weight, (window.strides[0], window.strides[1]), (window.dilations[0], window.dilations[1]), groups)
    default: y = try volume(call, padded, weight, window, groups)
    }
    guard let bias else { return [y] }
    return [y + bias.reshaped(to: Shape([bias.count] + window.outputs.map { _ in 1 }))]
  }

  private static func plane(
    _ call: OperatorCall, _ x: Tensor, _ weight: Tensor, _ stride: (Int, Int), _ dilation: (Int, Int), _ groups: Int
  ) throws -> Tensor {
    _ = try Convolution2DShape(
      input: x.shape, weight: weight.shape, stride: Size2D(stride), padding: Size2D(0, 0), dilation: Size2D(dilation),
      groups: groups, operation: call.name)
    return conv2d(x, weight, stride: stride, dilation: dilation, groups: groups)
  }

  /// The sum over the kernel's depth of convolutions of planes.
  private static func volume(
    _ call: OperatorCall, _ x: Tensor, _ weight: Tensor, _ window: OperatorWindow, _ groups: Int
  ) throws -> Tensor {
    let (n, depth) = (x.shape[0], window.outputs[0])
    var sum: Tensor?
    for tap in 0..<window.kernel[0] {
      let layers = x.sliced(2, from: tap * window.dilations[0], count: depth, by: window.strides[0])
      let planes = layers.permuted([0, 2, 1, 3, 4]).reshaped(to: [n * depth, x.shape[1], x.shape[3], x.shape[4]])
      let y = try plane(
        call, planes, weight.sliced(2, from: tap, count: 1).squeezed(2), (window.strides[1], window.strides[2]),
        (window.dilations[1], window.dilations[2]), groups)
      sum = sum.map { $0 + y } ?? y
    }
    guard let sum else { throw misfit(call, x, weight) }
    return sum.reshaped(to: [n, depth, weight.shape[0], sum.shape[2], sum.shape[3]]).permuted([0, 2, 1, 3, 4])
  }

  /// Computed whole, then cut: so paddings may differ at the two ends, and the output may be larger than what any input reaches.
  private static let transposedConvolution: Function = { call in
    var (x, weight) = (try call.floating(0), try call.floating(1))
    let groups = try call.int("group", 1)
    let positions = x.rank - 2
    guard (1...2).contains(positions), weight.rank == x.rank, weight.dtype == x.dtype, 1...max(1, x.shape[1]) ~= groups,
      x.shape[1] == weight.shape[0],
      x.shape[1] % groups == 0, x.shape[2...].allSatisfy({ $0 > 0 }), weight.shape[1...].allSatisfy({ $0 > 0 })
    else { throw misfit(call, x, weight) }
    let cut = try TransposedCut(call, x.shape, weight.shape)
    try call.checked(Shape([x.shape[0], weight.shape[1] * groups] + cut.whole))
    let isLine = positions == 1
    if isLine { (x, weight) = (x.expanded(at: 2), weight.expanded(at: 2)) }
    let stride = isLine ? (1, cut.strides[0]) : (cut.strides[0], cut.strides[1])
    let dilation = isLine ? (1, cut.dilations[0]) : (cut.dilations[0], cut.dilations[1])
    var y = convTranspose2d(x, weight, stride: stride, dilation: dilation, groups: groups)
    if isLine { y = y.squeezed(2) }
    for axis in 0..<positions {
      let missing = max(0, cut.start[axis] + cut.size[axis] - y.shape[axis + 2])
      if missing > 0 {
        y = y.padded(before: y.shape.map { _ in 0 }, after: y.shape.indices.map { $0 == axis + 2 ? missing : 0 })
      }
      y = y.sliced(axis + 2, from: cut.start[axis], count: cut.size[axis])
    }
    guard let bias = call.optional(2) else { return [y] }
    guard bias.shape == [y.shape[1]], bias.dtype == y.dtype else {
      throw TensorError.shape(call.name, "the bias \(bias.shape) does not fit \(y.shape)")
    }
    return [y + bias.reshaped(to: Shape([bias.count] + cut.size.map { _ in 1 }))]
  }

  private static func misfit(_ call: OperatorCall, _ x: Tensor, _ weight: Tensor) -> TensorError {
    .shape(call.name, "the weight \(weight.dtype)\(weight.shape) and its bias do not fit the input \(x.dtype)\(x.shape)")
  }
}

/// Which part of the whole transposed convolution is the result.
private struct TransposedCut {
  let strides: [Int]
  let dilations: [Int]
  /// Extents that all inputs reach together.
  var whole: [Int] = []
  var start: [Int] = []
  var size: [Int] = []

  init(_ call: OperatorCall, _ input: Shape, _ weight: Shape) throws(TensorError) {
    let positions = input.rank - 2
    func attribute(_ key: String, _ standard: Int, _ count: Int, from least: Int) throws(TensorError) -> [Int] {
      let values = try call.attributeInts(key) ?? Array(repeating: standard, count: count)
      guard values.count == count, values.allSatisfy({ least...(1 << 24) ~= $0 }) else {
        throw call.error("found \(key) \(values), expected \(count) numbers from \(least) on")
      }
      return values
    }
    strides = try attribute("strides", 1, positions, from: 1)
    dilations = try attribute("dilations", 1, positions, from: 1)
    let added = try attribute("output_padding", 0, positions, from: 0)
    let pads = try attribute("pads", 0, 2 * positions, from: 0)
    let wanted = try call.attributeInts("output_shape").map { Array($0.suffix(positions)) }
    let mode = try call.string("auto_pad", "NOTSET")
    for axis in 0..<positions {
      let reach = (input[axis + 2] - 1) * strides[axis] + (weight[axis + 2] - 1) * dilations[axis] + 1
      whole.append(reach)
      var (before, after) = (pads[axis], pads[axis + positions])
      let isSame = mode == "SAME_UPPER" || mode == "SAME_LOWER"
      if isSame || wanted != nil {
        let target = wanted.map { $0.count == positions ? $0[axis] : -1 } ?? input[axis + 2] * strides[axis]
        let total = reach + added[axis] - target
        before = mode == "SAME_UPPER" ? total / 2 : total - total / 2
        after = total - before
        if total < 0 { (before, after) = (0, total) }
      }
      let extent = reach + added[axis] - before - after
      guard extent > 0, before >= 0, before < reach, extent <= OperatorCall.elementLimit else {
        throw .shape(call.name, "paddings \(pads) leave \(extent) of \(reach) positions along axis \(axis + 2)")
      }
      start.append(before)
      size.append(extent)
    }
  }
}
