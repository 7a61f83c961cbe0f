import CKernels

// Arrays [a, c, s] whose channels c are normalised, scaled or summed over a and s. Sums are in double, and each channel's in one
// order, so the bits do not depend on threads.

/// A kernel of one floating-point type over the channels of arrays [a, c, s].
private struct Channels {
  let (outer, count, inner): (Int, Int, Int)

  init(_ shape: Shape) { (outer, count, inner) = (shape[0], shape[1], shape[2]) }

  /// Runs `body` on each channel, channels in parallel.
  @inline(__always)
  func forEach(_ body: (_ channel: Int) -> Void) {
    Parallel.forEachRange(of: count, work: 8 * outer * inner) { range in for channel in range { body(channel) } }
  }
  /// Runs `body` on the first element of each run of a channel.
  @inline(__always)
  func forEachRun(_ channel: Int, _ body: (Int) -> Void) {
    for index in 0..<outer { body((index * count + channel) * inner) }
  }
}

extension NDArray {
  /// For x [a, c, s]: mean and population variance over a and s for each c, r = (variance + epsilon)^(−1/2), and (x − mean)·r.
  ///
  /// Two passes, the second corrected for the rounding of the mean (Chan, Golub & LeVeque 1983): a large mean does not
  /// drown a small variance.
  package func standardized(epsilon: Double) -> (values: NDArray, mean: NDArray, variance: NDArray, reciprocal: NDArray) {
    // Runs of a few elements cost a call each: bring each c together first.
    if shape[2] < 16 && shape[0] > 1 {
      let (values, mean, variance, reciprocal) = permuted([1, 0, 2]).reshaped(to: [1, shape[1], shape[0] * shape[2]])
        .standardized(epsilon: epsilon)
      let restored = values.reshaped(to: [shape[1], shape[0], shape[2]]).permuted([1, 0, 2])
      return (restored, mean, variance, reciprocal)
    }
    let channels = Channels(shape)
    func run<T: LayerScalar>(_: T.Type) -> (values: NDArray, mean: NDArray, variance: NDArray, reciprocal: NDArray) {
      var values: NDArray?
      let statistics = NDArray.building([3, channels.count], as: T.self) { statistics in
        values = NDArray.building(shape, as: T.self) { output in
          withUnsafeBufferPointer(as: T.self) { input in
            guard let x = input.baseAddress, let y = output.baseAddress, let s = statistics.baseAddress else { return }
            channels.forEach { standardize(x, y, s, channels, $0, epsilon) }
          }
        }
      }
      func row(_ index: Int) -> NDArray {
        statistics.sliced(axis: 0, start: index, count: 1).reshaped(to: [channels.count])
      }
      return (values ?? self, row(0), row(1), row(2))
    }
    return dtype == .float32 ? run(Float.self) : run(Double.self)
  }

  /// For cotangents g and standardized values x̂ [a, c, s], n = a·s: r·(g − Σg/n − x̂·Σgx̂/n) + (constant + slope·x̂)/n, with r,
  /// constant and slope [c].
  package static func standardizedCotangent(
    _ g: NDArray, _ values: NDArray, reciprocal: NDArray, constant: NDArray?, slope: NDArray?
  ) -> NDArray {
    let channels = Channels(g.shape)
    let n = Double(channels.outer * channels.inner)
    let (r, constants, slopes) = (reciprocal.doubles, constant?.doubles, slope?.doubles)
    func run<T: LayerScalar>(_: T.Type) -> NDArray {
      NDArray.building(g.shape, as: T.self) { output in
        g.withUnsafeBufferPointer(as: T.self) { g in
          values.withUnsafeBufferPointer(as: T.self) { values in
            guard let pg = g.baseAddress, let px = values.baseAddress, let y = output.baseAddress else { return }
            channels.forEach { channel in
              let (sum, dot) = sums(pg, px, channels, channel)
              let a = (constants?[channel] ?? 0) - r[channel] * sum
              let b = (slopes?[channel] ?? 0) - r[channel] * dot
              channels.forEachRun(channel) {
                T.combine(T(r[channel]), pg + $0, T(b / n), px + $0, T(a / n), y + $0, channels.inner)
              }
            }
          }
        }
      }
    }
    return g.dtype == .float32 ? run(Float.self) : run(Double.self)
  }

