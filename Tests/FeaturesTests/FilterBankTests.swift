import Features
import Foundation
import TensorCore
import Testing

@Suite struct FilterBankTests {
  /// [height, width, channels] from a function of row, column and channel.
  private func picture(_ height: Int, _ width: Int, channels: Int = 3, _ value: (Int, Int, Int) -> Double) -> NDArray {
    let values = (0..<height * width * channels).map { index in
      Float(value(index / (width * channels), index / channels % width, index % channels))
    }
    return NDArray(values, shape: [height, width, channels])
  }

  /// Patches, a slope and some texture, without any symmetry of their own.
  private func scene(_ height: Int, _ width: Int) -> NDArray {
    picture(height, width) { (y: Int, x: Int, c: Int) -> Double in
      let ground: Double = x > width / 3 ? 90 : 20
      let patch: Double = y > height / 2 && x < width / 2 ? 60 * Double(c) : 0
      let texture: Int = (x * 7 + y * 13 + c * 5 + x * y % 11) % 23
      return ground + patch + Double(texture) + 0.5 * Double(x)
    }
  }

  private func map(_ name: String, _ description: FilterBank.Description) throws -> [Double] {
    let index = try #require(description.channelNames.firstIndex(of: name), "no channel \(name)")
    return column(index, description)
  }

  private func column(_ index: Int, _ description: FilterBank.Description) -> [Double] {
    let depth = description.channelNames.count
    let values = description.features.doubles
    return stride(from: index, to: values.count, by: depth).map { values[$0] }
  }

  private func variance(_ values: [Double]) -> Double {
    let mean = values.reduce(0, +) / Double(values.count)
    return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
  }

  private func largestDifference(_ a: [Double], _ b: [Double]) -> Double {
    #expect(a.count == b.count)
    return zip(a, b).map { abs($0 - $1) }.max() ?? 0
  }

  @Test(arguments: [1, 3]) func everyChannelHasItsOwnName(channels: Int) {
    let description = FilterBank().describe(picture(20, 30, channels: channels) { y, x, c in Double(y * 7 + x * 3 + c) })
    #expect(description.features.shape == [20, 30, description.channelNames.count])
    #expect(description.features.dtype == .float32)
    #expect(Set(description.channelNames).count == description.channelNames.count)
    #expect(description.channelNames.count == (channels == 3 ? 18 : 14))
  }

  @Test(arguments: [[0.0, 0, 0], [255, 255, 255], [128, 128, 128], [200, 30, 90], [7]])
  func aConstantPictureIsExactlyZero(color: [Double]) {
    let plain = picture(40, 51, channels: color.count) { _, _, c in color[c] }
    #expect(FilterBank().describe(plain).features.doubles.allSatisfy { $0 == 0 })
    #expect(FilterBank().describe(plain, height: 20, width: 25).features.doubles.allSatisfy { $0 == 0 })
  }

  @Test(arguments: [[1, 1], [1, 9], [9, 1], [2, 2], [3, 40]], [1, 3])
  func smallPicturesWork(size: [Int], channels: Int) {
    let description = FilterBank().describe(
      picture(size[0], size[1], channels: channels) { y, x, c in Double((y * 31 + x * 17 + c * 50) % 256) })
    #expect(description.features.shape == [size[0], size[1], description.channelNames.count])
    #expect(description.features.doubles.allSatisfy { $0.isFinite })
  }

  @Test func channelsHaveZeroMeanAndFamiliesTheirWeight() {
    let bank = FilterBank()
    let description = bank.describe(scene(48, 60))
    var texture = 0.0
    for (index, name) in description.channelNames.enumerated() {
      let values = column(index, description)
      #expect(abs(values.reduce(0, +) / Double(values.count)) < 1e-5, "\(name)")
      if name.hasPrefix("texture") { texture += variance(values) }
    }
    // A channel that hardly varies stays below its share.
    #expect(texture <= bank.textureWeight * bank.textureWeight * 1.001)
    #expect(texture > 0.3 * bank.textureWeight * bank.textureWeight)
  }

  /// The name that a channel has in the mirrored picture: oblique orientations change places.
  private func mirroredName(_ name: String) -> String {
    name.hasSuffix(" 45°") ? name.replacing(" 45°", with: " 135°") : name.replacing(" 135°", with: " 45°")
  }

  @Test func aMirroredPictureGivesMirroredMaps() throws {
    let (height, width) = (36, 44)
    let scene = scene(2 * height, 2 * width)
    let values = scene.doubles
    let mirror = picture(2 * height, 2 * width) { y, x, c in values[(y * 2 * width + 2 * width - 1 - x) * 3 + c] }
    let (a, b) = (
      FilterBank().describe(scene, height: height, width: width), FilterBank().describe(mirror, height: height, width: width)
    )
    for name in a.channelNames {
      let (left, right) = (try map(name, a), try map(mirroredName(name), b))
      let back = (0..<height * width).map { right[$0 / width * width + width - 1 - $0 % width] }
      #expect(largestDifference(left, back) < 1e-4, "\(name)")
    }
  }

