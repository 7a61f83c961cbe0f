import Networks

/// Mean and spread of each channel over all pixels of all patches, padding included.
public struct ChannelStatistics: Sendable, Equatable {
  public let mean: [Double]
  /// With the number of pixels in the denominator.
  public let standardDeviation: [Double]

  private static let batchSize = 64

  /// Reads all patches.
  ///
  /// - Throws: ``ChannelStudyError`` for NaN or infinity in a patch.
  public init(of source: PatchSource) throws(ChannelStudyError) {
    var moments = PixelMoments(channels: source.channels)
    for start in stride(from: 0, to: source.count, by: Self.batchSize) {
      let cells = Array(source.order[start..<min(start + Self.batchSize, source.count)])
      try moments.add(try source.patches(cells), of: cells)
    }
    self.init(moments)
  }

  init(_ moments: PixelMoments) {
    mean = moments.mean
    standardDeviation = moments.squares.map { ($0 / moments.count).squareRoot() }
  }
}

/// The moments of the pixels of some cells: what it takes to go on with more of them.
struct PixelMoments: Sendable {
  private(set) var count = 0.0
  private(set) var mean: [Double]
  /// Sums of squared deviations.
  private(set) var squares: [Double]

  init(channels: Int) {
    mean = [Double](repeating: 0, count: channels)
    squares = mean
  }

  /// From ``array``; `nil` for one of another shape.
  init?(_ array: NDArray, channels: Int) {
    guard array.dtype == .float64, array.shape == [1 + 2 * channels] else { return nil }
    let values = array.doubles
    (count, mean, squares) = (values[0], Array(values[1..<1 + channels]), Array(values[(1 + channels)...]))
  }

  /// [1 + 2 × channels] float64.
  var array: NDArray { NDArray([count] + mean + squares, shape: [1 + 2 * mean.count]) }

  /// Cell by cell, so that the bits do not depend on how they are batched.
  ///
  /// - Parameters:
  ///   - patches: [cells, channels, rows, columns].
  ///   - cells: their numbers, for messages.
  mutating func add(_ patches: NDArray, of cells: [Int]) throws(ChannelStudyError) {
    let pixels = Double(patches.shape[2] * patches.shape[3])
    let moments = Self.planes(patches)
    for (place, cell) in cells.enumerated() {
      // Joining the moments of two sets (Chan, Golub & LeVeque 1983, eq. 2.1).
      let total = count + pixels
      for channel in mean.indices {
        let (average, square) = moments[place * mean.count + channel]
        guard average.isFinite, square.isFinite else {
          throw .invalidInput("patch \(cell): found NaN or infinity in channel \(channel), expected finite pixels")
        }
        let difference = average - mean[channel]
        mean[channel] += difference * pixels / total
        squares[channel] += square + difference * difference * count * pixels / total
      }
      count = total
    }
  }

  /// Mean and sum of squared deviations of each plane.
  private static func planes(_ array: NDArray) -> [(mean: Double, squares: Double)] {
    let area = array.shape[2] * array.shape[3]
    func moments<T: Scalar>(_: T.Type) -> [(mean: Double, squares: Double)] {
      array.withUnsafeBufferPointer(as: T.self) { values in
        (0..<array.count / area).map { plane in
          let part = values[plane * area..<(plane + 1) * area]
          let mean = part.reduce(0.0) { $0 + $1.asDouble } / Double(area)
          return (mean, part.reduce(0.0) { $0 + ($1.asDouble - mean) * ($1.asDouble - mean) })
        }
      }
    }
    return array.dtype == .float64 ? moments(Double.self) : moments(Float.self)
  }
}
