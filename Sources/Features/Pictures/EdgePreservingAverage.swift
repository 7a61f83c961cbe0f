import Foundation
import TensorCore

/// An average over the neighbourhood of each pixel that counts neighbours less the more they differ from it in a guide.
///
/// A Gaussian smooths across the edges of things and leaves a band around each that is neither the one nor the other: a
/// segmentation finds that band as a thing of its own. Weighting by likeness keeps both sides apart. Tomasi & Manduchi,
/// "Bilateral filtering for gray and color images", ICCV 1998; with a guide other than the picture, Petschnigg et al., "Digital
/// photography with flash and no-flash image pairs", SIGGRAPH 2004.
struct EdgePreservingAverage {
  let height: Int
  let width: Int
  /// Standard deviation of the weight over distance, in pixels; the window ends at twice that.
  let sigma: Double
  /// Standard deviation of the weight over difference, in units of the guide.
  let range: Double

  /// - Parameters:
  ///   - planes: what is averaged, each of H·W numbers.
  ///   - guide: what likeness is measured in, at least one plane of H·W numbers.
  func callAsFunction(_ planes: [[Double]], guide: [[Double]]) -> [[Double]] {
    let (values, guides) = (Self.interleaved(planes), Self.interleaved(guide))
    let depth = planes.count
    var output = [Double](repeating: 0, count: values.count)
    output.withUnsafeMutableBufferPointer { output in
      let target = UncheckedSendable(output)
      values.withUnsafeBufferPointer { values in
        guides.withUnsafeBufferPointer { guides in
          let (values, guides) = (UncheckedSendable(values), UncheckedSendable(guides))
          Parallel.forEach(height) { row in
            average(row, values.value, depth, guides.value, guide.count, into: target.value)
          }
        }
      }
    }
    return (0..<depth).map { plane in (0..<height * width).map { output[$0 * depth + plane] } }
  }

  private func average(
    _ row: Int, _ values: UnsafeBufferPointer<Double>, _ depth: Int, _ guide: UnsafeBufferPointer<Double>, _ guideDepth: Int,
    into output: UnsafeMutableBufferPointer<Double>
  ) {
    let radius = Int((2 * sigma).rounded(.up))
    let (overDistance, overDifference) = (1 / (2 * sigma * sigma), 1 / (2 * range * range))
    for column in 0..<width {
      let pixel = row * width + column
      var total = 0.0
      // At the border the window is cut, not mirrored: the weights are divided by their sum anyway.
      for y in max(0, row - radius)...min(height - 1, row + radius) {
        for x in max(0, column - radius)...min(width - 1, column + radius) {
          let other = y * width + x
          var difference = 0.0
          for plane in 0..<guideDepth {
            let step = guide[other * guideDepth + plane] - guide[pixel * guideDepth + plane]
            difference += step * step
          }
          let distance = Double((y - row) * (y - row) + (x - column) * (x - column))
          let weight = Foundation.exp(-distance * overDistance - difference * overDifference)
          total += weight
          for plane in 0..<depth { output[pixel * depth + plane] += weight * values[other * depth + plane] }
        }
      }
      for plane in 0..<depth { output[pixel * depth + plane] /= total }
    }
  }

  /// [H·W, planes]: all numbers of a pixel side by side.
  private static func interleaved(_ planes: [[Double]]) -> [Double] {
    guard let count = planes.first?.count else { return [] }
    return (0..<count).flatMap { pixel in planes.map { $0[pixel] } }
  }
}