  /// Transposition makes rows of columns: horizontal and vertical change places, 45° stays.
  private func transposedName(_ name: String) -> String {
    if name.hasPrefix("horizontal") { return name.replacing("horizontal", with: "vertical") }
    if name.hasPrefix("vertical") { return name.replacing("vertical", with: "horizontal") }
    if name.hasSuffix(" 0°") { return name.replacing(" 0°", with: " 90°") }
    return name.replacing(" 90°", with: " 0°")
  }

  @Test func aTransposedPictureGivesTransposedMaps() throws {
    let (height, width) = (36, 44)
    let values = scene(height, width).doubles
    let transposed = picture(width, height) { y, x, c in values[(x * width + y) * 3 + c] }
    let (a, b) = (FilterBank().describe(scene(height, width)), FilterBank().describe(transposed))
    for name in a.channelNames {
      let (upright, lying) = (try map(name, a), try map(transposedName(name), b))
      let back = (0..<height * width).map { lying[$0 % width * height + $0 / width] }
      #expect(largestDifference(upright, back) < 1e-4, "\(name)")
    }
  }

  @Test func aMovedThingGivesMovedMaps() throws {
    // A square on plain ground, far enough from all borders for them not to matter to the thing itself.
    func square(at left: Int) -> FilterBank.Description {
      FilterBank().describe(picture(60, 90) { y, x, _ in (25..<35).contains(y) && (left..<left + 10).contains(x) ? 200 : 60 })
    }
    let (a, b) = (square(at: 36), square(at: 44))
    for name in a.channelNames {
      let (here, there) = (try map(name, a), try map(name, b))
      for y in 20..<40 {
        let (before, after) = (Array(here[y * 90 + 30..<y * 90 + 52]), Array(there[y * 90 + 38..<y * 90 + 60]))
        #expect(largestDifference(before, after) < 1e-3, "\(name), row \(y)")
      }
    }
  }

  /// Eight tiles, one grating each: every texture channel is strongest in the tile of its own wavelength and orientation.
  @Test func aGratingIsStrongestInTheChannelThatNamesIt() throws {
    let side = 40
    let width = 4 * side
    let gratings = picture(2 * side, width, channels: 1) { (y: Int, x: Int, _: Int) -> Double in
      let angle: Double = Double(x / side) * .pi / 4
      let wavelength: Double = y < side ? 2.5 : 5
      let distance: Double = Double(x) * cos(angle) + Double(y) * sin(angle)
      return 128 + 60 * cos(2 * Double.pi * distance / wavelength)
    }
    var bank = FilterBank()
    bank.surroundShare = 0.03
    let description = bank.describe(gratings)
    for tile in 0..<8 {
      let name = "texture \(tile < 4 ? "2.5" : "5") px, \(45 * (tile % 4))°"
      let values = try map(name, description)
      let centres = (0..<8).map { values[($0 / 4 * side + side / 2) * width + $0 % 4 * side + side / 2] }
      #expect(centres.indices.max { centres[$0] < centres[$1] } == tile, "\(name): \(centres)")
    }
  }

  @Test func greyIsTheSameWithAndWithoutColour() throws {
    let value = { (y: Int, x: Int, _: Int) in Double((x * x + y * 37) % 256) }
    let grey = FilterBank().describe(picture(30, 41, channels: 1, value))
    let colour = FilterBank().describe(picture(30, 41, channels: 3, value))
    for name in grey.channelNames {
      #expect(largestDifference(try map(name, grey), try map(name, colour)) < 1e-5, "\(name)")
    }
    for name in colour.channelNames where !grey.channelNames.contains(name) {
      #expect(try map(name, colour).allSatisfy { $0 == 0 }, "\(name)")
    }
  }

  @Test func noiseBelowNoticeStaysSmall() {
    let noisy = picture(40, 40) { y, x, c in 128 + Double((x * 7 + y * 11 + c * 3) % 2) }
    let features = FilterBank().describe(noisy).features.doubles
    #expect(features.allSatisfy { abs($0) < 0.3 })
  }

  /// A dark thing before a bright ground keeps a sharp edge: no pixel beside it looks like something in between.
  @Test func coloursDoNotBlurAcrossAnEdge() throws {
    let halves = FilterBank().describe(picture(40, 60) { _, x, _ in x < 30 ? 30 : 220 })
    for (index, name) in halves.channelNames.enumerated() where name.hasPrefix("lightness") {
      let row = (0..<60).map { column(index, halves)[20 * 60 + $0] }
      #expect(row[..<30].allSatisfy { abs($0 - row[0]) < 1e-3 } && row[30...].allSatisfy { abs($0 - row[59]) < 1e-3 }, "\(name)")
    }
  }
}
