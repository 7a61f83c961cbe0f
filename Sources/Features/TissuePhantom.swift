import Foundation
import TensorCore

/// A generated multiplex tissue picture in which it is known which channels make which region.
///
/// Contiguous tissue regions hold cells: Gaussian blobs with a nucleus (DAPI, everywhere) and a body around it. Each region has
/// planted markers, expressed in its cells and as a haze between them; other channels carry cells, gradients and noise that know
/// nothing of the regions. Intensities are background-subtracted: noise may make them slightly negative.
/// The same configuration and seed give the same bits.
public struct TissuePhantom: Sendable {
  public struct Configuration: Sendable, Equatable {
    /// In pixels.
    public var height = 96
    /// In pixels.
    public var width = 96
    /// Number of tissue regions.
    public var regions = 4
    /// Markers planted in each region. Strengths fall from 1 to 0.4, so that they can be ranked.
    public var plantedPerRegion = 3
    /// Share of a planted marker's strength that appears in one other region too: 0 (exclusive) to 1 (no difference).
    public var overlap = 0.25
    /// Standard deviation of the noise, in units of the strongest marker, before the channel's gain.
    public var noise = 0.05
    /// Channels that know nothing of the regions, beside DAPI.
    public var uninformativeChannels = 11
    /// Standard deviation of the optical blur, in pixels; it acts on the cells, not on the noise.
    public var smoothing = 0.8
    /// Standard deviation of the logarithm of the channels' gains: 0 gives all channels the same scale.
    public var gainSpread = 0.4
    /// Mean number of pixels per cell.
    public var pixelsPerCell = 24.0

    public init() {}

    /// DAPI, planted and uninformative channels together. Default: 24.
    public var channels: Int { 1 + regions * plantedPerRegion + uninformativeChannels }

    /// - Throws: `TensorError.argument` naming the first parameter outside its domain.
    public func validate() throws(TensorError) {
      func require(_ condition: Bool, _ message: String) throws(TensorError) {
        if !condition { throw .argument("TissuePhantom", message) }
      }
      try require(regions >= 1, "regions = \(regions), at least 1 is needed")
      try require(plantedPerRegion >= 0, "plantedPerRegion = \(plantedPerRegion) is negative")
      try require(uninformativeChannels >= 0, "uninformativeChannels = \(uninformativeChannels) is negative")
      try require(
        height >= 8 && width >= 8 && height * width >= 64 * regions,
        "\(height) × \(width) pixels are too few for \(regions) regions: at least 64 pixels each, and 8 in each direction")
      try require((0...1).contains(overlap), "overlap = \(overlap) is outside 0…1")
      for (name, value) in [("noise", noise), ("smoothing", smoothing), ("gainSpread", gainSpread)] {
        try require(value >= 0 && value <= 100, "\(name) = \(value) is outside 0…100")
      }
      try require(pixelsPerCell >= 4 && pixelsPerCell.isFinite, "pixelsPerCell = \(pixelsPerCell) is below 4")
    }
  }

  public let configuration: Configuration
  /// The picture, [H, W, C] float32. Channel 0 is DAPI; the others stand in an order drawn from the seed.
  public let features: NDArray
  /// One distinct name per channel.
  public let markerNames: [String]
  /// The true region of each pixel, row-major, 0 ..< `regions`; every region is contiguous.
  public let regions: [Int]
  /// Which channels are planted in each region, strongest first. No channel is planted twice.
  public let planted: [Int: [Int]]
  /// The strengths of the planted channels, in the order of ``planted``, before gain.
  public let strengths: [Int: [Double]]
  /// The factor of each channel.
  public let gains: [Double]

  /// Traps if `configuration` is not valid.
  public init(configuration: Configuration = Configuration(), seed: UInt64 = 0) {
    trapping { () throws(TensorError) in try configuration.validate() }
    self.configuration = configuration
    // Streams of their own, so that changing the noise moves no region and no cell.
    var master = RandomSource(seed: seed)
    var regionSource = RandomSource(seed: master.next())
    var panelSource = RandomSource(seed: master.next())
    let cellSeed = master.next()
    let channelSeed = master.next()

    let map = TissueRegions(
      height: configuration.height, width: configuration.width, count: configuration.regions, source: &regionSource)
    let panel = TissuePanel(configuration, source: &panelSource)
    let gains = panel.channels.map { _ in exp(configuration.gainSpread * panelSource.normal()) }
    let cells = TissueCells(map, pixelsPerCell: configuration.pixelsPerCell, seed: cellSeed)
    let planes = panel.channels.indices.map { channel in
      var source = RandomSource(seed: channelSeed &+ UInt64(channel) &* 0x9E37_79B9_7F4A_7C15)
      return cells.plane(
        of: panel.channels[channel], smoothing: configuration.smoothing, noise: configuration.noise, source: &source)
    }

    regions = map.labels
    markerNames = panel.channels.map(\.name)
    planted = panel.planted
    strengths = panel.planted.mapValues { $0.map { panel.channels[$0].strength } }
    self.gains = gains
    let channels = planes.count
    features = NDArray.building([configuration.height, configuration.width, channels], as: Float.self) { buffer in
      for (channel, plane) in planes.enumerated() {
        for (pixel, value) in plane.enumerated() { buffer[pixel * channels + channel] = Float(value * gains[channel]) }
      }
    }
  }
}
