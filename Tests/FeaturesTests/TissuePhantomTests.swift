import Features
import TensorCore
import Testing

@Suite struct TissuePhantomTests {
  /// Mean of each channel in each region: [region][channel].
  private func means(_ phantom: TissuePhantom) -> [[Double]] {
    let channels = phantom.markerNames.count
    let values = phantom.features.doubles
    var sums = [[Double]](repeating: [Double](repeating: 0, count: channels), count: phantom.configuration.regions)
    var counts = [Double](repeating: 0, count: phantom.configuration.regions)
    for (pixel, region) in phantom.regions.enumerated() {
      counts[region] += 1
      for channel in 0..<channels { sums[region][channel] += values[pixel * channels + channel] }
    }
    return zip(sums, counts).map { row, count in row.map { $0 / count } }
  }

  @Test func defaultsGiveTwentyFourNamedChannels() {
    let phantom = TissuePhantom()
    #expect(phantom.features.shape == [96, 96, 24])
    #expect(phantom.features.dtype == .float32)
    #expect(phantom.markerNames.count == 24)
    #expect(Set(phantom.markerNames).count == 24)
    #expect(phantom.markerNames[0] == "DAPI")
    #expect(phantom.gains.count == 24)
    #expect(phantom.features.doubles.allSatisfy { $0.isFinite })
  }

  @Test func seedDecidesEverything() {
    let a = TissuePhantom(seed: 7)
    let b = TissuePhantom(seed: 7)
    let c = TissuePhantom(seed: 8)
    #expect(a.features == b.features)
    #expect(a.regions == b.regions && a.markerNames == b.markerNames && a.planted == b.planted)
    #expect(a.features != c.features)
    #expect(a.regions != c.regions)
  }

  @Test func noiseMovesNoRegionAndNoMarker() {
    var quiet = TissuePhantom.Configuration()
    quiet.noise = 0
    let a = TissuePhantom(configuration: quiet, seed: 2)
    let b = TissuePhantom(seed: 2)
    #expect(a.regions == b.regions && a.markerNames == b.markerNames && a.planted == b.planted)
  }

  @Test(arguments: [1, 2, 4, 8, 12], [UInt64(0), 1, 2])
  func regionsCoverThePictureInOnePieceEach(count: Int, seed: UInt64) {
    var configuration = TissuePhantom.Configuration()
    configuration.regions = count
    configuration.height = 80
    configuration.width = 120
    configuration.uninformativeChannels = 0
    configuration.plantedPerRegion = 1
    let phantom = TissuePhantom(configuration: configuration, seed: seed)
    #expect(phantom.regions.count == 80 * 120)
    #expect(Set(phantom.regions) == Set(0..<count))
    for region in 0..<count {
      let area = phantom.regions.count { $0 == region }
      #expect(Double(area) >= 0.3 * 9600 / Double(count), "region \(region) has only \(area) pixels")
    }
    #expect(pieces(phantom.regions, width: 120) == count)
  }

  /// Number of connected pieces (4 neighbours) of equal labels.
  private func pieces(_ labels: [Int], width: Int) -> Int {
    var seen = [Bool](repeating: false, count: labels.count)
    var pieces = 0
    for start in labels.indices where !seen[start] {
      pieces += 1
      seen[start] = true
      var stack = [start]
      while let pixel = stack.popLast() {
        var next: [Int] = []
        if pixel % width > 0 { next.append(pixel - 1) }
        if pixel % width < width - 1 { next.append(pixel + 1) }
        next += [pixel - width, pixel + width]
        for other in next where labels.indices.contains(other) && !seen[other] && labels[other] == labels[start] {
          seen[other] = true
          stack.append(other)
        }
      }
    }
    return pieces
  }

  @Test(arguments: UInt64(0)..<5)
  func plantedChannelsAreBrighterInTheirRegion(seed: UInt64) {
    let phantom = TissuePhantom(seed: seed)
    let means = means(phantom)
    var all: [Int] = []
    for region in 0..<4 {
      let channels = phantom.planted[region] ?? []
      #expect(channels.count == 3)
      all += channels
      for channel in channels {
        let elsewhere = (0..<4).filter { $0 != region }.map { means[$0][channel] }.max() ?? 0
        #expect(means[region][channel] > 1.5 * elsewhere, "\(phantom.markerNames[channel]) in region \(region)")
      }
      // Before gain, the order is that of the strengths.
      let levels = channels.map { means[region][$0] / phantom.gains[$0] }
      #expect(levels == levels.sorted(by: >))
      #expect(phantom.strengths[region]?.first == 1)
    }
    #expect(Set(all).count == 12 && !all.contains(0))
  }

  @Test func otherChannelsKnowNothingOfTheRegions() {
    var configuration = TissuePhantom.Configuration()
    configuration.height = 160
    configuration.width = 160
    let phantom = TissuePhantom(configuration: configuration, seed: 1)
    let means = means(phantom)
    let planted = Set(phantom.planted.values.joined())
    for channel in 0..<24 where !planted.contains(channel) && phantom.markerNames[channel] != "Autofluorescence" {
      let levels = means.map { $0[channel] / phantom.gains[channel] }
      let spread = (levels.max() ?? 0) - (levels.min() ?? 0)
      #expect(spread < 0.15, "\(phantom.markerNames[channel]) differs by \(spread)")
    }
  }

  @Test func overlapPutsAShareOfTheMarkerIntoOneOtherRegion() {
    var configuration = TissuePhantom.Configuration()
    configuration.noise = 0
    configuration.smoothing = 0
    configuration.overlap = 0.5
    configuration.height = 160
    configuration.width = 160
    let phantom = TissuePhantom(configuration: configuration, seed: 3)
    let means = means(phantom)
    for region in 0..<4 {
      for channel in phantom.planted[region] ?? [] {
        let shares = (0..<4).filter { $0 != region }.map { means[$0][channel] / means[region][channel] }.sorted()
        #expect(abs(shares[2] - 0.5) < 0.12)
        #expect(shares[1] < 0.2)
      }
    }
  }

  @Test func invalidConfigurationsAreNamed() {
    func message(_ change: (inout TissuePhantom.Configuration) -> Void) -> String {
      var configuration = TissuePhantom.Configuration()
      change(&configuration)
      do { try configuration.validate() } catch { return "\(error)" }
      return ""
    }
    #expect(message { $0.regions = 0 }.contains("regions"))
    #expect(message { $0.overlap = .nan }.contains("overlap"))
    #expect(message { $0.noise = -1 }.contains("noise"))
    #expect(message { $0.height = 4 }.contains("4 × 96"))
    #expect(message { $0.plantedPerRegion = 0 } == "")
  }

  @Test func manyChannelsStillHaveDistinctNames() {
    var configuration = TissuePhantom.Configuration()
    configuration.regions = 10
    configuration.plantedPerRegion = 5
    configuration.uninformativeChannels = 40
    let phantom = TissuePhantom(configuration: configuration)
    #expect(Set(phantom.markerNames).count == 91)
  }
}
