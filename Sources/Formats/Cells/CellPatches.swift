import Synchronization
import TensorCore

/// Square patches around cells, read from a ``CellFile`` as they are asked for, with zeros where one leaves its image.
///
/// Images are decoded by chunk and the last ones kept, up to a fixed size, so that the memory does not grow with the number of
/// cells; in the order ``readingOrder`` no chunk is decoded twice.
public final class CellPatches: Sendable {
  /// Cells of the file, in the order in which patches are numbered.
  public let cells: [Int]
  /// Channels of the file, in the order of the patches.
  public let channels: [Int]
  /// Rows and columns of a patch.
  public let size: Size2D
  public let dtype: DType
  /// The numbers of the patches, sorted by the place of their pixels in the file.
  public let readingOrder: [Int]
  private let sources: [TileSource]
  /// For each patch.
  private let windows: [Window]
  private let cache: Mutex<TileCache>

  fileprivate struct Window: Sendable {
    let source: Int
    /// First row and column of the patch, which may lie outside.
    let row: Int
    let column: Int
    /// What is taken from the image.
    let rows: Range<Int>
    let columns: Range<Int>
    /// Where the cell is.
    let centre: (row: Int, column: Int)
  }

  /// Where zeros are put.
  public enum Padding: Sendable {
    /// Where the window around a cell leaves its image.
    case outside
    /// In front of a window that does not: as many as there are rows, and columns, before it. So does the published notebook by
    /// mistake; all cells must then be at one place of their images, for patches to be of one size.
    case inside
  }

  /// - Parameters:
  ///   - file: where they are.
  ///   - cells: indices of cells.
  ///   - channels: indices of channels.
  ///   - size: rows and columns around a cell: from its row − size/2 on, and so with columns.
  ///   - crop: rows and columns of the middle that is kept of it. Default: all.
  ///   - isMasked: whether pixels that belong to another cell, or to none, are set to 0.
  ///   - padding: where zeros are put. Default: outside.
  ///   - dtype: of the patches.
  ///   - source: where the indices come from, for messages.
  /// - Throws: ``FormatError`` for an index outside of the file, a sample without an image, an image smaller than the patch, padding
  ///   inside of cells that are not at one place.
  public init(
    _ file: CellFile, cells: [Int], channels: [Int], size: Int, crop: Int? = nil, isMasked: Bool = false,
    padding: Padding = .outside, dtype: DType = .float32, source: String
  ) throws(FormatError) {
    let kept = crop ?? size
    var sources: [TileSource] = []
    var places: [String: Int] = [:]
    var windows: [Window] = []
    for cell in cells {
      guard file.positions.indices.contains(cell) else {
        throw FormatError(
          .malformed, path: source, found: "the cell \(cell)",
          expected: "from 0 to \(file.positions.count - 1), the cells of \(file.path)")
      }
      let sample = file.samples[cell]
      if places[sample] == nil {
        places[sample] = sources.count
        let image = try file.image(of: sample, cell: cell)
        guard image.shape[0] >= size, image.shape[1] >= size else {
          throw FormatError(
            .malformed, path: "\(file.path):\(image.name)", found: "\(image.shape[0])×\(image.shape[1]) pixels",
            expected: "at least \(size)×\(size), the size of a patch")
        }
        let masks = try isMasked ? file.masks(of: sample, cell: cell, imageShape: image.shape) : nil
        sources.append(TileSource(image: image, masks: masks, channels: channels, dtype: dtype))
      }
      let (row, column) = file.positions[cell]
      let number = places[sample] ?? 0
      let image = sources[number].image
      guard 0..<image.shape[0] ~= row, 0..<image.shape[1] ~= column else {
        throw FormatError(
          .malformed, path: "\(file.path):coords", found: "cell \(cell) at row \(row), column \(column)",
          expected: "a place in its image of \(image.shape[0])×\(image.shape[1]) pixels")
      }
      windows.append(
        Window(source: number, cell: (row, column), image: image.shape, size: size, kept: kept, padding: padding))
    }
    (self.cells, self.channels, self.dtype) = (cells, channels, dtype)
    self.size = try Self.size(windows.map(\.centre), size, kept, padding, file)
    self.sources = sources
    self.windows = windows
    cache = Mutex(TileCache())
    readingOrder = windows.indices.sorted { a, b in
      let (x, y) = (windows[a], windows[b])
      if x.source != y.source { return x.source < y.source }
      // By bands of tiles, in each from left to right.
      let height = sources[x.source].tile.height
      let (p, q) = (max(0, x.row) / height, max(0, y.row) / height)
      return p == q ? (x.column, x.row, a) < (y.column, y.row, b) : p < q
    }
  }