  /// Σg and Σgx for each channel of g and x [a, c, s].
  package static func channelSums(_ g: NDArray, _ x: NDArray) -> (sum: NDArray, dot: NDArray) {
    let channels = Channels(g.shape)
    func run<T: LayerScalar>(_: T.Type) -> (sum: NDArray, dot: NDArray) {
      let both = NDArray.building([2, channels.count], as: T.self) { output in
        g.withUnsafeBufferPointer(as: T.self) { g in
          x.withUnsafeBufferPointer(as: T.self) { x in
            output.initialize(repeating: 0)
            guard let pg = g.baseAddress, let px = x.baseAddress, let y = output.baseAddress else { return }
            channels.forEach { channel in
              let (sum, dot) = sums(pg, px, channels, channel)
              (y[channel], y[channels.count + channel]) = (T(sum), T(dot))
            }
          }
        }
      }
      func row(_ index: Int) -> NDArray { both.sliced(axis: 0, start: index, count: 1).reshaped(to: [channels.count]) }
      return (row(0), row(1))
    }
    return g.dtype == .float32 ? run(Float.self) : run(Double.self)
  }

  /// x·scale + shift for x [a, c, s] with scale and shift [c] (default shift: 0).
  package func scaledByChannel(_ scale: NDArray, shift: NDArray?) -> NDArray {
    let channels = Channels(shape)
    func run<T: LayerScalar>(_: T.Type) -> NDArray {
      let (scales, shifts) = (scale.scalars(as: T.self), shift?.scalars(as: T.self))
      return NDArray.building(shape, as: T.self) { output in
        withUnsafeBufferPointer(as: T.self) { input in
          guard let x = input.baseAddress, let y = output.baseAddress else { return }
          if channels.inner == 1 {
            Parallel.forEachRange(of: channels.outer, work: channels.count) { rows in
              for row in rows {
                let (x, y) = (x + row * channels.count, y + row * channels.count)
                T.zip(CK_MULTIPLY, x, 1, scales, 1, y, channels.count)
                if let shifts { T.zip(CK_ADD, y, 1, shifts, 1, y, channels.count) }
              }
            }
            return
          }
          Parallel.forEachRange(of: channels.outer * channels.count, work: channels.inner) { runs in
            for run in runs {
              let (channel, first) = (run % channels.count, run * channels.inner)
              T.affine(scales[channel], shifts?[channel] ?? 0, x + first, y + first, channels.inner)
            }
          }
        }
      }
    }
    return dtype == .float32 ? run(Float.self) : run(Double.self)
  }
}

private func sums<T: LayerScalar>(
  _ g: UnsafePointer<T>, _ x: UnsafePointer<T>, _ channels: Channels, _ channel: Int
) -> (sum: Double, dot: Double) {
  withUnsafeTemporaryAllocation(of: Double.self, capacity: 2) { sums in
    guard let pointer = sums.baseAddress else { return (0, 0) }
    sums.initialize(repeating: 0)
    channels.forEachRun(channel) { T.sumAndDot(g + $0, x + $0, pointer, channels.inner) }
    return (sums[0], sums[1])
  }
}

private func standardize<T: LayerScalar>(
  _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ statistics: UnsafeMutablePointer<T>, _ channels: Channels,
  _ channel: Int, _ epsilon: Double
) {
  let count = Double(channels.outer * channels.inner)
  var sum = 0.0
  channels.forEachRun(channel) { sum += T.reduceRun(CK_SUM, x + $0, channels.inner) }
  let center = sum / count
  // What the rounding of the mean left behind, and the squares around it.
  let (rest, squares) = withUnsafeTemporaryAllocation(of: Double.self, capacity: 2) { sums -> (Double, Double) in
    guard let pointer = sums.baseAddress else { return (0, 0) }
    sums.initialize(repeating: 0)
    channels.forEachRun(channel) { T.moments(x + $0, center, pointer, channels.inner) }
    return (sums[0] / count, sums[1] / count)
  }
  let (mean, variance) = (center + rest, max(0, squares - rest * rest))
  let reciprocal = 1 / (variance + epsilon).squareRoot()
  // The nearest number of type T is taken off first, where nothing is rounded that matters; then what it lacks.
  let near = T(mean)
  let shift = T((Double(near) - mean) * reciprocal)
  channels.forEachRun(channel) { T.standardize(near, T(reciprocal), shift, x + $0, y + $0, channels.inner) }
  statistics[channel] = near
  statistics[channels.count + channel] = T(variance)
  statistics[2 * channels.count + channel] = T(reciprocal)
}
