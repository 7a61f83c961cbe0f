import Autograd
import COneDNN

/// The steps of a program, told to oneDNN.
struct ForwardDescription {
  let handle: PlanHandle
  /// Under what number each step keeps what its gradient needs; −1: nothing.
  private(set) var kept: [Int32] = []

  /// Of one picture after another, in the input and in the result.
  typealias Strides = (input: Int, output: Int)

  /// - Parameter keeps: whether a gradient will be asked for.
  /// `nil` where oneDNN has no fast kernel for a step on this processor, or a gradient would need what cannot be kept.
  init?(_ program: PlanProgram, batch: Int, _ strides: Strides, keeps: Bool) {
    guard let handle = PlanHandle() else { return nil }
    self.handle = handle
    var numbers = [od_plan_input(handle.plan, program.extents[0].shape(batch), Int64(strides.input))]
    for (place, step) in program.steps.enumerated() {
      guard numbers[step.x] >= 0 else { return nil }
      kept.append(-1)
      numbers.append(add(step, program.window(place), batch, program.extents[step.x], program.extents[place + 1], numbers, keeps))
    }
    guard let last = numbers.last, last >= 0 else { return nil }
    if od_plan_finish(handle.plan, numbers[program.output], Int64(strides.output)) != 0 { return nil }
  }

  private mutating func add(
    _ step: PlanProgram.Step, _ window: od_window?, _ batch: Int, _ from: PlanProgram.Extents, _ to: PlanProgram.Extents,
    _ numbers: [Int32], _ keeps: Bool
  ) -> Int32 {
    let x = numbers[step.x]
    switch step.kind {
    case .convolution(let convolution):
      var shape = convolution.shape(batch, from, to)
      let y = od_plan_convolution(
        handle.plan, x, &shape, convolution.added.map { numbers[$0] } ?? -1, convolution.activation)
      return keeps ? keeping(y, convolution.activation) : y
    case .pooling(let pooling, _, _, _):
      guard var window else { return -1 }
      if !keeps { return od_plan_pooling(handle.plan, x, pooling, &window, nil) }
      return od_plan_pooling(handle.plan, x, pooling, &window, &kept[kept.count - 1])
    case .geluAverage:
      guard var window, !keeps else { return -1 }
      let y = od_plan_gelu_average(handle.plan, x, &window)
      if y >= 0 { return y }
      return od_plan_pooling(handle.plan, od_plan_activation(handle.plan, x, OD_GELU), OD_AVERAGE, &window, nil)
    case .sum(let other): return od_plan_sum(handle.plan, x, numbers[other])
    case .activation(let activation):
      let y = od_plan_activation(handle.plan, x, activation)
      return keeps ? keeping(y, activation) : y
    }
  }

  /// Only what is 0 or linear has a derivative that its result tells.
  private mutating func keeping(_ y: Int32, _ activation: od_activation) -> Int32 {
    switch activation {
    case OD_LINEAR: y
    case OD_RELU: od_plan_keep_signs(handle.plan, y, &kept[kept.count - 1])
    default: -1
    }
  }
}

extension PlanProgram {
  /// The window of a step that pools.
  func window(_ place: Int) -> od_window? {
    let (kernel, stride, padding): (Size2D, Size2D, Size2D)
    switch steps[place].kind {
    case .pooling(_, let size, let step, let border): (kernel, stride, padding) = (size, step, border)
    case .geluAverage(let size, let step): (kernel, stride, padding) = (size, step, Size2D(0, 0))
    default: return nil
    }
    let (from, to) = (extents[steps[place].x], extents[place + 1])
    return od_window(
      input: (Int64(from.height), Int64(from.width)), output: (Int64(to.height), Int64(to.width)), kernel: kernel.pair64,
      stride: stride.pair64, padding: padding.pair64)
  }

  /// What the convolutions multiply with, in order.
  var weights: [PlanWeight] {
    steps.compactMap { step in
      guard case .convolution(let convolution) = step.kind else { return nil }
      return PlanWeight(values: convolution.weight, bias: convolution.bias)
    }
  }
}

extension PlanProgram.Extents {
  func shape(_ batch: Int) -> [Int64] { [batch, channels, height, width].map(Int64.init) }
}

extension PlanProgram.Convolution {
  /// For a number of pictures, from extents to extents.
  func shape(_ batch: Int, _ from: PlanProgram.Extents, _ to: PlanProgram.Extents) -> od_shape {
    var result = od_shape()
    result.batch = Int64(batch)
    result.groups = Int64(operation.groups)
    (result.inputs, result.outputs) = (Int64(from.channels), Int64(to.channels))
    (result.input, result.output) = ((Int64(from.height), Int64(from.width)), (Int64(to.height), Int64(to.width)))
    result.kernel = (Int64(shape[2]), Int64(shape[3]))
    result.stride = operation.stride.pair64
    result.padding = operation.padding.pair64
    result.dilation = operation.dilation.pair64
    return result
  }
}

extension Size2D {
  var pair64: (Int64, Int64) { (Int64(height), Int64(width)) }
}
