import Autograd
import COneDNN
import Synchronization

/// A program made ready for a number of pictures at a time: kernels, layouts, and the memory that a run needs.
final class PlanEngine: @unchecked Sendable {
  /// Pictures of one run.
  let batch: Int
  private let plan: OpaquePointer
  /// The packed weights of each group, one after another.
  private let packed: UnsafeMutableRawPointer
  private let packedBytes: Int
  /// Memory that no run is using.
  private let free = Mutex<[UncheckedSendable<UnsafeMutableRawPointer>]>([])

  /// - Parameters:
  ///   - programs: of the groups, which differ in their weights alone.
  ///   - batch: pictures of one run.
  ///   - imageStrides: elements from one picture to the next, in the input and in the result.
  /// `nil` where oneDNN has no fast kernel for a step on this processor.
  init?(_ programs: [PlanProgram], batch: Int, imageStrides: (input: Int, output: Int)) {
    guard let first = programs.first, let plan = od_plan_create() else { return nil }
    self.batch = batch
    self.plan = plan
    guard Self.describe(first, batch, imageStrides, plan) else {
      od_plan_destroy(plan)
      return nil
    }
    packedBytes = (od_plan_packed_bytes(plan) + 63) / 64 * 64
    packed = .allocate(byteCount: packedBytes * programs.count, alignment: 64)
    for (group, program) in programs.enumerated() {
      var index: Int32 = 0
      for case .convolution(let convolution) in program.steps.map(\.kind) {
        if od_plan_pack(plan, index, convolution.weight, convolution.bias, packed + group * packedBytes) != 0 {
          packed.deallocate()
          od_plan_destroy(plan)
          return nil
        }
        index += 1
      }
    }
  }

  deinit {
    free.withLock { memory in for block in memory { block.value.deallocate() } }
    packed.deallocate()
    od_plan_destroy(plan)
  }

  private static func describe(
    _ program: PlanProgram, _ batch: Int, _ strides: (input: Int, output: Int), _ plan: OpaquePointer
  ) -> Bool {
    let input = program.extents[0]
    var numbers = [
      od_plan_input(
        plan, [batch, input.channels, input.height, input.width].map(Int64.init), Int64(strides.input))
    ]
    guard numbers[0] >= 0 else { return false }
    for (place, step) in program.steps.enumerated() {
      let (from, to) = (program.extents[step.x], program.extents[place + 1])
      let number: Int32
      switch step.kind {
      case .convolution(let convolution):
        var shape = Self.shape(convolution, batch, from, to)
        number = od_plan_convolution(
          plan, numbers[step.x], &shape, convolution.added.map { numbers[$0] } ?? -1, convolution.activation)
      case .pooling(let pooling, let kernel, let stride, let padding):
        number = od_plan_pooling(
          plan, numbers[step.x], pooling, kernel.pair64, stride.pair64, padding.pair64, [Int64(to.height), Int64(to.width)])
      case .sum(let other): number = od_plan_sum(plan, numbers[step.x], numbers[other])
      case .activation(let activation): number = od_plan_activation(plan, numbers[step.x], activation)
      }
      guard number >= 0 else { return false }
      numbers.append(number)
    }
    return od_plan_finish(plan, numbers[program.output], Int64(strides.output)) == 0
  }

  private static func shape(
    _ convolution: PlanProgram.Convolution, _ batch: Int, _ from: PlanProgram.Extents, _ to: PlanProgram.Extents
  ) -> od_shape {
    let operation = convolution.operation
    func pair(_ size: Size2D) -> (Int64, Int64) { (Int64(size.height), Int64(size.width)) }
    var shape = od_shape()
    shape.batch = Int64(batch)
    shape.groups = Int64(operation.groups)
    shape.inputs = Int64(from.channels)
    shape.outputs = Int64(to.channels)
    shape.input = (Int64(from.height), Int64(from.width))
    shape.output = (Int64(to.height), Int64(to.width))
    shape.kernel = (Int64(convolution.shape[2]), Int64(convolution.shape[3]))
    shape.stride = pair(operation.stride)
    shape.padding = pair(operation.padding)
    shape.dilation = pair(operation.dilation)
    return shape
  }

  /// Runs one group on ``batch`` pictures. Whether it worked.
  func run(group: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) -> Bool {
    let memory =
      free.withLock { $0.popLast() }
      ?? UncheckedSendable(.allocate(byteCount: od_plan_memory_bytes(plan), alignment: 64))
    defer { free.withLock { $0.append(memory) } }
    return od_plan_run(plan, x, packed + group * packedBytes, y, memory.value) == 0
  }
}

extension Size2D {
  fileprivate var pair64: [Int64] { [Int64(height), Int64(width)] }
}
