import Autograd
import Networks
import Testing

/// The gradient with respect to the input by a plan, against that of the layers one by one, in float64.
///
/// The plan folds normalisation and convolves by Winograd's way, so an activation within rounding of 0 may fall on the other side: its
/// whole derivative is then missing, or there. That is rare, and hits few entries; the bound is for the mean error, and wide for one entry.
@Suite struct PlanGradientTests {
  private func gradients(
    _ network: Network, _ shape: Shape, capturing captures: [String], dtype: DType
  ) throws -> Tensor {
    var random = RandomSource(seed: 5)
    let x = Tensor(random.normals(shape.elementCount), shape: shape).converted(to: dtype).recorded()
    let y = try network.converted(to: dtype).run(x, capturing: captures).output
    let weights = Tensor(random.normals(y.count), shape: y.shape).converted(to: dtype)
    return try (y * weights).sum().gradient(for: x)
  }

  /// Largest and mean difference, both relative to the largest entry.
  private func compare(_ network: Network, _ shape: Shape) throws -> (largest: Double, mean: Double) {
    let planned = try gradients(network, shape, capturing: [], dtype: .float32).doubles
    let exact = try gradients(network, shape, capturing: ["input"], dtype: .float64).doubles
    let scale = exact.map(Swift.abs).max() ?? 0
    try #require(scale > 0)
    let errors = zip(planned, exact).map { Swift.abs($0 - $1) / scale }
    return (errors.max() ?? 0, errors.reduce(0, +) / Double(errors.count))
  }

  private func expectSame(_ network: Network, _ shape: Shape, _ comment: Comment? = nil) throws {
    let (largest, mean) = try compare(network, shape)
    #expect(largest < 1e-3, comment)
    #expect(mean < 1e-5, comment)
  }

  private func shaken(_ network: Network) throws -> Network {
    var result = network
    var random = RandomSource(seed: 7)
    for parameter in network.parameters where parameter.value.rank == 1 {
      let values = (0..<parameter.value.count).map { _ in Float(0.5 + random.uniform()) }
      result = try result.replacing(parameter: parameter.name, with: NDArray(values, shape: parameter.value.shape))
    }
    return result
  }

  @Test(arguments: [1, 3, 19])
  func residualNetworks(batch: Int) throws {
    try expectSame(try shaken(try ResNet(.resNet18, width: 16, classes: 7).network(seed: 1)), [batch, 3, 64, 48])
  }

  @Test func otherNetworks() throws {
    try expectSame(try shaken(try ResNet(.resNet50, width: 8, classes: 5).network(seed: 1)), [2, 3, 65, 64])
    try expectSame(
      try shaken(try PlainCNN(inChannels: 2, widths: [16, 32], strides: [1, 2], classes: 4).network(seed: 1)), [3, 2, 9, 11])
    let vgg = VGG(.vgg11, isNormalized: true, width: 16, hidden: 32, classes: 3)
    try expectSame(try shaken(try vgg.network(seed: 1)), [1, 3, 224, 224])
  }

  /// Layers of every kind that plans have, values that are read twice, and sums of a value with itself.
  @Test func everyStep() throws {
    for groups in [1, 2] {
      var builder = NetworkBuilder()
      let input = builder.input(shape: [nil, 16, nil, nil])
      let a = builder.convolution("a", input, from: 16, to: 16, kernel: 3, padding: 1, groups: groups)
      let b = builder.convolution("b", a, from: 16, to: 16, kernel: 3, padding: 1)
      let first = builder.add("first", Arithmetic(.add), b, a)
      let c = builder.convolution("c", first, from: 16, to: 32, kernel: 3, stride: 2, padding: 1, groups: groups)
      let d = builder.add("d", Activation(.relu), c)
      let twice = builder.add("twice", Arithmetic(.add), d, d)
      let e = builder.add("e", Activation(.relu), twice)
      let pooled = builder.add("pooled", MaxPooling(kernel: Size2D(3, 3), stride: Size2D(1, 1), padding: Size2D(1, 1)), e)
      let mean = builder.add("mean", AveragePooling(kernel: Size2D(2, 2), stride: Size2D(1, 1)), pooled)
      let f = builder.convolution("f", mean, from: 32, to: 16, kernel: 1)
      let g = builder.convolution("g", mean, from: 32, to: 16, kernel: 1)
      let sum = builder.add("sum", Arithmetic(.add), builder.add("h", Activation(.relu), f), g)
      builder.output(builder.add("last", Activation(.relu), sum))
      try expectSame(try builder.build(seed: 2), [3, 16, 13, 12], "\(groups)")
    }
  }