  /// Rows and columns of all patches.
  private static func size(
    _ places: [(row: Int, column: Int)], _ size: Int, _ kept: Int, _ padding: Padding, _ file: CellFile
  ) throws(FormatError) -> Size2D {
    guard case .inside = padding, let first = places.first else { return Size2D(kept, kept) }
    if let other = places.first(where: { $0 != first }) {
      throw FormatError(
        .malformed, path: "\(file.path):coords",
        found: "cells at row \(first.row), column \(first.column) and at row \(other.row), column \(other.column)",
        expected: "all at one place: padded inside, patches have different sizes; pad outside instead")
    }
    return Size2D(first.row + size / 2, first.column + size / 2)
  }

  /// The patches of the given numbers, [numbers, channels, rows, columns].
  public func patches(_ numbers: [Int]) throws(FormatError) -> NDArray {
    switch dtype {
    case .float64: try read(numbers, as: Double.self)
    default: try read(numbers, as: Float.self)
    }
  }

  private func read<T: Scalar & ExpressibleByFloatLiteral>(_ numbers: [Int], as _: T.Type) throws(FormatError) -> NDArray {
    let plane = size.area
    return try NDArray.building([numbers.count, channels.count, size.height, size.width], as: T.self) {
      (output) throws(FormatError) in
      output.initialize(repeating: 0.0)
      let target = UncheckedSendable(output)
      try cache.withLock { (cache) throws(FormatError) in
        for (place, number) in numbers.enumerated() {
          let first = place * channels.count * plane
          let patch = UnsafeMutableBufferPointer(rebasing: target.value[first..<first + channels.count * plane])
          try fill(patch, windows[number], &cache)
        }
      }
    }
  }

  private func fill<T: Scalar & ExpressibleByFloatLiteral>(
    _ patch: UnsafeMutableBufferPointer<T>, _ window: Window, _ cache: inout TileCache
  ) throws(FormatError) {
    let source = sources[window.source]
    let (rows, columns) = (window.rows, window.columns)
    if rows.isEmpty || columns.isEmpty { return }
    let tile = source.tile
    let own = try ownLabel(window, source, &cache)
    for tileRow in rows.lowerBound / tile.height...(rows.upperBound - 1) / tile.height {
      for tileColumn in columns.lowerBound / tile.width...(columns.upperBound - 1) / tile.width {
        let piece = try cache.tile(TileCache.Key(source: window.source, row: tileRow, column: tileColumn), of: source)
        let (top, left) = (tileRow * tile.height, tileColumn * tile.width)
        let r = max(rows.lowerBound, top)..<min(rows.upperBound, top + piece.height)
        let c = max(columns.lowerBound, left)..<min(columns.upperBound, left + piece.width)
        let (count, plane) = (channels.count, size.area)
        piece.values.withUnsafeBufferPointer(as: T.self) { values in
          for row in r {
            for column in c {
              let pixel = (row - top) * piece.width + column - left
              if let own, piece.labels[pixel] != own { continue }
              let to = (row - window.row) * size.width + column - window.column
              for channel in 0..<count { patch[channel * plane + to] = values[pixel * count + channel] }
            }
          }
        }
      }
    }
  }

  /// The number in the masks where the cell is; `nil` without masks.
  private func ownLabel(
    _ window: Window, _ source: TileSource, _ cache: inout TileCache
  ) throws(FormatError) -> Int64? {
    if source.masks == nil { return nil }
    let (row, column) = window.centre
    let key = TileCache.Key(source: window.source, row: row / source.tile.height, column: column / source.tile.width)
    let piece = try cache.tile(key, of: source)
    return piece.labels[(row % source.tile.height) * piece.width + column % source.tile.width]
  }
}

extension CellPatches.Window {
  /// - Parameters:
  ///   - cell: row and column.
  ///   - image: [rows, columns, …].
  ///   - size: of the window around the cell.
  ///   - kept: of the middle of it that is kept.
  fileprivate init(
    source: Int, cell: (row: Int, column: Int), image: Shape, size: Int, kept: Int, padding: CellPatches.Padding
  ) {
    func range(_ first: Int, _ count: Int, in extent: Int) -> Range<Int> {
      max(0, first)..<max(0, min(extent, first + count))
    }
    let (row, column): (Int, Int)
    switch padding {
    case .outside:
      let offset = (size - kept) / 2 - size / 2
      (row, column) = (cell.row + offset, cell.column + offset)
      self.init(
        source: source, row: row, column: column, rows: range(row, kept, in: image[0]),
        columns: range(column, kept, in: image[1]), centre: cell)
    case .inside:
      // As many zeros as there are rows before the window put it where it was in the image.
      (row, column) = (cell.row - size / 2, cell.column - size / 2)
      self.init(
        source: source, row: 0, column: 0, rows: range(row, size / 2 * 2, in: image[0]),
        columns: range(column, size / 2 * 2, in: image[1]), centre: cell)
    }
  }
}
