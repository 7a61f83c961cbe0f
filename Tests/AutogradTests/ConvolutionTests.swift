import Autograd
import Testing

/// One convolution drawn at random: odd, prime and size-one extents, groups, strides beyond the kernel, dilation, unequal axes.
private struct Draw: CustomStringConvertible {
  var (batch, groups, inputDepth, outputDepth) = (1, 1, 1, 1)
  var (size, kernel, stride, padding, dilation) = ((1, 1), (1, 1), (1, 1), (0, 0), (1, 1))

  init(_ random: inout RandomSource) {
    func pick(_ values: Int...) -> Int { values[Int.random(in: values.indices, using: &random)] }
    (batch, groups) = (pick(1, 2, 3), pick(1, 1, 2, 3))
    (inputDepth, outputDepth) = (pick(1, 1, 2, 3), pick(1, 2, 5))
    kernel = (pick(1, 1, 2, 3, 5), pick(1, 2, 3, 4))
    stride = (pick(1, 1, 2, 3, 7), pick(1, 2, 4))
    padding = (pick(0, 1, 2, 6), pick(0, 0, 1, 3))
    dilation = (pick(1, 1, 2, 3), pick(1, 1, 4))
    let least = (
      max(1, (kernel.0 - 1) * dilation.0 + 1 - 2 * padding.0), max(1, (kernel.1 - 1) * dilation.1 + 1 - 2 * padding.1)
    )
    size = (least.0 + pick(0, 1, 2, 4, 6), least.1 + pick(0, 1, 3, 6, 10))
  }

  init(
    batch: Int, groups: Int = 1, depth: (Int, Int), size: (Int, Int), kernel: (Int, Int), stride: Int = 1, padding: Int = 0
  ) {
    (self.batch, self.groups, inputDepth, outputDepth) = (batch, groups, depth.0, depth.1)
    (self.size, self.kernel, self.stride, self.padding) = (size, kernel, (stride, stride), (padding, padding))
  }

  var description: String {
    "input \(inputShape), weight \(weightShape), stride \(stride), padding \(padding), dilation \(dilation), groups \(groups)"
  }
  var inputShape: Shape { [batch, inputDepth * groups, size.0, size.1] }
  var weightShape: Shape { [outputDepth * groups, inputDepth, kernel.0, kernel.1] }
  var outputShape: Shape {
    [
      batch, outputDepth * groups, (size.0 + 2 * padding.0 - (kernel.0 - 1) * dilation.0 - 1) / stride.0 + 1,
      (size.1 + 2 * padding.1 - (kernel.1 - 1) * dilation.1 - 1) / stride.1 + 1,
    ]
  }

  func apply(_ x: Tensor, _ w: Tensor) -> Tensor {
    conv2d(x, w, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }

  /// x ⋆ w and its gradients for the cotangent g, from the definition.
  func reference(_ x: [Double], _ w: [Double], _ g: [Double]) -> (y: [Double], x: [Double], w: [Double]) {
    var (y, dx, dw) = (g.map { _ in 0.0 }, x.map { _ in 0.0 }, w.map { _ in 0.0 })
    let (rows, columns) = (outputShape[2], outputShape[3])
    for n in 0..<batch {
      for o in 0..<outputDepth * groups {
        for oy in 0..<rows {
          for ox in 0..<columns {
            let at = ((n * outputDepth * groups + o) * rows + oy) * columns + ox
            for c in 0..<inputDepth {
              for ky in 0..<kernel.0 {
                for kx in 0..<kernel.1 {
                  let iy = oy * stride.0 - padding.0 + ky * dilation.0
                  let ix = ox * stride.1 - padding.1 + kx * dilation.1
                  guard (0..<size.0).contains(iy), (0..<size.1).contains(ix) else { continue }
                  let channel = o / outputDepth * inputDepth + c
                  let i = ((n * inputDepth * groups + channel) * size.0 + iy) * size.1 + ix
                  let k = ((o * inputDepth + c) * kernel.0 + ky) * kernel.1 + kx
                  y[at] += w[k] * x[i]
                  dx[i] += w[k] * g[at]
                  dw[k] += x[i] * g[at]
                }
              }
            }
          }
        }
      }
    }
    return (y, dx, dw)
  }
}

private func normal(_ shape: Shape, _ random: inout RandomSource, _ dtype: DType = .float64) -> Tensor {
  Tensor(NDArray(random.normals(shape.elementCount), shape: shape).converted(to: dtype))
}

private func values(_ draw: Draw, _ x: Tensor, _ w: Tensor, _ g: Tensor) throws -> [Tensor] {
  let (x, w) = (x.recorded(), w.recorded())
  let y = draw.apply(x, w)
  return [y.detached] + (try y.gradient(for: [x, w], cotangent: g))
}

private func expectClose(_ a: Tensor, _ b: [Double], _ tolerance: Double, _ message: String) {
  let scale = max(1, b.map(abs).max() ?? 0)
  let worst = zip(a.doubles, b).map { abs($0 - $1) }.max() ?? 0
  #expect(a.count == b.count && worst <= tolerance * scale, "\(message): off by \(worst)")
}

@Suite struct ConvolutionTests {
  @Test func agreesWithTheDefinition() throws {
    var random = RandomSource(seed: 3)
    for _ in 0..<400 {
      let draw = Draw(&random)
      let (x, w) = (normal(draw.inputShape, &random), normal(draw.weightShape, &random))
      let g = normal(draw.outputShape, &random)
      let expected = draw.reference(x.doubles, w.doubles, g.doubles)
      let found = try values(draw, x, w, g)
      expectClose(found[0], expected.y, 1e-12, "value of \(draw)")
      expectClose(found[1], expected.x, 1e-12, "input gradient of \(draw)")
      expectClose(found[2], expected.w, 1e-12, "weight gradient of \(draw)")
    }
  }

