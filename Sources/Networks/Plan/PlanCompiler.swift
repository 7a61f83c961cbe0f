import Autograd
import COneDNN

/// From layers to the steps of a plan: batch normalisation goes into the convolution before it, sums and activations behind it.
struct PlanCompiler {
  private let network: Network
  private var program: PlanProgram
  /// The value that each layer gives, and whether it is seen as [N, features].
  private var values: [String: (index: Int, isFlat: Bool)] = [:]
  /// Places of the layers that read a layer, among those that lead to the output.
  private var readers: [String: [Int]] = [:]
  private var isDone: [Bool]
  private let output: String

  /// The steps for one picture's extents; `nil` if a layer is of a kind that plans do not have.
  static func program(for network: Network, input: PlanProgram.Extents) -> PlanProgram? {
    guard var compiler = PlanCompiler(network, input) else { return nil }
    return compiler.compile()
  }

  private init?(_ network: Network, _ input: PlanProgram.Extents) {
    guard network.inputs.count == 1, network.outputs.count == 1, network.outputs[0].value.index == 0 else { return nil }
    self.network = network
    program = PlanProgram(input: input)
    output = network.outputs[0].value.source
    values[network.inputs[0].name] = (0, false)
    var isNeeded = network.layers.map { $0.name == network.outputs[0].value.source }
    for place in network.layers.indices.reversed() where isNeeded[place] {
      for case let source? in network.layers[place].inputs {
        if source.index != 0 { return nil }
        readers[source.source, default: []].append(place)
        if let from = network.places[source.source] { isNeeded[from] = true }
      }
    }
    isDone = isNeeded.map { !$0 }
  }

  private mutating func compile() -> PlanProgram? {
    for place in network.layers.indices where !isDone[place] {
      isDone[place] = true
      guard add(network.layers[place]) else { return nil }
    }
    guard let result = values[output], result.index > 0 else { return nil }
    program.output = result.index
    program.isFlat = result.isFlat
    return program
  }

  private mutating func add(_ layer: Layer) -> Bool {
    guard let first = layer.inputs.first.flatMap({ $0 }), let x = values[first.source] else { return false }
    switch layer.operation {
    case let operation as Convolution: return add(operation, layer, x)
    case is Linear: return addLinear(layer, x)
    case let operation as Flattening:
      guard operation.axis == 1 else { return false }
      values[layer.name] = (x.index, true)
      return true
    case is Dropout, is Identity:
      values[layer.name] = x
      return true
    case let operation as Activation:
      guard let activation = Self.activation(operation.function) else { return false }
      let step = PlanProgram.Step(x: x.index, kind: .activation(activation))
      values[layer.name] = (program.append(step, program.extents[x.index]), x.isFlat)
      return true
    case let operation as Arithmetic:
      guard operation.function == .add, layer.inputs.count == 2, let second = layer.inputs[1].flatMap({ values[$0.source] }),
        x.isFlat == second.isFlat, program.extents[x.index] == program.extents[second.index]
      else { return false }
      let step = PlanProgram.Step(x: x.index, kind: .sum(second.index))
      values[layer.name] = (program.append(step, program.extents[x.index]), x.isFlat)
      return true
    default: return !x.isFlat && addPooling(layer, x.index)
    }
  }

  private mutating func addPooling(_ layer: Layer, _ x: Int) -> Bool {
    let size = Size2D(program.extents[x].height, program.extents[x].width)
    var window = Window2D(kernel: size, stride: Size2D(1, 1), padding: Size2D(0, 0), dilation: Size2D(1, 1))
    var kind = OD_AVERAGE
    switch layer.operation {
    case is GlobalAveragePooling: break
    case let operation as AdaptiveAveragePooling:
      if operation.size == size {
        values[layer.name] = (x, false)
        return true
      }
      guard operation.size == Size2D(1, 1) else { return false }
    case let operation as MaxPooling:
      guard !operation.ceilMode, operation.dilation == Size2D(1, 1) else { return false }
      window = Window2D(
        kernel: operation.kernel, stride: operation.stride, padding: operation.padding, dilation: operation.dilation)
      kind = OD_MAXIMUM
    case let operation as AveragePooling:
      window = Window2D(
        kernel: operation.kernel, stride: operation.stride, padding: operation.padding, dilation: Size2D(1, 1))
      if !operation.countIncludePad { kind = OD_AVERAGE_WITHOUT_PADDING }
    default: return false
    }
    guard let output = try? window.outputSizeReadingEverywhere(size, operation: "plan") else { return false }
    let step = PlanProgram.Step(
      x: x, kind: .pooling(kind, kernel: window.kernel, stride: window.stride, padding: window.padding))
    let extents = PlanProgram.Extents(
      channels: program.extents[x].channels, height: output.height, width: output.width)
    values[layer.name] = (program.append(step, extents), false)
    return true
  }

  /// A linear layer on a flattened picture is a convolution whose kernel covers it.
  private mutating func addLinear(_ layer: Layer, _ x: (index: Int, isFlat: Bool)) -> Bool {
    let extents = program.extents[x.index]
    guard x.isFlat, layer.inputs.count == 1, let weight = layer.parameter("weight"), weight.rank == 2,
      weight.shape[1] == extents.channels * extents.height * extents.width
    else { return false }
    let convolution = PlanProgram.Convolution(
      operation: Convolution(), shape: [weight.shape[0], extents.channels, extents.height, extents.width],
      weight: weight.scalars(), bias: layer.parameter("bias")?.scalars() ?? Array(repeating: 0, count: weight.shape[0]))
    return finish(
      convolution, layer.name, x,
      PlanProgram.Extents(channels: weight.shape[0], height: 1, width: 1))
  }

