import Features
import TensorCore
import Testing

@Suite struct PictureScalingTests {
  @Test(
    arguments: [[427, 640], [1, 1], [1, 100_000], [100_000, 1], [3000, 3], [101, 99], [7, 1_000_000]],
    [1, 2, 10, 9999, 10_000])
  func theLimitHolds(size: [Int], limit: Int) {
    let scaled = PictureScaling.size(height: size[0], width: size[1], limit: limit)
    #expect(scaled.height >= 1 && scaled.width >= 1)
    #expect(scaled.height * scaled.width <= limit)
    #expect(scaled.height <= size[0] && scaled.width <= size[1])
    if size[0] * size[1] <= limit { #expect(scaled == (size[0], size[1])) }
  }

  @Test func theAspectStays() {
    let scaled = PictureScaling.size(height: 427, width: 640, limit: 10_000)
    #expect(scaled == (81, 122))
    #expect(abs(Double(scaled.width) / Double(scaled.height) - 640.0 / 427) < 0.02)
  }

  @Test(arguments: [[1, 1], [3, 5], [7, 4], [13, 17], [20, 1]])
  func theMeanIsConserved(target: [Int]) {
    let values = (0..<13 * 17 * 3).map { Float(($0 * 37) % 256) }
    let picture = NDArray(values, shape: [13, 17, 3])
    let scaled = PictureScaling.areaAverage(picture, height: target[0], width: target[1])
    #expect(scaled.shape == [target[0], target[1], 3])
    for channel in 0..<3 {
      #expect(abs(mean(picture, channel) - mean(scaled, channel)) < 1e-3)
    }
  }

  private func mean(_ picture: NDArray, _ channel: Int) -> Double {
    let values = picture.doubles
    let own = stride(from: channel, to: values.count, by: 3).map { values[$0] }
    return own.reduce(0, +) / Double(own.count)
  }

  @Test func pixelsCountByTheAreaTheyCover() {
    let row = NDArray([0, 30, 90] as [Float], shape: [1, 3, 1])
    // Each target pixel covers one and a half source pixels.
    #expect(zip(PictureScaling.areaAverage(row, height: 1, width: 2).doubles, [10, 70]).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func theSameSizeChangesNothing() {
    let bytes = NDArray((0..<24).map { UInt8($0 * 10) }, shape: [2, 4, 3])
    let same = PictureScaling.areaAverage(bytes, height: 2, width: 4)
    #expect(same.dtype == .float32)
    #expect(same.doubles == bytes.doubles)
  }
}
