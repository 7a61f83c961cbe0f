import Autograd
import Foundation

/// Describes each pixel of a picture by named channels: opponent colours, gradients, and texture from Gabor filters.
///
/// All lengths are in pixels of the grid that is described. Filters run on the picture at up to twice the resolution of the
/// grid, and their responses are averaged down to it: edges stay where they are, and texture finer than the grid counts.
///
/// Channels come in families. Each channel is brought to zero mean and to the standard deviation that is its weight; a channel
/// that varies by less than can be noticed stays small, and a constant one is exactly zero. Squared distances between pixels
/// then add up the families in the ratio of their squared weights.
///
/// The defaults were chosen by eye, on photographs, and by the share of pixels whose segment belongs to the marked region that
/// they lie in, on one that was marked by hand: 0.91 on average over 3 to 8 segments. In the neighbourhood that was tried,
/// scales and the weights of detail and texture moved that share by about 0.01; the balance of lightness and hue matters more
/// (see ``lightnessWeight``).
public struct FilterBank: Sendable {
  /// Features [H, W, D] in float32 with the names of their channels.
  public struct Description: Sendable {
    /// [H, W, D] float32.
    public let features: NDArray
    /// One for each of the D channels.
    public let channelNames: [String]
  }

  /// Scale of the colour of the pixel itself, in pixels: enough to remove noise, too little to lose a window frame.
  public var detailScale = 1.5
  /// Scale of the colour of the surroundings and of the pooling of gradients and texture, as a share of √(height · width):
  /// what belongs together depends on the picture and not on the grid. It says that the dark windows of a red house belong to
  /// something red, and the shade of a tree to something green.
  public var surroundShare = 0.1
  /// Standard deviations of the derivatives, in pixels.
  public var gradientScales = [1.0, 2.0]
  /// Wavelengths of the Gabor filters, in pixels. At least 2.5, so that a picture no larger than the grid can carry them.
  public var wavelengths = [2.5, 5.0]
  /// Number of orientations of the Gabor filters over half a turn.
  public var orientations = 4

  /// Weight of the colour of the surroundings. The unit: the others are relative to it.
  public var surroundWeight = 1.0
  /// Weight of the colour of the pixel itself: as strong as the surroundings, it would cut a tiled roof into its tiles.
  public var detailWeight = 0.35
  /// Weight of texture: what separates leaves from water. More than this, and the response that every filter has a little
  /// outside an edge shows again as a band around things.
  public var textureWeight = 0.25
  /// Weight of gradients: they mark the edges of things rather than things.
  public var gradientWeight = 0.1
  /// Weight of lightness and of each opponent axis inside a family of colours; their squares sum to about 3, one per channel.
  /// Lightness is the lower, because light and shadow fall on one thing where its hue stays the same: at equal weights a shaded
  /// building and a shaded tree become one segment.
  public var (lightnessWeight, opponentWeight) = (0.7, 1.2)

  /// With the defaults above; set what should differ.
  public init() {}

  /// Describes `picture` on a grid of its own size.
  ///
  /// - Parameter picture: [H, W, 1] or [H, W, 3], sRGB values in 0 … 255, of any dtype; H and W at least 1.
  public func describe(_ picture: NDArray) -> Description {
    describe(picture, height: picture.shape[0], width: picture.shape[1])
  }

  /// Describes `picture` on a grid of `height` × `width`, usually smaller than the picture (see ``PictureScaling``).
  public func describe(_ picture: NDArray, height: Int, width: Int) -> Description {
    // Beyond twice the grid, filters would cost more than they tell.
    let factor = max(1, min(2, picture.shape[0] / height, picture.shape[1] / width))
    let fine = OpponentColor(PictureScaling.areaAverage(picture, height: factor * height, width: factor * width))
    let grid = Grid(height: height, width: width, factor: factor)
    let channels = channels(fine, grid)
    let maps = channels.map(\.standardized)
    let features = NDArray.building([height, width, maps.count], as: Float.self) { output in
      for (channel, map) in maps.enumerated() {
        for (pixel, value) in map.enumerated() { output[pixel * maps.count + channel] = Float(value) }
      }
    }
    return Description(features: features, channelNames: channels.map(\.name))
  }

  private func channels(_ fine: OpponentColor, _ grid: Grid) -> [FilterChannel] {
    let colors = fine.planes.map(grid.averaged)
    // 12 units: five noticeable differences, so that noise is averaged and an edge is not.
    let detail = EdgePreservingAverage(height: grid.height, width: grid.width, sigma: detailScale, range: 12)(
      colors, guide: colors)
    // Likeness of surroundings is mainly one of lightness: a house in several colours is to be one, a house and the sky two.
    let guide = detail.enumerated().map { axis, plane in axis == 0 ? plane : plane.map { 0.5 * $0 } }
    let lightness = FilterPlane(fine.planes[0], height: grid.factor * grid.height, width: grid.factor * grid.width)
    let (edges, waves) = (gradients(lightness, grid), textures(lightness, grid))
    // Whole pixels for the sake of the channels' names; never finer than the detail.
    let surroundScale = max(2 * detailScale, (surroundShare * Double(grid.height * grid.width).squareRoot()).rounded())
    let pool = EdgePreservingAverage(height: grid.height, width: grid.width, sigma: surroundScale, range: 15)
    let pooled = pool(colors + (edges + waves).map(\.values), guide: guide)

    var channels = colorFamily(detail, detailScale, detailWeight)
    channels += colorFamily(Array(pooled.prefix(colors.count)), surroundScale, surroundWeight)
    for (channel, values) in zip(edges + waves, pooled.dropFirst(colors.count)) {
      channels.append(FilterChannel(name: channel.name, values: values, weight: channel.weight, floor: channel.floor))
    }
    return channels
  }