  /// Shapes large enough for every cut of the work: positions, channels, and images of the weight gradient.
  private static let large = [
    Draw(batch: 5, depth: (3, 16), size: (40, 37), kernel: (7, 7), stride: 2, padding: 3),
    Draw(batch: 2, depth: (70, 24), size: (33, 35), kernel: (3, 3), padding: 1),
    Draw(batch: 3, depth: (96, 64), size: (28, 29), kernel: (1, 1)),
    Draw(batch: 2, groups: 31, depth: (1, 1), size: (41, 43), kernel: (3, 3), padding: 1),
  ]

  @Test(arguments: large.indices) func blocksAgreeWithTheDefinition(_ index: Int) throws {
    let draw = Self.large[index]
    var random = RandomSource(seed: 4)
    let (x, w) = (normal(draw.inputShape, &random), normal(draw.weightShape, &random))
    let g = normal(draw.outputShape, &random)
    let expected = draw.reference(x.doubles, w.doubles, g.doubles)
    for (found, reference) in zip(try values(draw, x, w, g), [expected.y, expected.x, expected.w]) {
      expectClose(found, reference, 1e-12, "\(draw)")
    }
    let single = try values(
      draw, Tensor(x.value.converted(to: .float32)), Tensor(w.value.converted(to: .float32)),
      Tensor(g.value.converted(to: .float32)))
    for (found, reference) in zip(single, [expected.y, expected.x, expected.w]) {
      expectClose(found, reference, 1e-5, "float32, \(draw)")
    }
  }

  @Test(arguments: large.indices) func bitsDoNotDependOnThreads(_ index: Int) throws {
    let draw = Self.large[index]
    let before = Parallel.threadCount
    defer { Parallel.threadCount = before }
    for dtype in [DType.float32, .float64] {
      var random = RandomSource(seed: 5)
      let (x, w) = (normal(draw.inputShape, &random, dtype), normal(draw.weightShape, &random, dtype))
      let g = normal(draw.outputShape, &random, dtype)
      let results = try [1, 2, 5].map { threads in
        Parallel.threadCount = threads
        return try values(draw, x, w, g).map(\.value)
      }
      #expect(results[0] == results[1] && results[0] == results[2], "\(dtype), \(draw)")
    }
  }

  @Test func biasIsAddedToEveryPosition() throws {
    var random = RandomSource(seed: 6)
    let (x, w) = (normal([2, 3, 4, 4], &random), normal([5, 3, 3, 3], &random))
    let bias = normal([5], &random).recorded()
    let y = conv2d(x, w, bias: bias)
    let plain = conv2d(x, w)
    for index in 0..<y.count { #expect(y.doubles[index] == plain.doubles[index] + bias.doubles[index / 4 % 5]) }
    #expect(try y.sum().gradient(for: bias).doubles == [8, 8, 8, 8, 8])
  }

  @Test func errorsNameBothShapes() {
    let wide = Signature([1, 3, 8, 8], .float32)
    for weight in [Shape([4, 2, 3, 3]), [4, 3, 9, 3]] {
      let primitive = Catalogue.primitives.first { $0.name == "Convolution2D" }?.samples.first?.primitive
      #expect {
        try primitive?.infer([wide, Signature(weight, .float32)])
      } throws: { error in
        let text = "\(error)"
        return text.contains("[1, 3, 8, 8]") && text.contains("\(weight)") && text.contains("Convolution2D")
      }
    }
  }
}
