import CKernels

/// A float32 convolution tap by tap in the plain layout, for few channels in a group: a product would be too thin there, and
/// blocks of channels would be filled with zeros. Units of work are images × groups.
struct DirectConvolution {
  let shape: Convolution2DShape

  /// Floats of one strip of results, four channels of which stay in the first-level cache.
  private static let strip = 2048
  /// Results beyond this are not read again from any cache: they are written past them.
  private static let streamedBytes = 1 << 25

  func run(_ operand: ConvolutionOperand, _ operands: ConvolutionOperands<Float>) {
    switch operand {
    case .output: convolve(operands)
    case .input: inputGradient(operands)
    case .weight: weightGradient(operands)
    }
  }

  private func convolve(_ operands: ConvolutionOperands<Float>) {
    let (planes, depth, plane) = (InputPhases(shape), shape.inputDepth, shape.output.area)
    let offsets = (0..<depth).flatMap { channel in planes.offsets.map { channel * planes.count + $0 } }
    let streams = 4 * shape.outputShape.elementCount > Self.streamedBytes
    let strips = Strips(shape.output, stride: planes.stride, atMost: Self.strip)
    Parallel.forEachRange(of: shape.batch * shape.groups, work: shape.outputDepth * shape.taps * plane) { units in
      withScratch(Float.self, depth * planes.count + planeSlack + 4 * strips.count) { memory in
        let results = memory + depth * planes.count + planeSlack
        (memory + depth * planes.count).update(repeating: 0, count: planeSlack)
        for unit in units {
          for channel in 0..<depth {
            planes.gather(
              operands.x + (unit * depth + channel) * shape.input.area, into: memory + channel * planes.count)
          }
          let weights = operands.w + unit % shape.groups * shape.outputDepth * shape.taps
          let target = operands.y + unit * shape.outputDepth * plane
          strips.forEach(shape.outputDepth) { rows, channels in
            ck_taps_f32(
              memory + rows.lowerBound * planes.stride, offsets, shape.taps, weights + channels.lowerBound * shape.taps,
              channels.count, shape.taps, results, strips.count, strips.length(rows))
            for channel in channels {
              ck_copy_rows_f32(
                results + (channel - channels.lowerBound) * strips.count, planes.stride,
                target + channel * plane + rows.lowerBound * shape.output.width, rows.count, shape.output.width,
                streams ? 1 : 0)
            }
          }
        }
        if streams { ck_stream_end() }
      }
    }
  }

  private func inputGradient(_ operands: ConvolutionOperands<Float>) {
    let (planes, depth, plane) = (CotangentPhases(shape), shape.outputDepth, shape.output.area)
    let area = shape.window.kernel.area
    let strips = Strips(planes.size, stride: planes.stride, atMost: Self.strip)
    let phases = planes.phases.map { phase in
      (phase, offsets: (0..<depth).flatMap { channel in phase.offsets.map { channel * planes.count + $0 } })
    }
    Parallel.forEachRange(of: shape.batch * shape.groups, work: depth * shape.taps * plane) { units in
      withScratch(Float.self, depth * planes.count + planeSlack + 4 * strips.count + depth * shape.taps) { memory in
        let results = memory + depth * planes.count + planeSlack
        let weights = results + 4 * strips.count
        (memory + depth * planes.count).update(repeating: 0, count: planeSlack)
        for unit in units {
          for channel in 0..<depth {
            planes.gather(operands.y + (unit * depth + channel) * plane, into: memory + channel * planes.count)
          }
          let target = operands.x + unit * shape.inputDepth * shape.input.area
          if !planes.coversInput { target.update(repeating: 0, count: shape.inputDepth * shape.input.area) }
          for (phase, offsets) in phases {
            sort(operands.w + unit % shape.groups * depth * shape.taps, taps: phase.taps, area, into: weights)
            strips.forEach(shape.inputDepth) { rows, channels in
              ck_taps_f32(
                memory + rows.lowerBound * planes.stride, offsets, offsets.count,
                weights + channels.lowerBound * offsets.count, channels.count, offsets.count, results, strips.count,
                strips.length(rows))
              for channel in channels {
                planes.scatter(
                  results + (channel - channels.lowerBound) * strips.count, rows: rows, of: phase,
                  to: target + channel * shape.input.area)
              }
            }
          }
        }
      }
    }
  }

