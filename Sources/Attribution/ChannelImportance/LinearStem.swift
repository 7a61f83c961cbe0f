import CKernels
import Networks

/// The linear beginning of a network: the convolution that alone reads the input and, where that alone reads it, the batch
/// normalisation behind it, as one. What a channel contributes is subtracted from what the beginning gives.
struct LinearStem: Sendable {
  /// The network up to the end of the beginning.
  let head: Network
  /// What follows, from ``activated(_:)`` on.
  let tail: Network
  /// With the normalisation's factors in its weights.
  private let convolution: InputConvolution
  /// Whether the positive part alone of what the beginning gives is read: it is then taken where a channel is subtracted.
  private let isRectified: Bool

  /// `nil` if the network begins otherwise, or ends there.
  init?(_ network: Network) throws(NetworkError) {
    guard var convolution = InputConvolution(network) else { return nil }
    func isOutput(_ name: String) -> Bool { network.outputs.contains { $0.value.source == name } }
    var end = convolution.layer.name
    var beginning: Set<String> = [end]
    if let found = convolution.normalization(in: network), !isOutput(end), !isOutput(found.layer.name) {
      convolution = convolution.scaled(by: found.factors)
      end = found.layer.name
      beginning.insert(end)
    }
    head = try network.withOutputs([end])
    let readers = network.layers.filter { $0.inputs.contains(ValueReference(end)) }
    isRectified =
      readers.count == 1 && !isOutput(end) && !isOutput(readers[0].name)
      && (readers[0].operation as? Activation)?.function == .relu
    if isRectified {
      end = readers[0].name
      beginning.insert(end)
    }
    let rest = network.layers.filter { !beginning.contains($0.name) }
    if rest.isEmpty { return nil }
    self.convolution = convolution
    tail = try Network(inputs: [NetworkInput(end, shape: nil)], layers: rest, outputs: network.outputs)
  }

  /// What ``tail`` reads where the beginning gives `y`.
  func activated(_ y: Tensor) -> Tensor { isRectified ? relu(y) : y }

  /// What ``tail`` reads if a difference is taken from a channel of an input for which the beginning gave `y`.
  ///
  /// - Parameters:
  ///   - difference: [cells, 1, rows, columns].
  ///   - channel: of the input.
  ///   - y: [cells, outputs, rows, columns].
  func subtracting(_ difference: Tensor, of channel: Int, from y: Tensor) throws(NetworkError) -> Tensor {
    if let result = fused(difference, channel, y) { return result }
    let contribution = try convolution.contribution(difference, of: channel)
    let range = convolution.outputs(of: channel)
    if range.count == y.shape[1] { return activated(y - contribution) }
    let part = y.sliced(1, from: range.lowerBound, to: range.upperBound) - contribution
    let pieces = [y.sliced(1, from: 0, to: range.lowerBound), part, y.sliced(1, from: range.upperBound, to: y.shape[1])]
    return activated(concatenated(pieces.filter { $0.count > 0 }, along: 1))
  }

  /// The same for the usual stem in one go: `y` is read and the result written once, and nothing between them.
  /// `nil` for float64, strides, and stems of groups.
  private func fused(_ difference: Tensor, _ channel: Int, _ y: Tensor) -> Tensor? {
    let operation = convolution.operation
    let (kernel, one) = (convolution.kernel(of: channel).value, Size2D(1, 1))
    guard y.dtype == .float32, operation.stride == one, operation.dilation == one, kernel.shape[0] == y.shape[1],
      min(operation.padding.height, operation.padding.width, operation.paddingAfter.height, operation.paddingAfter.width) >= 0
    else { return nil }
    let plane = difference.padded(
      before: [0, 0, operation.padding.height, operation.padding.width],
      after: [0, 0, operation.paddingAfter.height, operation.paddingAfter.width]
    ).value
    let (cells, outputs, rows, columns) = (y.shape[0], y.shape[1], y.shape[2], y.shape[3])
    let taps = (rows: kernel.shape[2], columns: kernel.shape[3])
    guard plane.shape == [cells, 1, rows + taps.rows - 1, columns + taps.columns - 1] else { return nil }
    let (area, border) = (outputs * rows * columns, plane.shape[2] * plane.shape[3])
    let result = NDArray.building(y.shape, as: Float.self) { output in
      y.value.withUnsafeBufferPointer(as: Float.self) { before in
        plane.withUnsafeBufferPointer(as: Float.self) { difference in
          kernel.withUnsafeBufferPointer(as: Float.self) { kernel in
            guard let to = output.baseAddress, let from = before.baseAddress, let d = difference.baseAddress,
              let k = kernel.baseAddress
            else { return }
            let target = UncheckedSendable((to: to, from: from, d: d, k: k))
            Parallel.forEach(cells) { cell in
              let (to, from, d, k) = target.value
              ck_subtract_channel_f32(
                d + cell * border, k, from + cell * area, to + cell * area, outputs, rows, columns, taps.rows, taps.columns,
                isRectified ? 1 : 0)
            }
          }
        }
      }
    }
    return Tensor(result)
  }
}
