import Autograd
import COneDNN

/// The adjoint of a convolution with constant weights, as a convolution.
enum ConvolutionAdjoint {
  /// None of about as much work is known.
  case none
  /// Of stride 1, for one of stride 1.
  case turned(PlanProgram.Convolution)
  /// For one of stride s: gives [s²·channels, ⌈H/s⌉, ⌈W/s⌉], channel (c·s + i)·s + j for rows i, i + s, … and columns j, j + s, … of c.
  case phases(PlanProgram.Convolution, stride: Int)
}

extension PlanProgram.Convolution {
  var adjoint: ConvolutionAdjoint {
    let (stride, padding, dilation) = (operation.stride, operation.padding, operation.dilation)
    guard operation.groups == 1, stride.height == stride.width else { return .none }
    if stride.height == 1 {
      let fits =
        max(shape[2], shape[3]) <= 3 && padding.height <= dilation.height * (shape[2] - 1)
        && padding.width <= dilation.width * (shape[3] - 1)
      return fits ? .turned(turned) : .none
    }
    let (rows, columns) = (Taps(self, axis: 2), Taps(self, axis: 3))
    let fits = dilation == Size2D(1, 1) && shape[1] * stride.height * stride.height <= 16 && rows.first <= 0 && columns.first <= 0
    return fits ? .phases(phases(rows, columns), stride: stride.height) : .none
  }

  /// wᵀ(i, o, p) = w(o, i, −p), without bias.
  private var turned: Self {
    let (outputs, inputs, area) = (shape[0], shape[1], shape[2] * shape[3])
    let (padding, dilation) = (operation.padding, operation.dilation)
    var result = empty([inputs, outputs, shape[2], shape[3]])
    for output in 0..<outputs {
      for input in 0..<inputs {
        for tap in 0..<area {
          result.weight[(input * outputs + output) * area + tap] = weight[(output * inputs + input) * area + area - 1 - tap]
        }
      }
    }
    result.operation = Networks.Convolution(
      padding: Size2D(dilation.height * (shape[2] - 1) - padding.height, dilation.width * (shape[3] - 1) - padding.width),
      dilation: dilation)
    return result
  }

  /// Along one axis, place s·a + i of the input meets tap i + padding − s·t of the kernel at place a + t of the result.
  private struct Taps {
    let kernel, stride, padding: Int
    /// Of t, over all i.
    let first, count: Int

    init(_ convolution: PlanProgram.Convolution, axis: Int) {
      let (stride, padding) = (convolution.operation.stride, convolution.operation.padding)
      kernel = convolution.shape[axis]
      (self.stride, self.padding) = axis == 2 ? (stride.height, padding.height) : (stride.width, padding.width)
      // Rounded up, whatever its sign.
      let least = self.padding - kernel + 1
      first = least >= 0 ? (least + self.stride - 1) / self.stride : -(-least / self.stride)
      count = (self.stride - 1 + self.padding) / self.stride - first + 1
    }

    /// The kernel's tap for phase i and the k-th t; `nil` where there is none.
    func tap(_ phase: Int, _ k: Int) -> Int? {
      let tap = phase + padding - stride * (first + k)
      return 0..<kernel ~= tap ? tap : nil
    }
  }

  private func phases(_ rows: Taps, _ columns: Taps) -> Self {
    let (outputs, inputs, stride) = (shape[0], shape[1], rows.stride)
    var result = empty([inputs * stride * stride, outputs, rows.count, columns.count])
    for channel in 0..<result.shape[0] {
      let (input, i, j) = (channel / (stride * stride), channel / stride % stride, channel % stride)
      for output in 0..<outputs {
        for (k, l) in (0..<rows.count * columns.count).map({ ($0 / columns.count, $0 % columns.count) }) {
          guard let row = rows.tap(i, k), let column = columns.tap(j, l) else { continue }
          result.weight[((channel * outputs + output) * rows.count + k) * columns.count + l] =
            weight[((output * inputs + input) * shape[2] + row) * shape[3] + column]
        }
      }
    }
    result.operation = Networks.Convolution(padding: Size2D(-rows.first, -columns.first))
    return result
  }

  /// A linear convolution of zeros.
  private func empty(_ shape: [Int]) -> Self {
    PlanProgram.Convolution(
      operation: Networks.Convolution(), shape: shape, weight: Array(repeating: 0, count: shape.reduce(1, *)),
      bias: Array(repeating: 0, count: shape[0]))
  }
}
