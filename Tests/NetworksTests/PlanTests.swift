import Autograd
import Networks
import Testing

/// The inference plan against the layers one by one, in float64.
@Suite struct PlanTests {
  private func compare(_ network: Network, _ shape: Shape, seed: UInt64 = 3) throws -> Double {
    var random = RandomSource(seed: seed)
    let x = Tensor(random.normals(shape.elementCount), shape: shape)
    let planned = try network(x)
    // A capture is enough to leave the plan.
    let exact = try network.converted(to: .float64).run(x.converted(to: .float64), capturing: ["input"]).output
    return relativeDifference(planned.converted(to: .float64), exact)
  }

  /// Batch normalisation that does something.
  private func shaken(_ network: Network) throws -> Network {
    var result = network
    var random = RandomSource(seed: 7)
    for parameter in network.parameters where parameter.value.rank == 1 {
      let values = (0..<parameter.value.count).map { _ in Float(0.5 + random.uniform()) }
      result = try result.replacing(parameter: parameter.name, with: NDArray(values, shape: parameter.value.shape))
    }
    return result
  }

  @Test(arguments: [1, 2, 8, 19])
  func residualNetworks(batch: Int) throws {
    let network = try shaken(try ResNet(.resNet18, width: 16, classes: 7).network(seed: 1))
    #expect(try compare(network, [batch, 3, 64, 48]) < 1e-5)
  }

  @Test func bottlenecks() throws {
    #expect(try compare(try shaken(try ResNet(.resNet50, width: 8, classes: 5).network(seed: 1)), [2, 3, 65, 64]) < 1e-5)
  }

  @Test(arguments: [[1, 1], [2], [0, 1]], [1, 3])
  func channelSeparableNetworks(config: [Int], batch: Int) throws {
    for stemWidth in [3, 16, 32] {
      let model = FusionModel(inChannels: 5, stemWidth: stemWidth, blockWidth: 2, layerConfig: config)
      #expect(try compare(try shaken(try model.network(seed: 1)), [batch, 5, 16, 20]) < 1e-5, "\(stemWidth)")
    }
  }

  @Test func otherNetworks() throws {
    #expect(try compare(try shaken(try ResNetBaseline(inChannels: 7, baseWidth: 16).network(seed: 1)), [9, 7, 17, 16]) < 1e-5)
    let early = FusionModel(fusion: .early, inChannels: 4, stemWidth: 8, blockWidth: 2, layerConfig: [1, 1], lateFusion: 6)
    #expect(try compare(try shaken(try early.network(seed: 1)), [2, 4, 16, 16]) < 1e-5)
    let cnn = PlainCNN(inChannels: 2, widths: [16, 32], strides: [1, 2], classes: 4)
    #expect(try compare(try shaken(try cnn.network(seed: 1)), [3, 2, 9, 11]) < 1e-5)
    let vgg = VGG(.vgg11, isNormalized: true, width: 16, hidden: 32, classes: 3)
    #expect(try compare(try shaken(try vgg.network(seed: 1)), [1, 3, 224, 224]) < 1e-5)
  }

  /// Tiles that hang over the edge, channels that fill no block, and both strides of the convolutions that go by Winograd's way.
  @Test(arguments: [1, 2], [(7, 9), (16, 16), (18, 33), (4, 4)])
  func wideConvolutions(stride: Int, size: (Int, Int)) throws {
    for (inputs, outputs, batch, padding) in [(32, 32, 5, 1), (41, 64, 1, 1), (70, 96, 2, 0), (16, 32, 3, 2)] {
      var builder = NetworkBuilder()
      let input = builder.input(shape: [nil, inputs, nil, nil])
      let a = builder.convolution("a", input, from: inputs, to: outputs, kernel: 3, stride: stride, padding: padding)
      let positive = builder.add("relu", Activation(.relu), a)
      let b = builder.convolution("b", positive, from: outputs, to: outputs, kernel: 3, padding: 1)
      let sum = builder.add("sum", Arithmetic(.add), b, builder.add("skip", Activation(.tanh), a))
      builder.output(builder.add("last", Activation(.relu), sum))
      let error = try compare(try builder.build(seed: 4), [batch, inputs, size.0, size.1])
      #expect(error < 1e-5, "\(inputs) to \(outputs), padding \(padding)")
    }
  }

