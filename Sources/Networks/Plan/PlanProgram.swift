import Autograd
import COneDNN

/// A network as the inference plan runs it: few, large steps on numbered values, for pictures of one size.
struct PlanProgram {
  struct Extents: Equatable {
    var channels, height, width: Int
  }

  struct Convolution {
    var operation: Networks.Convolution
    /// [out, in/groups, kh, kw].
    var shape: [Int]
    var weight: [Float]
    var bias: [Float]
    /// The value that is added, and gone afterwards.
    var added: Int?
    var activation = OD_LINEAR
  }

  enum Kind {
    case convolution(Convolution)
    case pooling(od_pooling, kernel: Size2D, stride: Size2D, padding: Size2D)
    /// The average of gelu(x) over windows without padding.
    case geluAverage(kernel: Size2D, stride: Size2D)
    case sum(Int)
    case activation(od_activation)
  }

  /// Makes the value of the next number from value `x`. Value 0 is the input.
  struct Step {
    var x: Int
    var kind: Kind
  }

  var steps: [Step] = []
  /// Of each value.
  var extents: [Extents]
  var output = 0
  /// Whether the result is [N, features].
  var isFlat = false

  init(input: Extents) { extents = [input] }

  mutating func append(_ step: Step, _ result: Extents) -> Int {
    steps.append(step)
    extents.append(result)
    return extents.count - 1
  }

  /// How many networks that never meet this is: the groups of all convolutions, if they are the same and each is wide enough to fill
  /// a vector. One after another they stay in the cache, where all at once they would not.
  var independentGroups: Int {
    var groups: Int?
    for case .convolution(let convolution) in steps.map(\.kind) {
      let own = convolution.operation.groups
      guard own == groups ?? own, convolution.shape[0] / own >= 16 else { return 1 }
      groups = own
    }
    guard let groups, extents.allSatisfy({ $0.channels % groups == 0 }) else { return 1 }
    return groups
  }

  /// One of the networks that never meet.
  func group(_ index: Int, of count: Int) -> PlanProgram {
    if count == 1 { return self }
    var part = self
    part.extents = extents.map { Extents(channels: $0.channels / count, height: $0.height, width: $0.width) }
    for place in steps.indices {
      guard case .convolution(var convolution) = steps[place].kind else { continue }
      let outputs = convolution.shape[0] / count
      let taps = convolution.shape.dropFirst().reduce(1, *)
      convolution.shape[0] = outputs
      convolution.weight = Array(convolution.weight[index * outputs * taps..<(index + 1) * outputs * taps])
      convolution.bias = Array(convolution.bias[index * outputs..<(index + 1) * outputs])
      let whole = convolution.operation
      convolution.operation = Networks.Convolution(
        stride: whole.stride, padding: whole.padding, dilation: whole.dilation, groups: 1)
      part.steps[place].kind = .convolution(convolution)
    }
    return part
  }
}
