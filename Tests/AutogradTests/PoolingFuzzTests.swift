import Autograd
import Testing

/// A pooling drawn at random: odd, prime and size-one extents, strides beyond the kernel, dilation, padding, rounding up.
private struct Draw: CustomStringConvertible {
  var shape: Shape
  let (kernel, stride, padding, dilation): ((Int, Int), (Int, Int), (Int, Int), (Int, Int))
  let ceilMode: Bool

  init(_ random: inout RandomSource, dilated: Bool) {
    func pick(_ values: Int...) -> Int { values[Int.random(in: values.indices, using: &random)] }
    kernel = (pick(1, 2, 3, 3, 5, 7), pick(1, 2, 3, 3, 4))
    stride = (pick(1, 2, 2, 3, 7), pick(1, 2, 2, 3, 5))
    padding = (pick(0, 0, kernel.0 / 2), pick(0, kernel.1 / 2))
    dilation = dilated ? (pick(1, 1, 2, 3), pick(1, 1, 2)) : (1, 1)
    ceilMode = pick(0, 1) == 1
    let span = ((kernel.0 - 1) * dilation.0 + 1, (kernel.1 - 1) * dilation.1 + 1)
    shape = [pick(1, 2, 3), pick(1, 3, 17), span.0 + pick(0, 1, 2, 4, 9), span.1 + pick(0, 1, 4, 10, 31)]
  }

  var description: String {
    "input \(shape), kernel \(kernel), stride \(stride), padding \(padding), dilation \(dilation), ceilMode \(ceilMode)"
  }

  /// Of one axis: the number of windows, by PyTorch's rule.
  func count(_ extent: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int) -> Int {
    let rest = extent + 2 * padding - dilation * (kernel - 1) - 1
    let count = (rest + (ceilMode ? stride - 1 : 0)) / stride + 1
    return ceilMode && (count - 1) * stride >= extent + padding ? count - 1 : count
  }

  /// Calls `body` with each output's index, the input indices of its window in order, and the window's area in the padded input.
  func forEachWindow(_ body: (Int, [Int], Int) -> Void) -> Shape {
    let rows = count(shape[2], kernel.0, stride.0, padding.0, dilation.0)
    let columns = count(shape[3], kernel.1, stride.1, padding.1, dilation.1)
    var at = 0
    for plane in 0..<shape[0] * shape[1] {
      for oy in 0..<rows {
        for ox in 0..<columns {
          let (y, x) = (oy * stride.0 - padding.0, ox * stride.1 - padding.1)
          var indices: [Int] = []
          for iy in Swift.stride(from: y, to: y + kernel.0 * dilation.0, by: dilation.0) where (0..<shape[2]).contains(iy) {
            for ix in Swift.stride(from: x, to: x + kernel.1 * dilation.1, by: dilation.1) where (0..<shape[3]).contains(ix) {
              indices.append((plane * shape[2] + iy) * shape[3] + ix)
            }
          }
          let area = (min(y + kernel.0, shape[2] + padding.0) - y) * (min(x + kernel.1, shape[3] + padding.1) - x)
          body(at, indices, area)
          at += 1
        }
      }
    }
    return [shape[0], shape[1], rows, columns]
  }
}

/// Sums of n rounded terms, one of them a quotient, against the sum of their magnitudes.
private func expectWithin(
  _ found: [Double], _ expected: [Double], _ magnitudes: [Double], terms: Int, _ unit: Double, _ message: String
) {
  let bound = Double(terms) * unit / (1 - Double(terms) * unit)
  var worst = 0.0
  for index in expected.indices {
    let error = abs(found[index] - expected[index]) / (bound * magnitudes[index] + .leastNormalMagnitude)
    worst = worst.isNaN || error <= worst ? worst : error
  }
  #expect(found.count == expected.count && worst <= 1, "\(message): \(worst) of the bound")
}

