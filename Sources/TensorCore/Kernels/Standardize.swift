import CKernels

extension NDArray {
  /// For x [a, c, s]: mean and population variance over a and s for each c, r = (variance + epsilon)^(−1/2), and (x − mean)·r.
  ///
  /// Two passes, the second corrected for the rounding of the mean (Chan, Golub & LeVeque 1983): a large mean does not
  /// drown a small variance. Sums are in double; each c is summed in one order, so the bits do not depend on threads.
  package func standardized(epsilon: Double) -> (values: NDArray, mean: NDArray, variance: NDArray, reciprocal: NDArray) {
    // Runs of a few elements cost a call each: bring each c together first.
    if shape[2] < 16 && shape[0] > 1 {
      let (values, mean, variance, reciprocal) = permuted([1, 0, 2]).reshaped(to: [1, shape[1], shape[0] * shape[2]])
        .standardized(epsilon: epsilon)
      let restored = values.reshaped(to: [shape[1], shape[0], shape[2]]).permuted([1, 0, 2])
      return (restored, mean, variance, reciprocal)
    }
    func run<T: RealScalar>(_: T.Type) -> (values: NDArray, mean: NDArray, variance: NDArray, reciprocal: NDArray) {
      let channels = shape[1]
      var values: NDArray?
      let statistics = NDArray.building([3, channels], as: T.self) { statistics in
        values = NDArray.building(shape, as: T.self) { output in
          withUnsafeBufferPointer(as: T.self) { input in
            guard let x = input.baseAddress, let y = output.baseAddress, let s = statistics.baseAddress else { return }
            let extents = (shape[0], shape[1], shape[2])
            Parallel.forEachRange(of: channels, work: 8 * shape[0] * shape[2]) { range in
              for channel in range { standardize(x, y, s, extents, channel, epsilon) }
            }
          }
        }
      }
      func row(_ index: Int) -> NDArray {
        statistics.sliced(axis: 0, start: index, count: 1).reshaped(to: [channels])
      }
      return (values ?? self, row(0), row(1), row(2))
    }
    return withRealType(dtype, "standardized") { run($0) }
  }
}

private func standardize<T: RealScalar>(
  _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ statistics: UnsafeMutablePointer<T>, _ extents: (Int, Int, Int),
  _ channel: Int, _ epsilon: Double
) {
  let (outer, channels, inner) = extents
  let count = Double(outer * inner)
  func forEachRun(_ body: (Int) -> Void) { for index in 0..<outer { body((index * channels + channel) * inner) } }
  var sum = 0.0
  forEachRun { sum += T.reduceRun(CK_SUM, x + $0, inner) }
  let mean = sum / count
  var (rest, squares) = (0.0, 0.0)
  forEachRun {
    T.affine(1, -T(mean), x + $0, y + $0, inner)
    rest += T.reduceRun(CK_SUM, y + $0, inner)
    squares += T.dot(y + $0, y + $0, inner)
  }
  // What the rounded mean left behind.
  rest /= count
  let variance = max(0, squares / count - rest * rest)
  let reciprocal = 1 / (variance + epsilon).squareRoot()
  forEachRun { T.affine(T(reciprocal), T(-rest * reciprocal), y + $0, y + $0, inner) }
  statistics[channel] = T(mean)
  statistics[channels + channel] = T(variance)
  statistics[2 * channels + channel] = T(reciprocal)
}
