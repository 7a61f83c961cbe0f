import TensorCore

/// One image, read in tiles: its chunks, so that each is decoded as a whole.
struct TileSource: Sendable {
  let image: HDF5Dataset
  let masks: HDF5Dataset?
  let channels: [Int]
  let dtype: DType
  let tile: Size2D

  /// Rows and columns read at a time where the file does not say.
  private static let usualSide = 256

  init(image: HDF5Dataset, masks: HDF5Dataset?, channels: [Int], dtype: DType) {
    (self.image, self.masks, self.channels, self.dtype) = (image, masks, channels, dtype)
    tile = image.chunk.map { Size2D(max(1, $0[0]), max(1, $0[1])) } ?? Size2D(Self.usualSide, Self.usualSide)
  }

  /// The tile at a place in the grid of tiles.
  func read(row: Int, column: Int) throws(FormatError) -> Tile {
    let (top, left) = (row * tile.height, column * tile.width)
    let height = min(tile.height, image.shape[0] - top)
    let width = min(tile.width, image.shape[1] - left)
    let values: NDArray
    if let chunk = image.chunk, chunk[2] < image.shape[2] {
      values = try joined(top, left, height, width)
    } else {
      let all = try image.array(from: [top, left, 0], count: [height, width, image.shape[2]])
      values = Self.selecting(channels, of: all, dtype)
    }
    var labels: [Int64] = []
    if let masks { labels = try masks.array(from: [top, left], count: [height, width]).scalars(as: Int64.self) }
    return Tile(height: height, width: width, values: values, labels: labels)
  }

  /// Channel by channel: where channels lie in chunks of their own, those that are not wanted need not be decoded.
  private func joined(_ top: Int, _ left: Int, _ height: Int, _ width: Int) throws(FormatError) -> NDArray {
    var planes: [NDArray] = []
    for channel in channels {
      planes.append(
        try image.array(from: [top, left, channel], count: [height, width, 1]).converted(to: dtype))
    }
    func interleaved<T: Scalar>(_: T.Type) -> NDArray {
      NDArray.building([height, width, planes.count], as: T.self) { output in
        for (place, plane) in planes.enumerated() {
          plane.withUnsafeBufferPointer(as: T.self) { values in
            for pixel in values.indices { output[pixel * planes.count + place] = values[pixel] }
          }
        }
      }
    }
    return dtype == .float64 ? interleaved(Double.self) : interleaved(Float.self)
  }

  private static func selecting(_ channels: [Int], of array: NDArray, _ dtype: DType) -> NDArray {
    let array = array.converted(to: dtype)
    let total = array.shape[2]
    if channels == Array(0..<total) { return array }
    func selected<T: Scalar>(_: T.Type) -> NDArray {
      NDArray.building([array.shape[0], array.shape[1], channels.count], as: T.self) { output in
        array.withUnsafeBufferPointer(as: T.self) { values in
          var place = 0
          for pixel in 0..<array.shape[0] * array.shape[1] {
            for channel in channels {
              output[place] = values[pixel * total + channel]
              place += 1
            }
          }
        }
      }
    }
    return dtype == .float64 ? selected(Double.self) : selected(Float.self)
  }
}

/// A decoded piece of an image: `values` [height, width, channels], `labels` of its pixels if there are masks.
struct Tile: Sendable {
  let height: Int
  let width: Int
  let values: NDArray
  let labels: [Int64]

  var byteCount: Int { values.byteCount + 8 * labels.count }
}

/// The tiles used last, up to a fixed size.
struct TileCache: Sendable {
  struct Key: Hashable, Sendable {
    let source: Int
    let row: Int
    let column: Int
  }

  private static let limit = 256 << 20
  private var tiles: [Key: (tile: Tile, use: Int)] = [:]
  private var byteCount = 0
  private var clock = 0

  /// The tile, read unless it is kept.
  mutating func tile(_ key: Key, of source: TileSource) throws(FormatError) -> Tile {
    clock += 1
    if let found = tiles[key] {
      tiles[key] = (found.tile, clock)
      return found.tile
    }
    let tile = try source.read(row: key.row, column: key.column)
    while byteCount + tile.byteCount > Self.limit, let oldest = tiles.min(by: { $0.value.use < $1.value.use }) {
      byteCount -= oldest.value.tile.byteCount
      tiles[oldest.key] = nil
    }
    tiles[key] = (tile, clock)
    byteCount += tile.byteCount
    return tile
  }
}