  /// Weights [o, c, tap] of some taps as [c, o, tap].
  private func sort(_ w: UnsafePointer<Float>, taps: [Int], _ area: Int, into weights: UnsafeMutablePointer<Float>) {
    var next = weights
    for channel in 0..<shape.inputDepth {
      for output in 0..<shape.outputDepth {
        for tap in taps {
          next.pointee = w[(output * shape.inputDepth + channel) * area + tap]
          next += 1
        }
      }
    }
  }

  /// Sums over parts of the batch, each over its images in order, then over the parts in order, in double.
  private func weightGradient(_ operands: ConvolutionOperands<Float>) {
    let (planes, depth) = (InputPhases(shape), shape.inputDepth)
    let offsets = (0..<depth).flatMap { channel in planes.offsets.map { channel * planes.count + $0 } }
    let wanted = (7 + shape.groups) / shape.groups
    let parts = EqualPieces(shape.batch, atMost: (shape.batch + wanted - 1) / wanted)
    let (each, count) = (shape.outputDepth * shape.taps, shape.weightShape.elementCount)
    withScratch(Double.self, parts.pieces * count) { sums in
      sums.update(repeating: 0, count: parts.pieces * count)
      Parallel.forEachRange(of: parts.pieces * shape.groups, work: each * shape.output.area * parts.size) { units in
        let run = (shape.output.height * planes.stride + 15) / 16 * 16
        withScratch(Float.self, depth * planes.count + planeSlack + 8 * run) { memory in
          let cotangents = memory + depth * planes.count + planeSlack
          (memory + depth * planes.count).update(repeating: 0, count: planeSlack + 8 * run)
          for unit in units {
            let (part, group) = unit.quotientAndRemainder(dividingBy: shape.groups)
            for image in parts[part] {
              let plot = image * shape.groups + group
              for channel in 0..<depth {
                planes.gather(
                  operands.x + (plot * depth + channel) * shape.input.area, into: memory + channel * planes.count)
              }
              add(
                memory, offsets, operands.y + plot * shape.outputDepth * shape.output.area, cotangents, planes.stride, run,
                to: sums + part * count + group * each)
            }
          }
        }
      }
      for index in 0..<count {
        var sum = 0.0
        for part in 0..<parts.pieces { sum += sums[part * count + index] }
        operands.w[index] = Float(sum)
      }
    }
  }

  /// Adds one image's products of cotangents and taps, eight output channels at a time. Between the rows of `cotangents` stand
  /// zeros, so that the runs may go through.
  private func add(
    _ planes: UnsafePointer<Float>, _ offsets: [Int], _ g: UnsafePointer<Float>, _ cotangents: UnsafeMutablePointer<Float>,
    _ stride: Int, _ run: Int, to sums: UnsafeMutablePointer<Double>
  ) {
    let size = shape.output
    for first in Swift.stride(from: 0, to: shape.outputDepth, by: 8) {
      let channels = min(8, shape.outputDepth - first)
      for channel in 0..<channels {
        for row in 0..<size.height {
          (cotangents + channel * run + row * stride).update(
            from: g + ((first + channel) * size.height + row) * size.width, count: size.width)
        }
      }
      ck_tap_dots_f32(planes, offsets, shape.taps, cotangents, channels, run, sums + first * shape.taps, run)
    }
  }
}

/// Rows of a plane of results in strips of limited length, and channels in blocks of four.
private struct Strips {
  private let width: Int
  private let stride: Int
  private let rows: EqualPieces
  /// Floats of one channel of a strip, what the kernel writes behind it included.
  let count: Int

  init(_ size: Size2D, stride: Int, atMost limit: Int) {
    (width, self.stride) = (size.width, stride)
    rows = EqualPieces(size.height, atMost: max(1, limit / stride))
    count = (rows.size * stride + 63) / 64 * 64
  }

  /// Floats from the first entry of the first row to the last of the last.
  func length(_ rows: Range<Int>) -> Int { (rows.count - 1) * stride + width }

  @inline(__always)
  func forEach(_ channels: Int, _ body: (_ rows: Range<Int>, _ channels: Range<Int>) -> Void) {
    for piece in 0..<rows.pieces {
      for first in Swift.stride(from: 0, to: channels, by: 4) { body(rows[piece], first..<min(channels, first + 4)) }
    }
  }
}