  /// Every axis by its own variation: a picture in two colours differs along one axis only.
  private func colorFamily(_ planes: [[Double]], _ sigma: Double, _ weight: Double) -> [FilterChannel] {
    zip(OpponentColor.names, planes).enumerated().map { axis, channel in
      FilterChannel(
        name: "\(channel.0), σ = \(text(sigma)) px", values: channel.1,
        weight: weight * (axis == 0 ? lightnessWeight : opponentWeight) / Double(3).squareRoot(),
        floor: OpponentColor.noticeable)
    }
  }

  /// Local strength of horizontal and vertical change, saturating like texture.
  private func gradients(_ lightness: FilterPlane, _ grid: Grid) -> [FilterChannel] {
    gradientScales.flatMap { sigma -> [FilterChannel] in
      let scale = sigma * Double(grid.factor)
      let (smooth, derivative) = (FilterKernels.gaussian(scale), FilterKernels.gaussianDerivative(scale))
      // Per σ, so that an edge counts alike at every scale.
      let strengths = [(smooth, derivative), (derivative, smooth)].map { rows, columns in
        abs(lightness.filtered(rows: rows, columns: columns)) * scale
      }
      return named(
        saturated(strengths), ["horizontal", "vertical"].map { "\($0) gradient, σ = \(text(sigma)) px" }, grid,
        weight: gradientWeight / Double(2 * gradientScales.count).squareRoot())
    }
  }

  /// Gabor amplitude √(even² + odd²) over the orientations.
  private func textures(_ lightness: FilterPlane, _ grid: Grid) -> [FilterChannel] {
    wavelengths.flatMap { wavelength -> [FilterChannel] in
      let angles = (0..<orientations).map { Double.pi * Double($0) / Double(orientations) }
      let amplitudes = angles.map { angle in
        let responses = lightness.filtered(
          FilterKernels.gabor(wavelength: wavelength * Double(grid.factor), orientation: angle))
        return sqrt((responses * responses).sum(along: [1], keepingAxes: true))
      }
      let names = angles.map { "texture \(text(wavelength)) px, \(text((180 * $0 / .pi * 10).rounded() / 10))°" }
      return named(
        saturated(amplitudes), names, grid, weight: textureWeight / Double(wavelengths.count * orientations).squareRoot())
    }
  }

  /// Divisive normalisation (Heeger, "Normalization of cell responses in cat striate cortex", Visual Neuroscience 1992): each
  /// response by the sum over all, which keeps orientation and forgets contrast, so that one strong edge does not outshine a
  /// whole tree. Responses well below 5 units of lightness stay proportional to contrast: noise has no texture.
  private func saturated(_ responses: [Tensor]) -> [Tensor] {
    let total = responses.dropFirst().reduce(responses[0], +) + 5
    return responses.map { $0 / total }
  }

  private func named(_ maps: [Tensor], _ names: [String], _ grid: Grid, weight: Double) -> [FilterChannel] {
    zip(maps, names).map { map, name in
      // The largest response is 1; below a fiftieth, variation is noise.
      FilterChannel(name: name, values: grid.averaged(map.value.doubles), weight: weight, floor: 0.02)
    }
  }

  private func text(_ value: Double) -> String {
    value == value.rounded() ? String(Int(value)) : String(value)
  }
}

/// The grid of pixels that is described, and how much finer the filters see.
private struct Grid {
  let height: Int
  let width: Int
  let factor: Int

  /// The mean over the `factor` × `factor` fine pixels of each pixel of the grid.
  func averaged(_ plane: [Double]) -> [Double] {
    if factor == 1 { return plane }
    let area = Double(factor * factor)
    return (0..<height * width).map { pixel in
      let first = (pixel / width * width * factor + pixel % width) * factor
      var sum = 0.0
      for row in 0..<factor {
        for column in 0..<factor { sum += plane[first + row * width * factor + column] }
      }
      return sum / area
    }
  }
}

private struct FilterChannel {
  let name: String
  let values: [Double]
  /// The standard deviation that the channel gets.
  let weight: Double
  /// The variation, in units of `values`, below which a channel is not blown up to its weight.
  let floor: Double

  var standardized: [Double] {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
    // What rounding leaves of a constant channel has to be exactly zero: distances are measured in units of themselves.
    if deviation < 1e-3 * floor { return values.map { _ in 0 } }
    return values.map { ($0 - mean) * weight / max(deviation, floor) }
  }
}