  /// Back through averages that are taken before the convolution in front of them, and wide convolutions of both strides.
  @Test func averagesAndWideConvolutions() throws {
    var builder = NetworkBuilder()
    let input = builder.input(shape: [nil, 16, nil, nil])
    let a = builder.convolution("a", input, from: 16, to: 32, kernel: 3, stride: 2, padding: 1)
    let b = builder.convolution("b", builder.add("relu", Activation(.relu), a), from: 32, to: 64, kernel: 3, padding: 1)
    let c = builder.convolution("c", builder.add("positive", Activation(.relu), b), from: 64, to: 32, kernel: 1)
    let average = builder.add("average", AveragePooling(kernel: Size2D(2, 2)), builder.add("sum", Arithmetic(.add), c, a))
    builder.output(builder.add("all", GlobalAveragePooling(), average))
    try expectSame(try builder.build(seed: 2), [5, 16, 25, 30])
  }

  /// What a plan has no way back through is differentiated layer by layer.
  @Test func otherActivations() throws {
    let network = try shaken(try FusionModel(inChannels: 3, stemWidth: 16, blockWidth: 2, layerConfig: [1, 1]).network(seed: 1))
    try expectSame(network, [2, 3, 16, 16])
  }

  /// Derivatives of derivatives, and tangents, of a network that has a plan.
  @Test func higherOrders() throws {
    let network = try shaken(try PlainCNN(inChannels: 2, widths: [16, 16], strides: [1, 2], classes: 3).network(seed: 1))
    var random = RandomSource(seed: 3)
    let x = Tensor(random.normals(2 * 9 * 8), shape: [1, 2, 9, 8])
    let direction = Tensor(random.normals(2 * 9 * 8), shape: x.shape)
    func value(_ network: Network, _ x: Tensor) throws -> Tensor {
      let y = try network(x)
      return (y * y * y).sum()
    }
    let exact = network.converted(to: .float64)
    let (x64, direction64) = (x.converted(to: .float64), direction.converted(to: .float64))
    let planned = try hessianVectorProduct(at: x, direction) { try value(network, $0) }
    let layers = try hessianVectorProduct(at: x64, direction64) { try value(exact, $0) }
    #expect(relativeDifference(planned.converted(to: .float64), layers) < 1e-4)
    let tangent = try jvp(at: [x], tangents: [direction]) { [try value(network, $0[0])] }.tangents[0]
    let tangent64 = try jvp(at: [x64], tangents: [direction64]) { [try value(exact, $0[0])] }.tangents[0]
    #expect(relativeDifference(tangent.converted(to: .float64), tangent64) < 1e-5)
    let nested = try gradient(at: x) { x in
      let inner = try gradient(at: x) { try value(network, $0) }
      return (inner * direction).sum()
    }
    #expect(relativeDifference(nested.converted(to: .float64), layers) < 1e-4)
  }

  @Test func theNumberOfThreadsChangesNoBit() throws {
    let network = try ResNet(.resNet18, width: 16, classes: 3).network(seed: 1)
    let before = Parallel.threadCount
    defer { Parallel.threadCount = before }
    Parallel.threadCount = 1
    let one = try gradients(network, [20, 3, 32, 32], capturing: [], dtype: .float32).value
    Parallel.threadCount = 4
    #expect(try gradients(network, [20, 3, 32, 32], capturing: [], dtype: .float32).value == one)
  }
}
