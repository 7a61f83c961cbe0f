import Autograd
import Testing

/// Convolutions drawn at random, of channels in and beside oneDNN's blocks of 16: odd, prime and size-one extents, many groups,
/// strides beyond the kernel, dilation, padding beyond the kernel.
private func drawShape(_ random: inout RandomSource) throws -> Convolution2DShape {
  func pick(_ values: Int...) -> Int { values[Int.random(in: values.indices, using: &random)] }
  while true {
    let groups = pick(1, 1, 1, 1, 2, 3, 7, 16, 31, 64)
    let depths =
      groups > 7
      ? (pick(1, 1, 1, 2, 3), pick(1, 1, 2, 5)) : (pick(1, 2, 3, 5, 8, 13, 16, 17, 32), pick(1, 2, 7, 8, 11, 16, 19, 32))
    let window = Window2D(
      kernel: Size2D(pick(1, 1, 2, 3, 3, 5, 7), pick(1, 1, 2, 3, 3, 4, 5)),
      stride: Size2D(pick(1, 1, 2, 3, 5), pick(1, 1, 2, 4)), padding: Size2D(pick(0, 1, 1, 2, 3, 8), pick(0, 1, 1, 2, 5)),
      dilation: Size2D(pick(1, 1, 1, 2, 3), pick(1, 1, 1, 2, 4)))
    let least = (
      max(1, window.span.height - 2 * window.padding.height), max(1, window.span.width - 2 * window.padding.width)
    )
    let size = (least.0 + pick(0, 1, 2, 4, 6, 11), least.1 + pick(0, 1, 3, 6, 10, 16))
    let shape = try Convolution2DShape(
      input: [pick(1, 2, 3, 5, 9), depths.0 * groups, size.0, size.1],
      weight: [depths.1 * groups, depths.0, window.kernel.height, window.kernel.width], stride: window.stride,
      padding: window.padding, dilation: window.dilation, groups: groups, operation: "fuzz")
    if shape.work < 1 << 20 { return shape }
  }
}

extension ConvolutionOperand {
  fileprivate func compute(_ x: NDArray, _ w: NDArray, _ g: NDArray, _ shape: Convolution2DShape, _ method: ConvolutionMethod)
    -> [Double]
  {
    switch self {
    case .output: NDArray.convolution2D(x, w, shape, by: method).doubles
    case .input: NDArray.convolution2DInputGradient(g, w, shape, by: method).doubles
    case .weight: NDArray.convolution2DWeightGradient(x, g, shape, by: method).doubles
    }
  }

  /// How many products one entry of the result sums at most.
  fileprivate func terms(_ shape: Convolution2DShape) -> Int {
    switch self {
    case .output: shape.weightShape[1...].reduce(1, *)
    case .input: shape.weightShape.elementCount / max(1, shape.inputChannels)
    case .weight: shape.batch * shape.output.area
    }
  }
}

@Suite struct ConvolutionFuzzTests {
  /// Every float32 method against float64, entry by entry. A sum of n products in any order, each product and each sum rounded
  /// once, is off by at most n·u/(1 − n·u) times the sum of the products' magnitudes, u = 2⁻²⁴ (Higham, "Accuracy and Stability
  /// of Numerical Algorithms", §3.1). Nothing is added to that.
  @Test func float32StaysWithinTheBoundOfItsSums() throws {
    var random = RandomSource(seed: 20)
    var offered: [ConvolutionMethod: Int] = [:]
    // So many at least, and then until every method was: a method that is seldom taken would pass.
    let draws = 2000
    var index = 0
    while index < draws || ConvolutionMethod.allCases.contains(where: { offered[$0, default: 0] < draws }) {
      try #require(index < 10 * draws, "a method is hardly ever offered: \(offered)")
      index += 1
      let shape = try drawShape(&random)
      func array(_ shape: Shape) -> NDArray { NDArray(random.normals(shape.elementCount).map { Float($0) }, shape: shape) }
      let (x, w, g) = (array(shape.inputShape), array(shape.weightShape), array(shape.outputShape))
      let double = [x, w, g].map { $0.converted(to: .float64) }
      let magnitude = double.map { $0.magnitudes }
      for operand in ConvolutionOperand.allCases {
        let expected = operand.compute(double[0], double[1], double[2], shape, .columns)
        let sums = operand.compute(magnitude[0], magnitude[1], magnitude[2], shape, .columns)
        let n = Double(operand.terms(shape)) * 0x1p-24
        for method in ConvolutionMethod.allCases where shape.offers(method, for: operand) {
          offered[method, default: 0] += 1
          let found = operand.compute(x, w, g, shape, method)
          var worst = 0.0
          for entry in expected.indices {
            let error = abs(found[entry] - expected[entry]) / (n / (1 - n) * sums[entry] + .leastNormalMagnitude)
            worst = worst.isNaN || error <= worst ? worst : error
          }
          #expect(found.count == expected.count && worst <= 1, "draw \(index), \(operand) by \(method): \(worst), \(shape)")
        }
      }
    }
  }
}

extension NDArray {
  fileprivate var magnitudes: NDArray { NDArray(doubles.map { abs($0) }, shape: shape) }
}
