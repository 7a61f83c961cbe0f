import Autograd
import Testing

private struct Draw: CustomStringConvertible {
  var shape: Shape
  var (kernel, stride, padding, dilation): ((Int, Int), (Int, Int), (Int, Int), (Int, Int))

  init(_ random: inout RandomSource) {
    func pick(_ values: Int...) -> Int { values[Int.random(in: values.indices, using: &random)] }
    kernel = (pick(1, 2, 3, 5), pick(1, 2, 3, 4))
    stride = (pick(1, 2, 3, 7), pick(1, 2, 5))
    padding = (pick(0, 0, kernel.0 / 2), pick(0, kernel.1 / 2))
    dilation = (pick(1, 1, 2), pick(1, 1, 3))
    // Large enough for every window to have an entry inside.
    let (height, width) = ((kernel.0 - 1) * dilation.0 + 1, (kernel.1 - 1) * dilation.1 + 1)
    shape = [pick(1, 2, 3), pick(1, 3), height + pick(0, 1, 2, 6), width + pick(0, 1, 4, 9)]
  }

  var description: String { "input \(shape), kernel \(kernel), stride \(stride), padding \(padding), dilation \(dilation)" }

  /// Calls `body` with each output's index and the input indices of its window in order.
  func forEachWindow(dilation: (Int, Int), _ body: (Int, [Int]) -> Void) -> Shape {
    let rows = (shape[2] + 2 * padding.0 - (kernel.0 - 1) * dilation.0 - 1) / stride.0 + 1
    let columns = (shape[3] + 2 * padding.1 - (kernel.1 - 1) * dilation.1 - 1) / stride.1 + 1
    var at = 0
    for plane in 0..<shape[0] * shape[1] {
      for oy in 0..<rows {
        for ox in 0..<columns {
          var indices: [Int] = []
          for ky in 0..<kernel.0 {
            for kx in 0..<kernel.1 {
              let (iy, ix) = (oy * stride.0 - padding.0 + ky * dilation.0, ox * stride.1 - padding.1 + kx * dilation.1)
              guard (0..<shape[2]).contains(iy), (0..<shape[3]).contains(ix) else { continue }
              indices.append((plane * shape[2] + iy) * shape[3] + ix)
            }
          }
          body(at, indices)
          at += 1
        }
      }
    }
    return [shape[0], shape[1], rows, columns]
  }
}

private func normal(_ shape: Shape, _ random: inout RandomSource) -> Tensor {
  Tensor(NDArray(random.normals(shape.elementCount), shape: shape))
}

@Suite struct PoolingTests {
  @Test func maximaAgreeWithTheDefinition() throws {
    var random = RandomSource(seed: 8)
    for _ in 0..<300 {
      let draw = Draw(&random)
      // Few distinct values, so that ties are frequent.
      let values = (0..<draw.shape.elementCount).map { _ in Double(Int.random(in: -2...2, using: &random)) }
      let x = Tensor(NDArray(values, shape: draw.shape)).recorded()
      let y = maxPool2d(x, kernel: draw.kernel, stride: draw.stride, padding: draw.padding, dilation: draw.dilation)
      let g = normal(y.shape, &random)
      var expected = [Double](repeating: 0, count: y.count)
      var gradient = [Double](repeating: 0, count: x.count)
      let shape = draw.forEachWindow(dilation: draw.dilation) { at, indices in
        let largest = indices.map { values[$0] }.max() ?? .nan
        expected[at] = largest
        if let first = indices.first(where: { values[$0] == largest }) { gradient[first] += g.doubles[at] }
      }
      #expect(y.shape == shape && y.doubles == expected, "\(draw)")
      #expect(try y.gradient(for: [x], cotangent: g)[0].doubles == gradient, "\(draw)")
    }
  }

  @Test(arguments: [true, false]) func meansAgreeWithTheDefinition(_ countIncludePad: Bool) throws {
    var random = RandomSource(seed: 9)
    for _ in 0..<300 {
      let draw = Draw(&random)
      let x = normal(draw.shape, &random).recorded()
      let y = averagePool2d(
        x, kernel: draw.kernel, stride: draw.stride, padding: draw.padding, countIncludePad: countIncludePad)
      let g = normal(y.shape, &random)
      var expected = [Double](repeating: 0, count: y.count)
      var gradient = [Double](repeating: 0, count: x.count)
      let values = (x.doubles, g.doubles)
      let shape = draw.forEachWindow(dilation: (1, 1)) { at, indices in
        let count = Double(countIncludePad ? draw.kernel.0 * draw.kernel.1 : indices.count)
        expected[at] = indices.reduce(0) { $0 + values.0[$1] } / count
        for index in indices { gradient[index] += values.1[at] / count }
      }
      #expect(y.shape == shape)
      for (a, b) in zip(y.doubles, expected) { #expect(abs(a - b) <= 1e-14, "\(draw)") }
      for (a, b) in zip(try y.gradient(for: [x], cotangent: g)[0].doubles, gradient) {
        #expect(abs(a - b) <= 1e-13, "\(draw)")
      }
    }
  }

  @Test func notANumberIsTheLargest() throws {
    let x = Tensor([1, .nan, 5, -.infinity], shape: [1, 1, 2, 2], dtype: .float64)
    #expect(maxPool2d(x, kernel: (2, 2)).scalar.isNaN)
    // Found whatever comes after it, and only by the windows that hold it.
    let row = Tensor([3, .nan, 1, 2, .nan, 7, 4, 5], shape: [1, 1, 1, 8], dtype: .float64).recorded()
    let y = maxPool2d(row, kernel: (1, 2), stride: (1, 1))
    #expect(y.doubles.map(\.isNaN) == [true, true, false, true, true, false, false])
    #expect(try y.sum().gradient(for: [row])[0].doubles == [0, 2, 0, 1, 2, 1, 0, 1])
    let low = Tensor(repeating: -.infinity, shape: [1, 1, 2, 2])
    #expect(maxPool2d(low, kernel: (2, 2)).scalar == -.infinity)
  }

  @Test func bitsDoNotDependOnThreads() throws {
    let before = Parallel.threadCount
    defer { Parallel.threadCount = before }
    var random = RandomSource(seed: 10)
    let x = Tensor(normal([4, 9, 61, 67], &random).value.converted(to: .float32)).recorded()
    let pools: [(Tensor) -> Tensor] = [
      { maxPool2d($0, kernel: (3, 3), stride: (2, 2), padding: (1, 1)) },
      { averagePool2d($0, kernel: (5, 3), stride: (1, 2)) },
    ]
    for pool in pools {
      let results = try [1, 2].map { threads in
        Parallel.threadCount = threads
        let y = pool(x)
        return [y.value, try y.gradient(for: [x], cotangent: y.detached)[0].value]
      }
      #expect(results[0] == results[1])
    }
  }
}
