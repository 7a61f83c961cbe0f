import CKernels
import Foundation
import TensorCore
import Testing

/// Kernels of the inference plan against plain loops in double precision.
@Suite struct PlanKernelTests {
  /// Pictures with their channels in blocks of 16.
  private struct Blocked {
    let channels, height, width: Int
    var blocks: Int { (channels + 15) / 16 }
    func count(_ batch: Int) -> Int { batch * blocks * height * width * 16 }
    func place(_ image: Int, _ channel: Int, _ row: Int, _ column: Int) -> Int {
      (((image * blocks + channel / 16) * height + row) * width + column) * 16 + channel % 16
    }
  }

  private struct Case: Sendable {
    var batch, inputs, outputs, stride: Int
    var size: (height: Int, width: Int)
    var padding = 1
  }

  private static let cases = [
    Case(batch: 1, inputs: 32, outputs: 32, stride: 1, size: (9, 7)),
    Case(batch: 2, inputs: 41, outputs: 64, stride: 1, size: (13, 12)),
    Case(batch: 5, inputs: 40, outputs: 32, stride: 1, size: (16, 16)),
    Case(batch: 3, inputs: 17, outputs: 32, stride: 1, size: (6, 21), padding: 0),
    Case(batch: 1, inputs: 16, outputs: 32, stride: 1, size: (1, 1)),
    Case(batch: 3, inputs: 33, outputs: 96, stride: 2, size: (13, 16)),
    Case(batch: 2, inputs: 64, outputs: 32, stride: 2, size: (9, 11)),
    Case(batch: 4, inputs: 20, outputs: 32, stride: 2, size: (16, 32), padding: 2),
  ]

  @Test(arguments: cases.indices, [false, true])
  func winograd(index: Int, isAfterwards: Bool) {
    let this = Self.cases[index]
    let x = Blocked(channels: this.inputs, height: this.size.height, width: this.size.width)
    func extent(_ size: Int) -> Int { (size + 2 * this.padding - 3) / this.stride + 1 }
    let y = Blocked(channels: this.outputs, height: extent(x.height), width: extent(x.width))
    var random = RandomSource(seed: 11)
    func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.uniform() - 0.5) } }
    // What fills up the last block is never read.
    let (input, weight, bias) = (numbers(x.count(this.batch)), numbers(this.outputs * this.inputs * 9), numbers(this.outputs))
    var shape = ck_winograd()
    (shape.batch, shape.inputs, shape.outputs, shape.stride) = (this.batch, this.inputs, this.outputs, this.stride)
    (shape.input, shape.output, shape.padding) = (
      (x.height, x.width), (y.height, y.width), (this.padding, this.padding)
    )
    var packed = [Float](repeating: .nan, count: ck_winograd_packed(&shape))
    ck_winograd_pack(&shape, weight, &packed)
    var scratch = [Float](repeating: .nan, count: ck_winograd_scratch(&shape))
    let before = numbers(y.count(this.batch))
    var found = before
    ck_winograd_f32(&shape, input, packed, bias, isAfterwards ? 1 : 0, isAfterwards ? 1 : 0, &found, &scratch)
    var (error, largest) = (0.0, 0.0)
    for image in 0..<this.batch {
      for (output, row, column) in product(this.outputs, y.height, y.width) {
        var sum = Double(bias[output])
        for (channel, i, j) in product(this.inputs, 3, 3) {
          let (r, c) = (row * this.stride + i - this.padding, column * this.stride + j - this.padding)
          guard 0..<x.height ~= r, 0..<x.width ~= c else { continue }
          sum += Double(input[x.place(image, channel, r, c)]) * Double(weight[((output * this.inputs + channel) * 3 + i) * 3 + j])
        }
        let place = y.place(image, output, row, column)
        if isAfterwards { sum = max(0, sum + Double(before[place])) }
        error = max(error, abs(sum - Double(found[place])))
        largest = max(largest, abs(sum))
      }
    }
    #expect(error < 4e-6 * largest)
  }

  private func product(_ a: Int, _ b: Int, _ c: Int) -> [(Int, Int, Int)] {
    (0..<a * b * c).map { ($0 / (b * c), $0 / c % b, $0 % c) }
  }

  @Test func geluToItsBound() {
    var x = (0...40_000).map { Float($0 - 20_000) / 1000 } + [.infinity, -.infinity, 1e30, -1e30, 0]
    let given = x
    ck_gelu_short_f32(&x, x.count)
    for (value, found) in zip(given, x) {
      let exact = value == -.infinity ? 0 : 0.5 * Double(value) * erfc(-Double(value) / 2.0.squareRoot())
      #expect(Double(found) == exact || abs(Double(found) - exact) <= 2e-7 * max(1, Double(abs(value))), "\(value)")
    }
    var none = [Float.nan]
    ck_gelu_short_f32(&none, 1)
    #expect(none[0].isNaN)
  }

  /// Windows of all kinds of width, and pictures that they do not cover.
  @Test(arguments: [1, 2, 3, 4, 7], [1, 2, 5])
  func meansOfGelu(kh: Int, kw: Int) {
    let (planes, rows, columns) = (3, 2, 3)
    let (h, w) = (rows * kh + 1, columns * kw + (kw > 1 ? 1 : 0))
    var random = RandomSource(seed: 12)
    let x: [Float] = random.normals(planes * h * w * 16).map { Float(2 * $0) }
    var y = [Float](repeating: .nan, count: planes * rows * columns * 16)
    ck_gelu_average_f32(x, planes, h, w, rows, columns, kh, kw, &y)
    for index in y.indices {
      let (lane, place) = (index % 16, index / 16)
      let (column, row, plane) = (place % columns, place / columns % rows, place / (columns * rows))
      var sum = 0.0
      for i in 0..<kh {
        for j in 0..<kw {
          let v = Double(x[((plane * h + row * kh + i) * w + column * kw + j) * 16 + lane])
          sum += 0.5 * v * erfc(-v / 2.0.squareRoot())
        }
      }
      #expect(abs(Double(y[index]) - sum / Double(kh * kw)) < 1e-6)
    }
  }
}
