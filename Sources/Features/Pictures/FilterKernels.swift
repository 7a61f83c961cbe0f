import Autograd
import Foundation

/// Convolution kernels of the filter bank, as tensors [1, 1, height, width].
enum FilterKernels {
  /// Gaussian of standard deviation `sigma` pixels, cut at 3σ, sum 1; a row.
  static func gaussian(_ sigma: Double) -> [Double] {
    let radius = Int((3 * sigma).rounded(.up))
    let values = (-radius...radius).map { Foundation.exp(-Double($0 * $0) / (2 * sigma * sigma)) }
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
  }

  /// First derivative of the Gaussian, scaled so that a ramp of slope 1 gives 1; a row.
  static func gaussianDerivative(_ sigma: Double) -> [Double] {
    let radius = Int((3 * sigma).rounded(.up))
    let values = zip(-radius...radius, gaussian(sigma)).map { Double($0) * $1 }
    let response = zip(-radius...radius, values).reduce(0) { $0 + Double($1.0) * $1.1 }
    return values.map { $0 / response }
  }

  static func row(_ values: [Double]) -> Tensor { Tensor(values, shape: [1, 1, 1, values.count]) }
  static func column(_ values: [Double]) -> Tensor { Tensor(values, shape: [1, 1, values.count, 1]) }

  /// The even and the odd Gabor filter, [2, 1, n, n]: one octave wide, without mean, so that brightness alone gives nothing.
  ///
  /// Daugman, "Uncertainty relation for resolution in space, spatial frequency, and orientation", JOSA A 1985.
  /// - Parameters:
  ///   - wavelength: in pixels.
  ///   - orientation: of the wave's direction, in radians from horizontal.
  static func gabor(wavelength: Double, orientation: Double) -> Tensor {
    let sigma = 0.56 * wavelength
    let radius = Int((2.5 * sigma).rounded(.up))
    var (envelope, even, odd): ([Double], [Double], [Double]) = ([], [], [])
    for y in -radius...radius {
      for x in -radius...radius {
        let distance = Double(x) * Foundation.cos(orientation) + Double(y) * Foundation.sin(orientation)
        let phase = 2 * Double.pi / wavelength * distance
        let weight = Foundation.exp(-Double(x * x + y * y) / (2 * sigma * sigma))
        envelope.append(weight)
        even.append(weight * Foundation.cos(phase))
        odd.append(weight * Foundation.sin(phase))
      }
    }
    let total = envelope.reduce(0, +)
    let mean = even.reduce(0, +) / total
    let side = 2 * radius + 1
    return Tensor((zip(even, envelope).map { ($0 - mean * $1) / total }) + odd.map { $0 / total }, shape: [2, 1, side, side])
  }
}
