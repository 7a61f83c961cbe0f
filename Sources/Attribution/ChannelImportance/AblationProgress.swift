import Formats

/// What a sweep has found for some of its cells: what it takes to go on later and end with the same bytes.
public struct AblationProgress: Sendable {
  /// Features of the cells, in the order of the sweep, [cells, features].
  public let features: NDArray
  /// 1 − cos of the cells, [cells, baselines × units] float64, units being channels and groups of them; without columns where they follow from the features.
  public let distances: NDArray
  /// Of the pixels of all cells up to the last of these: [1 + 2 × channels] float64.
  public let moments: NDArray

  /// - Parameters:
  ///   - features: [cells, features].
  ///   - distances: [cells, baselines × units].
  ///   - moments: [1 + 2 × channels].
  public init(features: NDArray, distances: NDArray, moments: NDArray) {
    (self.features, self.distances, self.moments) = (features, distances, moments)
  }

  /// Cells.
  public var count: Int { features.shape[0] }
}

/// Called after each piece of the sweep: cells done, cells in all, and what was found for those from a given number on, which
/// costs a copy.
public typealias AblationObserver = (
  _ done: Int, _ count: Int, _ found: (_ first: Int) -> AblationProgress
) throws(FormatError) -> Void

/// Rows in memory that the sweep fills in its own order, each at the place of its cell: there is never a second copy of all.
struct SweepRows {
  let bytes: UnsafeMutableRawBufferPointer
  let rowBytes: Int
  /// Cells in the order of the sweep.
  let order: [Int]

  /// - Parameters:
  ///   - rows: [cells, …].
  ///   - first: the place of their first cell in the order of the sweep.
  func set(_ rows: NDArray, from first: Int) {
    rows.withUnsafeBytes { source in
      for row in 0..<rows.shape[0] {
        let part = UnsafeRawBufferPointer(rebasing: source[row * rowBytes..<(row + 1) * rowBytes])
        UnsafeMutableRawBufferPointer(rebasing: bytes[place(first + row)]).copyMemory(from: part)
      }
    }
  }

  /// The rows of the given places in the order of the sweep, [cells, width].
  func rows(_ places: Range<Int>, width: Int, _ dtype: DType) -> NDArray {
    NDArray.buildingBytes([places.count, width], dtype) { target in
      for (row, place) in places.enumerated() {
        let part = UnsafeRawBufferPointer(rebasing: bytes[self.place(place)])
        UnsafeMutableRawBufferPointer(rebasing: target[row * rowBytes..<(row + 1) * rowBytes]).copyMemory(from: part)
      }
    }
  }

  private func place(_ index: Int) -> Range<Int> { order[index] * rowBytes..<(order[index] + 1) * rowBytes }
}
