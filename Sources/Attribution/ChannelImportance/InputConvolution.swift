import Networks

/// The convolution that alone reads a network's input: linear, so that the contribution of each channel can be told apart.
struct InputConvolution: Sendable {
  let layer: Layer
  let operation: Convolution
  /// [outputs, channels of a group, rows, columns].
  let weight: NDArray

  /// `nil` if something else reads the input, too, or the first layer is of another kind.
  init?(_ network: Network) {
    guard network.inputs.count == 1 else { return nil }
    let input = ValueReference(network.inputs[0].name)
    let readers = network.layers.filter { $0.inputs.contains(input) }
    guard readers.count == 1, let layer = readers.first, let operation = layer.operation as? Convolution,
      layer.inputs.first == input, let weight = layer.parameter("weight"), weight.rank == 4,
      operation.groups >= 1, weight.shape[0] % operation.groups == 0,
      !network.outputs.contains(where: { $0.value == input })
    else { return nil }
    self.init(layer: layer, operation: operation, weight: weight)
  }

  private init(layer: Layer, operation: Convolution, weight: NDArray) {
    (self.layer, self.operation, self.weight) = (layer, operation, weight)
  }

  var channels: Int { weight.shape[1] * operation.groups }

  /// The outputs that see an input channel: those of its group.
  func outputs(of channel: Int) -> Range<Int> {
    let count = weight.shape[0] / operation.groups
    let group = channel / weight.shape[1]
    return group * count..<(group + 1) * count
  }

  /// The weights by which the group's outputs see the channel, [outputs of the group, 1, rows, columns].
  func kernel(of channel: Int) -> Tensor {
    let range = outputs(of: channel)
    let index = channel % weight.shape[1]
    return Tensor(weight).sliced(0, from: range.lowerBound, to: range.upperBound).sliced(1, from: index, to: index + 1)
  }

  /// The same convolution with every output multiplied by its factor.
  func scaled(by factors: [Double]) -> InputConvolution {
    let column = Tensor(factors, shape: [factors.count, 1, 1, 1], dtype: .float64)
    let scaled = (Tensor(weight.converted(to: .float64)) * column).value.converted(to: weight.dtype)
    return InputConvolution(layer: layer, operation: operation, weight: scaled)
  }

  /// The batch normalisation that alone reads the convolution, with its factor γ/√(σ² + ε) for each output; `nil` without one.
  func normalization(in network: Network) -> (layer: Layer, factors: [Double])? {
    let readers = network.layers.filter { $0.inputs.contains(ValueReference(layer.name)) }
    guard readers.count == 1, let operation = readers[0].operation as? BatchNormalization, readers[0].inputs.count == 1,
      let variance = readers[0].parameter("running_var")?.doubles
    else { return nil }
    let scale = readers[0].parameter("weight")?.doubles ?? [Double](repeating: 1, count: variance.count)
    return (readers[0], zip(scale, variance).map { $0 / ($1 + operation.epsilon).squareRoot() })
  }

  /// What the pixels `x` [cells, 1, rows, columns] of one channel add to the outputs of its group.
  func contribution(_ x: Tensor, of channel: Int) throws(NetworkError) -> Tensor {
    let single = Convolution(
      stride: operation.stride, padding: operation.padding, paddingAfter: operation.paddingAfter, dilation: operation.dilation)
    do throws(TensorError) {
      let arguments = LayerArguments(inputs: [x], parameters: ["weight": kernel(of: channel)], operation: Convolution.name)
      return try single(arguments)[0]
    } catch {
      throw .layer(layer.name, error)
    }
  }
}