  /// Averages that are taken before a 1×1 convolution, with and without a skip; and where they may not be: behind an activation, of a
  /// value that is read twice or that a later sum writes over, with padding.
  @Test(arguments: [16, 5], [Size2D(2, 2), Size2D(3, 2)])
  func averagesBehindPointwiseConvolutions(width: Int, window: Size2D) throws {
    typealias Tail = (inout NetworkBuilder, _ x: ValueReference, _ y: ValueReference) -> ValueReference
    func network(_ tail: Tail) throws -> Network {
      var builder = NetworkBuilder()
      let input = builder.input(shape: [nil, width, nil, nil])
      let x = builder.convolution("x", input, from: width, to: width, kernel: 3, padding: 1)
      let h = builder.add("gelu", Activation(.gelu), builder.convolution("h", x, from: width, to: 2 * width, kernel: 1))
      builder.output(tail(&builder, x, builder.convolution("y", h, from: 2 * width, to: width, kernel: 1)))
      return try builder.build(seed: 6)
    }
    let average = AveragePooling(kernel: window)
    let networks = [
      try network { $0.add("average", average, $2) },
      try network { $0.add("average", average, $0.add("sum", Arithmetic(.add), $1, $2)) },
      try network {
        let sum = $0.add("sum", Arithmetic(.add), $1, $2)
        return $0.add("all", GlobalAveragePooling(), $0.add("average", average, sum))
      },
      try network { $0.add("average", average, $0.add("relu", Activation(.relu), $2)) },
      try network { $0.add("sum", Arithmetic(.add), $0.add("average", average, $2), $0.add("again", average, $2)) },
      try network {
        // What "y" reads is still there when the average is taken, but what is added to it may not be.
        let first = $0.add("first", Arithmetic(.add), $1, $2)
        let second = $0.convolution("second", first, from: width, to: width, kernel: 1)
        return $0.add("average", average, $0.add("sum", Arithmetic(.add), second, first))
      },
      try network { $0.add("average", AveragePooling(kernel: window, padding: Size2D(1, 1)), $2) },
      try network { $0.add("average", AveragePooling(kernel: Size2D(3, 3), stride: Size2D(2, 2)), $2) },
    ]
    for (index, network) in networks.enumerated() {
      #expect(try compare(network, [3, width, 13, 12]) < 1e-5, "\(index)")
    }
  }

  /// x + f(x), where f's convolution reads what is added, must not write over what it reads; nor where another layer reads it later.
  @Test func sumsThatMayNotBeInPlace() throws {
    var builder = NetworkBuilder()
    let input = builder.input(shape: [nil, 16, nil, nil])
    let a = builder.convolution("a", input, from: 16, to: 16, kernel: 3, padding: 1)
    let b = builder.convolution("b", a, from: 16, to: 16, kernel: 3, padding: 1)
    let first = builder.add("first", Arithmetic(.add), b, a)
    let c = builder.convolution("c", first, from: 16, to: 16, kernel: 1)
    let second = builder.add("second", Arithmetic(.add), input, c)
    let d = builder.add("d", Activation(.tanh), first)
    let twice = builder.add("twice", Arithmetic(.add), second, second)
    builder.output(builder.add("sum", Arithmetic(.add), twice, d))
    #expect(try compare(try builder.build(seed: 2), [3, 16, 9, 8]) < 1e-5)
  }

  @Test func theNumberOfThreadsChangesNoBit() throws {
    let network = try ResNet(.resNet18, width: 8, classes: 3).network(seed: 1)
    let separable = try FusionModel(inChannels: 3, stemWidth: 16, blockWidth: 2, layerConfig: [1]).network(seed: 1)
    let x = Tensor((0..<20 * 3 * 32 * 32).map { Double($0 % 97) / 97 }, shape: [20, 3, 32, 32])
    let before = Parallel.threadCount
    defer { Parallel.threadCount = before }
    Parallel.threadCount = 1
    let wide = try ResNetBaseline(inChannels: 3, baseWidth: 32).network(seed: 1)
    let one = (try network(x).value, try separable(x).value, try wide(x).value)
    Parallel.threadCount = 4
    #expect(try network(x).value == one.0)
    #expect(try separable(x).value == one.1)
    #expect(try wide(x).value == one.2)
  }

  @Test func otherParametersAreAnotherPlan() throws {
    let network = try ResNet(.resNet18, width: 8, classes: 3).network(seed: 1)
    let x = Tensor(repeating: 1, shape: [1, 3, 32, 32])
    let before = try network(x).value
    let bias = NDArray([Float(1), 2, 3], shape: [3])
    let changed = try network.replacing(parameter: "fc.bias", with: bias)
    #expect(try changed(x).value != before)
    #expect(try network(x).value == before)
  }
}
