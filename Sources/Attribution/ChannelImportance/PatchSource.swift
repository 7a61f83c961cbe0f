import Formats
import Networks
import Synchronization

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

  /// Reads from a file as late as possible, and each patch once if all can stay in memory.
  ///
  /// - Parameters:
  ///   - patches: in the file.
  ///   - limit: bytes that all may take to stay in memory. Default: 256 MB.
  public init(_ patches: CellPatches, limit: Int = 256 << 20) throws(ChannelStudyError) {
    let shape: Shape = [patches.cells.count, patches.channels.count, patches.size.height, patches.size.width]
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
    let kept = KeptPatches(patches)
    read = { (cells) throws(FormatError) in try kept.patches(cells) }
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

/// Patches that stay in memory once they are read, which is as late as possible: beside the work on those before.
private final class KeptPatches: Sendable {
  private let patches: CellPatches
  /// Where each cell stands in the order in which it is read.
  private let places: [Int]
  /// In that order, one array for each time that something was read.
  private let read = Mutex<(pieces: [Tensor], starts: [Int])>(([], [0]))

  init(_ patches: CellPatches) {
    self.patches = patches
    var places = [Int](repeating: 0, count: patches.readingOrder.count)
    for (place, cell) in patches.readingOrder.enumerated() { places[cell] = place }
    self.places = places
  }

  func patches(_ cells: [Int]) throws(FormatError) -> NDArray {
    let wanted = cells.map { places[$0] }
    return try read.withLock { (read) throws(FormatError) in
      let done = read.starts[read.pieces.count]
      if let end = wanted.max(), end >= done {
        read.pieces.append(Tensor(try patches.patches(Array(patches.readingOrder[done...end]))))
        read.starts.append(end + 1)
      }
      // A batch as it was read, as it mostly is.
      if let piece = read.starts.dropLast().firstIndex(of: wanted.first ?? -1),
        wanted == Array(read.starts[piece]..<read.starts[piece + 1])
      {
        return read.pieces[piece].value
      }
      let rows = wanted.map { place -> Tensor in
        let piece = (read.starts.firstIndex { $0 > place } ?? 1) - 1
        return read.pieces[piece].sliced(0, from: place - read.starts[piece], to: place - read.starts[piece] + 1)
      }
      return concatenated(rows, along: 0).value
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
