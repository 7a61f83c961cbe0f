import Autograd
import COneDNN
import Synchronization

/// A plan of oneDNN, which is gone with its last owner.
final class PlanHandle: @unchecked Sendable {
  let plan: OpaquePointer
  init?() {
    guard let plan = od_plan_create() else { return nil }
    self.plan = plan
  }
  deinit { od_plan_destroy(plan) }
}

/// A finished plan with the packed weights of every group, and the memory that its runs need.
final class PlanKernel: @unchecked Sendable {
  private let handle: PlanHandle
  /// The packed weights of each group, one after another.
  private let packed: UnsafeMutableRawPointer
  private let packedBytes: Int
  /// Memory that no run is using.
  private let free = Mutex<[UncheckedSendable<UnsafeMutableRawPointer>]>([])

  /// Of what one run keeps, a multiple of 64.
  var keptBytes: Int { od_plan_kept_bytes(handle.plan) }

  /// - Parameter weights: of each group, in the order in which the plan's convolutions were added.
  init?(_ handle: PlanHandle, weights: [[PlanWeight]]) {
    self.handle = handle
    packedBytes = (od_plan_packed_bytes(handle.plan) + 63) / 64 * 64
    packed = .allocate(byteCount: packedBytes * weights.count, alignment: 64)
    for (group, all) in weights.enumerated() {
      for (index, weight) in all.enumerated() {
        let place = packed + group * packedBytes
        if od_plan_pack(handle.plan, Int32(index), weight.values, weight.bias, place) != 0 { return nil }
      }
    }
  }

  deinit {
    free.withLock { memory in for block in memory { block.value.deallocate() } }
    packed.deallocate()
  }

  /// Runs one group. Whether it worked.
  func run(
    group: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, kept: UnsafeMutableRawPointer?
  ) -> Bool {
    let memory =
      free.withLock { $0.popLast() }
      ?? UncheckedSendable(.allocate(byteCount: od_plan_memory_bytes(handle.plan), alignment: 64))
    defer { free.withLock { $0.append(memory) } }
    return od_plan_run(handle.plan, x, packed + group * packedBytes, y, memory.value, kept) == 0
  }
}

/// What a convolution of a plan multiplies with and adds, in the plain layout.
struct PlanWeight {
  /// [out, in/groups, kh, kw].
  var values: [Float]
  var bias: [Float]
}
