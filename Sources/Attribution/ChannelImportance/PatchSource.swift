import Formats
import Networks

/// Patches around cells as a network reads them: all in memory, or read piece by piece.
public struct PatchSource: Sendable {
  /// Cells.
  public let count: Int
  public let channels: Int
  /// Rows and columns.
  public let size: Size2D
  public let dtype: DType
  /// Cells in the order in which they are best read.
  let order: [Int]
  private let read: @Sendable ([Int]) throws(FormatError) -> NDArray
  private let transform: (@Sendable (NDArray) -> NDArray)?

  /// - Parameter array: [cells, channels, rows, columns], float32 or float64.
  public init(_ array: NDArray) throws(ChannelStudyError) {
    guard array.rank == 4, array.dtype.isFloating, array.count > 0 else {
      throw .invalidInput("patches: found \(array.dtype)\(array.shape), expected floating-point [cells, channels, rows, columns]")
    }
    count = array.shape[0]
    channels = array.shape[1]
    size = Size2D(array.shape[2], array.shape[3])
    dtype = array.dtype
    order = Array(0..<count)
    let whole = Tensor(array)
    read = { cells in whole.gathering(cells, along: 0).value }
    transform = nil
  }

  /// Reads from a file; all at once if that takes no more than `limit` bytes.
  public init(_ patches: CellPatches, limit: Int = 512 << 20) throws(ChannelStudyError) {
    let shape: Shape = [patches.cells.count, patches.channels.count, patches.size, patches.size]
    guard shape.elementCount > 0 else {
      throw .invalidInput("patches: found the shape \(shape), expected cells, channels and pixels")
    }
    count = shape[0]
    channels = shape[1]
    size = Size2D(shape[2], shape[3])
    dtype = patches.dtype
    order = patches.readingOrder
    transform = nil
    guard shape.elementCount * patches.dtype.byteCount <= limit else {
      read = { (cells) throws(FormatError) in try patches.patches(cells) }
      return
    }
    let sorted: Tensor
    do throws(FormatError) { sorted = Tensor(try patches.patches(patches.readingOrder)) } catch { throw .data(error) }
    let places = Self.places(in: patches.readingOrder)
    read = { cells in sorted.gathering(cells.map { places[$0] }, along: 0).value }
  }

  /// Where each cell stands in an order of all.
  static func places(in order: [Int]) -> [Int] {
    var places = [Int](repeating: 0, count: order.count)
    for (place, cell) in order.enumerated() { places[cell] = place }
    return places
  }

  private init(_ source: PatchSource, transform: @escaping @Sendable (NDArray) -> NDArray) {
    (count, channels, size, dtype, order) = (source.count, source.channels, source.size, source.dtype, source.order)
    read = source.read
    self.transform = transform
  }

  /// [cells, channels, rows, columns], in the order of `cells`.
  func patches(_ cells: [Int]) throws(ChannelStudyError) -> NDArray {
    do throws(FormatError) {
      let array = try read(cells)
      return transform.map { $0(array) } ?? array
    } catch {
      throw .data(error)
    }
  }

  /// The same patches, normalised. Padding is normalised with the rest.
  public func normalized(_ normalization: PatchNormalization) throws(ChannelStudyError) -> PatchSource {
    switch normalization {
    case .none: return self
    case .asinh(let cofactor):
      guard cofactor > 0, cofactor.isFinite else {
        throw .invalidInput("normalisation: found a cofactor of \(cofactor), expected a positive number")
      }
      // ln(x + √(x² + 1)) of |x|, which does not cancel, with the sign put back.
      return PatchSource(self) { array in
        let x = Tensor(array) / cofactor
        let size = abs(x)
        return (sign(x) * log1p(size + size * size / (sqrt(size * size + 1) + 1))).value
      }
    case .zScore:
      let statistics = try ChannelStatistics(of: self)
      let (channels, dtype) = (channels, dtype)
      let mean = Tensor(statistics.mean, shape: [1, channels, 1, 1], dtype: dtype)
      // A constant channel stays at 0.
      let deviation = Tensor(
        statistics.standardDeviation.map { $0 > 0 ? $0 : 1 }, shape: [1, channels, 1, 1], dtype: dtype)
      return PatchSource(self) { array in ((Tensor(array) - mean) / deviation).value }
    }
  }
}

/// What is done to patches before a network reads them: what was done when it was trained.
public enum PatchNormalization: Sendable, Equatable {
  case none
  /// (x − mean)/standard deviation of each channel, over all pixels of the selected patches.
  case zScore
  /// asinh(x/cofactor), as is usual for counts of ions or photons.
  case asinh(cofactor: Double)
}

/// Mean and spread of each channel over all pixels of all patches, padding included.
public struct ChannelStatistics: Sendable, Equatable {
  public let mean: [Double]
  /// With the number of pixels in the denominator.
  public let standardDeviation: [Double]

  private static let batchSize = 64

  /// - Throws: ``ChannelStudyError`` for NaN or infinity in a patch.
  public init(of source: PatchSource) throws(ChannelStudyError) {
    let channels = source.channels
    var (mean, squares) = ([Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels))
    var count = 0.0
    for start in stride(from: 0, to: source.count, by: Self.batchSize) {
      let cells = Array(source.order[start..<min(start + Self.batchSize, source.count)])
      let moments = Self.planes(try source.patches(cells))
      let pixels = Double(source.size.area)
      for (place, cell) in cells.enumerated() {
        // Joining the moments of two sets (Chan, Golub & LeVeque 1983, eq. 2.1).
        let total = count + pixels
        for channel in 0..<channels {
          let (average, square) = moments[place * channels + channel]
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
    self.mean = mean
    standardDeviation = squares.map { ($0 / count).squareRoot() }
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
