import Autograd
import COneDNN

/// Averages are linear, and so they may be taken before a 1×1 convolution, which then has fewer places to work on: behind a block of
/// `WideModel` a quarter of them, behind the last one place, and in a transition of DenseNet a quarter.
extension PlanProgram {
  /// The same program with averages as early as they can be taken, those of averages in one, and those of GELU where it is computed.
  ///
  /// - Parameter isDifferentiable: whether each activation must keep a step that there is a way back through.
  func averagingEarly(isDifferentiable: Bool) -> PlanProgram {
    var result = self
    while let next = result.withOneAverageEarlier() ?? result.withOneAverageLess() { result = next }
    return isDifferentiable ? result : result.fusingActivationsIntoAverages()
  }

  /// An average over windows without padding.
  private struct Average {
    var kernel, stride: Size2D
    var kind: Kind { .pooling(OD_AVERAGE, kernel: kernel, stride: stride, padding: Size2D(0, 0)) }
    var isTiling: Bool { kernel == stride }
  }

  private func average(_ place: Int) -> Average? {
    guard case .pooling(let pooling, let kernel, let stride, let padding) = steps[place].kind, padding == Size2D(0, 0),
      pooling == OD_AVERAGE || pooling == OD_AVERAGE_WITHOUT_PADDING
    else { return nil }
    return Average(kernel: kernel, stride: stride)
  }

  /// The step that makes a value, if only the step at `place` reads it.
  private func producer(of value: Int, readOnlyBy place: Int) -> Int? {
    guard value > 0, value != output else { return nil }
    for other in steps.indices where other != place && steps[other].reads.contains(value) { return nil }
    return value - 1
  }

  private func withOneAverageEarlier() -> PlanProgram? {
    for place in steps.indices {
      let x = steps[place].x
      guard let average = average(place), let maker = producer(of: x, readOnlyBy: place),
        case .convolution(let convolution) = steps[maker].kind, convolution.isPointwise, convolution.activation == OD_LINEAR,
        2 * extents[place + 1].area <= extents[x].area
      else { continue }
      let source = steps[maker].x
      let operands = [source] + (convolution.added.map { [$0] } ?? [])
      // What a later sum has written over is gone.
      let isGone = steps[maker + 1..<place].contains { step in
        if case .convolution(let other) = step.kind, let added = other.added { return operands.contains(added) }
        return false
      }
      if isGone { continue }
      return rewritten(without: maker) { program, numbers, at in
        guard at == place else { return nil }
        let size = extents[place + 1]
        func averaged(_ value: Int) -> Int {
          program.append(
            Step(x: numbers[value], kind: average.kind),
            Extents(channels: extents[value].channels, height: size.height, width: size.width))
        }
        var later = convolution
        let from = averaged(source)
        later.added = convolution.added.map(averaged)
        return program.append(Step(x: from, kind: .convolution(later)), size)
      }
    }
    return nil
  }

  private func withOneAverageLess() -> PlanProgram? {
    for place in steps.indices {
      guard let second = average(place), let maker = producer(of: steps[place].x, readOnlyBy: place),
        let first = average(maker), first.isTiling
      else { continue }
      return rewritten(without: maker) { program, numbers, at in
        guard at == place else { return nil }
        let both = Average(
          kernel: Size2D(first.kernel.height * second.kernel.height, first.kernel.width * second.kernel.width),
          stride: Size2D(first.stride.height * second.stride.height, first.stride.width * second.stride.width))
        return program.append(Step(x: numbers[steps[maker].x], kind: both.kind), extents[place + 1])
      }
    }
    return nil
  }

  private func fusingActivationsIntoAverages() -> PlanProgram {
    var result = self
    for place in steps.indices {
      guard let average = average(place), average.isTiling || extents[place + 1].area == 1,
        let maker = producer(of: steps[place].x, readOnlyBy: place),
        case .convolution(var convolution) = steps[maker].kind, convolution.activation == OD_GELU
      else { continue }
      convolution.activation = OD_LINEAR
      result.steps[maker].kind = .convolution(convolution)
      result.steps[place].kind = .geluAverage(kernel: average.kernel, stride: average.stride)
    }
    return result
  }

  /// A copy whose steps are those of this one, but for the step at `left`, and for those that `replace` appends another for.
  ///
  /// - Parameter replace: given the copy so far, the new numbers of known values, and a place; the number of the value that takes the
  ///   place's, or `nil` to keep the step.
  private func rewritten(
    without left: Int, _ replace: (inout PlanProgram, _ numbers: [Int], _ place: Int) -> Int?
  ) -> PlanProgram {
    var program = PlanProgram(input: extents[0])
    var numbers = [0]
    for (place, step) in steps.enumerated() {
      if place == left {
        // Nobody asks for it.
        numbers.append(0)
      } else if let value = replace(&program, numbers, place) {
        numbers.append(value)
      } else {
        numbers.append(program.append(step.renumbered(numbers), extents[place + 1]))
      }
    }
    program.output = numbers[output]
    program.isFlat = isFlat
    return program
  }
}

extension PlanProgram.Extents {
  /// Places of a channel.
  var area: Int { height * width }
}

extension PlanProgram.Convolution {
  /// Whether each place of the result depends on the same place of the input alone.
  fileprivate var isPointwise: Bool {
    shape[2] == 1 && shape[3] == 1 && operation.stride == Size2D(1, 1) && operation.padding == Size2D(0, 0)
  }
}

extension PlanProgram.Step {
  /// The values that it reads.
  fileprivate var reads: [Int] {
    switch kind {
    case .convolution(let convolution): [x] + (convolution.added.map { [$0] } ?? [])
    case .sum(let other): [x, other]
    case .pooling, .geluAverage, .activation: [x]
    }
  }

  fileprivate func renumbered(_ numbers: [Int]) -> PlanProgram.Step {
    var result = self
    result.x = numbers[x]
    switch kind {
    case .convolution(var convolution):
      convolution.added = convolution.added.map { numbers[$0] }
      result.kind = .convolution(convolution)
    case .sum(let other): result.kind = .sum(numbers[other])
    case .pooling, .geluAverage, .activation: break
    }
    return result
  }
}
