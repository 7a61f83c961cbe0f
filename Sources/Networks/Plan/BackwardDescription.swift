import Autograd
import COneDNN

/// The way back through a program: from the cotangent of its result to that of its input, told to oneDNN.
///
/// Weights are constants, so a convolution is linear, and its adjoint is a convolution again: with the kernel turned round and its
/// channels exchanged, as long as its stride is 1. One of stride s from few channels, as networks begin with, becomes one of stride 1
/// that gives the cotangents at every s-th place as channels of their own: alone they would leave most of a vector empty.
struct BackwardDescription {
  let handle: PlanHandle
  private let program: PlanProgram
  private let batch: Int
  private let forward: ForwardDescription
  /// The cotangent of each value of the program, as far as it is known.
  private var cotangents: [Int: Int32] = [:]
  /// For each convolution that was added: the step of the program that has it.
  private var convolutions: [Int] = []

  /// `nil` where oneDNN has no fast kernel for a step on this processor.
  init?(_ program: PlanProgram, batch: Int, _ strides: ForwardDescription.Strides, forward: ForwardDescription) {
    guard let handle = PlanHandle() else { return nil }
    (self.handle, self.program, self.batch, self.forward) = (handle, program, batch, forward)
    cotangents[program.output] = od_plan_input(handle.plan, program.extents[program.output].shape(batch), Int64(strides.output))
    for place in program.steps.indices.reversed() {
      guard let g = cotangents.removeValue(forKey: place + 1) else { continue }
      guard g >= 0, addStep(place, g) else { return nil }
    }
    guard let result = cotangents[0], result >= 0, od_plan_finish(handle.plan, result, Int64(strides.input)) == 0 else {
      return nil
    }
  }

  private mutating func addStep(_ place: Int, _ g: Int32) -> Bool {
    let step = program.steps[place]
    switch step.kind {
    case .convolution(let convolution):
      let g = masked(g, place, convolution.activation)
      guard g >= 0 else { return false }
      if let added = convolution.added, !accumulate(g, at: added) { return false }
      return addConvolution(convolution, place, g)
    case .pooling(let pooling, _, _, _):
      guard var window = program.window(place) else { return false }
      return accumulate(
        od_plan_pooling_gradient(handle.plan, g, pooling, &window, forward.handle.plan, forward.kept[place]), at: step.x)
    case .geluAverage: return false
    case .sum(let other):
      // Each of its own, for what follows may be written where it stands.
      return accumulate(od_plan_copy(handle.plan, g), at: other) && accumulate(g, at: step.x)
    case .activation(let activation): return accumulate(masked(g, place, activation), at: step.x)
    }
  }

  private func masked(_ g: Int32, _ place: Int, _ activation: od_activation) -> Int32 {
    activation == OD_LINEAR ? g : od_plan_mask(handle.plan, g, forward.handle.plan, forward.kept[place])
  }

  private mutating func accumulate(_ g: Int32, at value: Int) -> Bool {
    guard g >= 0 else { return false }
    let sum = cotangents[value].map { od_plan_sum(handle.plan, $0, g) } ?? g
    cotangents[value] = sum
    return sum >= 0
  }

  private mutating func addConvolution(_ convolution: PlanProgram.Convolution, _ place: Int, _ g: Int32) -> Bool {
    let x = program.steps[place].x
    let (from, to) = (program.extents[x], program.extents[place + 1])
    convolutions.append(place)
    switch convolution.adjoint {
    case .none:
      var shape = convolution.shape(batch, from, to)
      return accumulate(od_plan_convolution_gradient(handle.plan, g, &shape), at: x)
    case .turned(let turned):
      var shape = turned.shape(batch, to, from)
      // What is known of x's cotangent already is added while this one is written; but never to what the caller gave.
      if let known = cotangents[x], known > 0, known != g {
        cotangents[x] = od_plan_convolution(handle.plan, g, &shape, known, OD_LINEAR)
        return cotangents[x].map { $0 >= 0 } ?? false
      }
      return accumulate(od_plan_convolution(handle.plan, g, &shape, -1, OD_LINEAR), at: x)
    case .phases(let phases, let stride):
      let parts = PlanProgram.Extents(
        channels: phases.shape[0], height: (from.height + stride - 1) / stride, width: (from.width + stride - 1) / stride)
      var shape = phases.shape(batch, to, parts)
      let y = od_plan_convolution(handle.plan, g, &shape, -1, OD_LINEAR)
      return accumulate(od_plan_interleave(handle.plan, y, from.shape(batch)), at: x)
    }
  }

  /// What the convolutions of this description multiply with, taken from a program of the same shapes.
  func weights(of program: PlanProgram) -> [PlanWeight] {
    convolutions.compactMap { place in
      guard case .convolution(let convolution) = program.steps[place].kind else { return nil }
      return switch convolution.adjoint {
      case .none: PlanWeight(values: convolution.weight, bias: convolution.bias)
      case .turned(let other), .phases(let other, _): PlanWeight(values: other.weight, bias: other.bias)
      }
    }
  }
}
