/// A program made ready for a number of pictures at a time: the way forward and, if gradients are wanted, the way back.
final class PlanEngine: Sendable {
  /// Pictures of one run.
  let batch: Int
  private let forward: PlanKernel
  private let backward: PlanKernel?

  /// Bytes that one run keeps for the way back.
  var keptBytes: Int { backward == nil ? 0 : forward.keptBytes }

  /// - Parameters:
  ///   - programs: of the groups, which differ in their weights alone.
  ///   - batch: pictures of one run.
  ///   - strides: elements from one picture to the next, in the input and in the result.
  ///   - keeps: whether there is a way back.
  /// `nil` where oneDNN has no fast kernel for a step on this processor, or the program has no way back.
  init?(_ programs: [PlanProgram], batch: Int, strides: ForwardDescription.Strides, keeps: Bool) {
    guard let first = programs.first,
      let description = ForwardDescription(first, batch: batch, strides, keeps: keeps),
      let forward = PlanKernel(description.handle, weights: programs.map(\.weights))
    else { return nil }
    (self.batch, self.forward) = (batch, forward)
    guard keeps else {
      backward = nil
      return
    }
    guard let back = BackwardDescription(first, batch: batch, strides, forward: description),
      let kernel = PlanKernel(back.handle, weights: programs.map { back.weights(of: $0) })
    else { return nil }
    backward = kernel
  }

  /// Runs one group on ``batch`` pictures. Whether it worked.
  func run(
    group: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, kept: UnsafeMutableRawPointer?
  ) -> Bool {
    forward.run(group: group, x, y, kept: kept)
  }

  /// From the cotangent `g` of the result to that of the input, with what ``run(group:_:_:kept:)`` kept.
  func runBack(
    group: Int, _ g: UnsafePointer<Float>, _ x: UnsafeMutablePointer<Float>, kept: UnsafeMutableRawPointer
  ) -> Bool {
    backward?.run(group: group, g, x, kept: kept) ?? false
  }
}
