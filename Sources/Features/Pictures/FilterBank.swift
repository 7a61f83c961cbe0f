import Autograd
import Foundation

/// Describes each pixel of a picture by named channels: colour opponency, gradients, and texture from Gabor filters.
///
/// Channels come in three families. Each channel is brought to zero mean and unit variance over the picture (one that hardly
/// varies stays small), and each family is weighted so that its channels together carry the family's weight, however many
/// they are: distances between pixels then balance colour, edges and texture.
public struct FilterBank: Sendable {
  /// Features [H, W, D] in float32 with the names of their channels.
  public struct Description: Sendable {
    public let features: NDArray
    public let channelNames: [String]
  }

  /// Standard deviations of the smoothing of colours, in pixels.
  public var colorScales = [1.0, 4.0]
  /// Standard deviations of the derivatives, in pixels.
  public var gradientScales = [1.0, 2.0]
  /// Wavelengths of the Gabor filters, in pixels.
  public var wavelengths = [3.0, 6.0]
  /// Number of orientations of the Gabor filters over half a turn.
  public var orientations = 4
  /// Weights of the families.
  public var (colorWeight, gradientWeight, textureWeight) = (1.0, 0.2, 0.3)

  public init() {}

  /// - Parameter picture: [H, W, 1] or [H, W, 3], values 0 … 255, of any dtype; H and W at least 1.
  public func describe(_ picture: NDArray) -> Description {
    let (height, width, channels) = (picture.shape[0], picture.shape[1], picture.shape[2])
    let planes = Tensor(picture.converted(to: .float32)).permuted([2, 0, 1]).reshaped(to: [channels, 1, height, width]) / 255
    let opponents = Self.opponents(planes)
    let families = [
      (colorWeight, colors(opponents)), (gradientWeight, gradients(opponents[0].map)), (textureWeight, textures(opponents[0].map)),
    ]
    var (maps, names): ([[Double]], [String]) = ([], [])
    for (weight, family) in families {
      for channel in family {
        maps.append(Self.standardized(channel.map.doubles, weight: weight / Double(family.count).squareRoot()))
        names.append(channel.name)
      }
    }
    let features = NDArray.building([height, width, maps.count], as: Float.self) { output in
      for (channel, map) in maps.enumerated() {
        for (pixel, value) in map.enumerated() { output[pixel * maps.count + channel] = Float(value) }
      }
    }
    return Description(features: features, channelNames: names)
  }

  private struct Channel {
    let name: String
    /// [1, 1, H, W]
    let map: Tensor
  }

  /// Intensity and, for colour pictures, the two opponent axes.
  private static func opponents(_ planes: Tensor) -> [Channel] {
    let plane = { (index: Int) in Tensor(planes.value.sliced(axis: 0, start: index, count: 1)) }
    if planes.shape[0] < 3 { return [Channel(name: "intensity", map: plane(0))] }
    let (red, green, blue) = (plane(0), plane(1), plane(2))
    return [
      Channel(name: "intensity", map: (red + green + blue) / 3),
      Channel(name: "red against green", map: red + green * -1),
      Channel(name: "blue against yellow", map: blue + (red + green) * -0.5),
    ]
  }

  private func colors(_ opponents: [Channel]) -> [Channel] {
    colorScales.flatMap { sigma in
      opponents.map { Channel(name: "\($0.name), σ = \(text(sigma)) px", map: smoothed($0.map, sigma)) }
    }
  }

  /// Local strength of horizontal and vertical change.
  private func gradients(_ intensity: Tensor) -> [Channel] {
    gradientScales.flatMap { sigma -> [Channel] in
      let (smooth, derivative) = (FilterKernels.gaussian(sigma), FilterKernels.gaussianDerivative(sigma))
      let across = filtered(intensity, rows: smooth, columns: derivative)
      let down = filtered(intensity, rows: derivative, columns: smooth)
      return [("horizontal", across), ("vertical", down)].map { name, response in
        Channel(name: "\(name) gradient, σ = \(text(sigma)) px", map: smoothed(abs(response), 1.5 * sigma))
      }
    }
  }

  /// Gabor energy √(even² + odd²), smoothed over about a wavelength.
  private func textures(_ intensity: Tensor) -> [Channel] {
    wavelengths.flatMap { wavelength in
      (0..<orientations).map { index -> Channel in
        let angle = Double.pi * Double(index) / Double(orientations)
        let kernel = FilterKernels.gabor(wavelength: wavelength, orientation: angle)
        let responses = conv2d(reflected(intensity, kernel.shape[2] / 2, kernel.shape[3] / 2), kernel)
        let energy = sqrt((responses * responses).sum(along: [1], keepingAxes: true))
        let degrees = text(180 * Double(index) / Double(orientations))
        return Channel(name: "texture \(text(wavelength)) px, \(degrees)°", map: smoothed(energy, 0.5 * wavelength))
      }
    }
  }

  private func smoothed(_ map: Tensor, _ sigma: Double) -> Tensor {
    let kernel = FilterKernels.gaussian(sigma)
    return filtered(map, rows: kernel, columns: kernel)
  }

  /// A separable filter: `columns` along each row, `rows` down each column.
  private func filtered(_ map: Tensor, rows: [Double], columns: [Double]) -> Tensor {
    let padded = reflected(map, rows.count / 2, columns.count / 2)
    return conv2d(conv2d(padded, FilterKernels.row(columns)), FilterKernels.column(rows))
  }

  /// Mirrored at the border, so that the border is no edge; mirrored again where the picture is smaller than the kernel.
  private func reflected(_ map: Tensor, _ vertical: Int, _ horizontal: Int) -> Tensor {
    let (height, width) = (map.shape[2], map.shape[3])
    func mirrored(_ index: Int, _ count: Int) -> Int {
      let period = 2 * count
      let folded = ((index % period) + period) % period
      return folded < count ? folded : period - 1 - folded
    }
    let shape: Shape = [1, 1, height + 2 * vertical, width + 2 * horizontal]
    return map.value.withUnsafeBufferPointer(as: Float.self) { source in
      Tensor(
        NDArray.building(shape, as: Float.self) { target in
          for y in 0..<shape[2] {
            let row = mirrored(y - vertical, height) * width
            for x in 0..<shape[3] { target[y * shape[3] + x] = source[row + mirrored(x - horizontal, width)] }
          }
        })
    }
  }

  /// Zero mean, standard deviation `weight`; below one grey level of variation, the level counts as the unit.
  private static func standardized(_ values: [Double], weight: Double) -> [Double] {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
    let factor = weight / max(deviation, 1 / 255)
    // A constant channel may be one rounding away from its mean; it has to be exactly zero.
    return values.map { $0 == values[0] && deviation < 1e-12 ? 0 : ($0 - mean) * factor }
  }

  private func text(_ value: Double) -> String {
    value == value.rounded() ? String(Int(value)) : String(value)
  }
}