@Suite struct PoolingFuzzTests {
  /// Maxima and their places are exact; a gradient is a sum of as many cotangents as windows share an entry.
  @Test(arguments: [DType.float32, .float64]) func maximaAgreeWithTheDefinition(_ dtype: DType) throws {
    var random = RandomSource(seed: 21)
    for index in 0..<500 {
      let draw = Draw(&random, dilated: true)
      // Few distinct values, so that ties are frequent; −∞ and NaN now and then.
      let rare = index % 10 == 0 ? [Double.nan, -.infinity] : index % 10 == 1 ? [-.infinity] : []
      let values = (0..<draw.shape.elementCount).map { _ in
        let value = Double(Int.random(in: -3...3, using: &random))
        return value == 3 ? rare.randomElement(using: &random) ?? value : value
      }
      let x = Tensor(NDArray(values, shape: draw.shape).converted(to: dtype)).recorded()
      let (y, places) = maxPool2dWithIndices(
        x, kernel: draw.kernel, stride: draw.stride, padding: draw.padding, dilation: draw.dilation, ceilMode: draw.ceilMode)
      let g = Tensor(NDArray(random.normals(y.count), shape: y.shape).converted(to: dtype))
      let (cotangents, found) = (g.doubles, y.doubles)
      var expected = [Double](repeating: 0, count: y.count)
      var (gradient, magnitudes) = ([Double](repeating: 0, count: x.count), [Double](repeating: 0, count: x.count))
      var expectedPlaces = [Double](repeating: 0, count: y.count)
      let shape = draw.forEachWindow { at, indices, _ in
        let largest = indices.contains { values[$0].isNaN } ? Double.nan : indices.map { values[$0] }.max() ?? .nan
        expected[at] = largest
        guard let first = indices.first(where: { values[$0] == largest || values[$0].isNaN }) else { return }
        expectedPlaces[at] = Double(first % (draw.shape[2] * draw.shape[3]))
        gradient[first] += cotangents[at]
        magnitudes[first] += abs(cotangents[at])
      }
      #expect(y.shape == shape && zip(found, expected).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }, "\(draw)")
      #expect(places.doubles == expectedPlaces, "\(draw)")
      expectWithin(
        try y.gradient(for: [x], cotangent: g)[0].doubles, gradient, magnitudes, terms: draw.kernel.0 * draw.kernel.1,
        dtype == .float32 ? 0x1p-24 : 0x1p-50, "gradient of \(draw)")
    }
  }

  @Test(arguments: [DType.float32, .float64], [true, false])
  func meansAgreeWithTheDefinition(_ dtype: DType, _ countIncludePad: Bool) throws {
    var random = RandomSource(seed: 22)
    // The reference is in double too: there the bound allows for its rounding.
    let unit = dtype == .float32 ? 0x1p-24 : 0x1p-50
    for _ in 0..<500 {
      let draw = Draw(&random, dilated: false)
      let x = Tensor(NDArray(random.normals(draw.shape.elementCount), shape: draw.shape).converted(to: dtype)).recorded()
      let y = averagePool2d(
        x, kernel: draw.kernel, stride: draw.stride, padding: draw.padding, countIncludePad: countIncludePad,
        ceilMode: draw.ceilMode)
      let g = Tensor(NDArray(random.normals(y.count), shape: y.shape).converted(to: dtype))
      let (values, cotangents) = (x.doubles, g.doubles)
      var (expected, size) = ([Double](repeating: 0, count: y.count), [Double](repeating: 0, count: y.count))
      var (gradient, magnitudes) = ([Double](repeating: 0, count: x.count), [Double](repeating: 0, count: x.count))
      let shape = draw.forEachWindow { at, indices, area in
        let count = Double(countIncludePad ? area : indices.count)
        for index in indices {
          expected[at] += values[index] / count
          size[at] += abs(values[index]) / count
          gradient[index] += cotangents[at] / count
          magnitudes[index] += abs(cotangents[at]) / count
        }
      }
      #expect(y.shape == shape, "\(draw)")
      let terms = draw.kernel.0 * draw.kernel.1 + 1
      expectWithin(y.doubles, expected, size, terms: terms, unit, "\(draw)")
      expectWithin(
        try y.gradient(for: [x], cotangent: g)[0].doubles, gradient, magnitudes, terms: terms, unit, "gradient of \(draw)")
    }
  }
}