  private mutating func add(_ operation: Convolution, _ layer: Layer, _ x: (index: Int, isFlat: Bool)) -> Bool {
    let extents = program.extents[x.index]
    guard !x.isFlat, layer.inputs.count == 1, operation.padding == operation.paddingAfter,
      let weight = layer.parameter("weight"), weight.dtype == .float32,
      let shape = try? Convolution2DShape(
        input: [1, extents.channels, extents.height, extents.width], weight: weight.shape, stride: operation.stride,
        padding: operation.padding, dilation: operation.dilation, groups: operation.groups, operation: "plan")
    else { return false }
    let bias: [Float] = layer.parameter("bias")?.scalars() ?? Array(repeating: 0, count: weight.shape[0])
    guard bias.count == weight.shape[0], weight.count > 0 else { return false }
    let convolution = PlanProgram.Convolution(
      operation: operation, shape: weight.shape.extents, weight: weight.scalars(), bias: bias)
    return finish(
      convolution, layer.name, x,
      PlanProgram.Extents(channels: weight.shape[0], height: shape.output.height, width: shape.output.width))
  }

  /// Takes into a convolution what follows it and reads nothing else.
  private mutating func finish(
    _ convolution: PlanProgram.Convolution, _ name: String, _ x: (index: Int, isFlat: Bool), _ extents: PlanProgram.Extents
  ) -> Bool {
    var (convolution, tail) = (convolution, name)
    if let next = follower(of: &tail), let operation = network.layers[next].operation as? BatchNormalization {
      guard fold(network.layers[next], operation.epsilon, into: &convolution) else { return false }
      take(next, &tail)
    }
    if let next = follower(of: &tail), let other = addend(of: next, beside: tail, extents, reading: x.index) {
      convolution.added = other
      take(next, &tail)
    }
    if let next = follower(of: &tail), let operation = network.layers[next].operation as? Activation,
      let activation = Self.activation(operation.function)
    {
      convolution.activation = activation
      take(next, &tail)
    }
    let step = PlanProgram.Step(x: x.index, kind: .convolution(convolution))
    values[tail] = (program.append(step, extents), x.isFlat)
    return true
  }

  private mutating func take(_ place: Int, _ tail: inout String) {
    isDone[place] = true
    tail = network.layers[place].name
  }

  /// The only layer that reads `tail`, if it is no output; what does nothing in evaluation is passed over.
  private mutating func follower(of tail: inout String) -> Int? {
    while tail != output, let all = readers[tail], all.count == 1 {
      let operation = network.layers[all[0]].operation
      guard operation is Dropout || operation is Identity else { return all[0] }
      take(all[0], &tail)
    }
    return nil
  }

  /// The other value of a sum, if it is known and nobody will read it again.
  private func addend(of place: Int, beside tail: String, _ extents: PlanProgram.Extents, reading x: Int) -> Int? {
    let layer = network.layers[place]
    guard (layer.operation as? Arithmetic)?.function == .add, layer.inputs.count == 2,
      let other = layer.inputs.compactMap({ $0 }).first(where: { $0.source != tail }), let value = values[other.source],
      value.index > 0, value.index != x, !value.isFlat, program.extents[value.index] == extents
    else { return nil }
    for (name, known) in values where known.index == value.index {
      if name == output || readers[name, default: []].contains(where: { $0 != place && !isDone[$0] }) { return nil }
    }
    return value.index
  }

  /// w ← w·γ/√(σ² + ε), b ← (b − μ)·γ/√(σ² + ε) + β, in double precision.
  private func fold(_ layer: Layer, _ epsilon: Double, into convolution: inout PlanProgram.Convolution) -> Bool {
    let count = convolution.shape[0]
    guard layer.inputs.count == 1, let mean = layer.parameter("running_mean")?.doubles,
      let variance = layer.parameter("running_var")?.doubles
    else { return false }
    let scale = layer.parameter("weight")?.doubles ?? Array(repeating: 1, count: count)
    let shift = layer.parameter("bias")?.doubles ?? Array(repeating: 0, count: count)
    guard [mean, variance, scale, shift].allSatisfy({ $0.count == count }) else { return false }
    let taps = convolution.shape.dropFirst().reduce(1, *)
    for channel in 0..<count {
      let factor = scale[channel] / (variance[channel] + epsilon).squareRoot()
      for tap in channel * taps..<(channel + 1) * taps {
        convolution.weight[tap] = Float(Double(convolution.weight[tap]) * factor)
      }
      convolution.bias[channel] = Float((Double(convolution.bias[channel]) - mean[channel]) * factor + shift[channel])
    }
    return true
  }

  private static func activation(_ function: Activation.Function) -> od_activation? {
    switch function {
    case .relu: OD_RELU
    case .gelu: OD_GELU
    case .tanh: OD_TANH
    case .sigmoid: OD_SIGMOID
    case .silu: OD_SWISH
    default: nil
    }
  }
}
