/// A set of pixels whose border is drawn over a panel. Its grid is stretched over the panel, so it may be coarser than the picture.
public struct RegionMask: Sendable {
  /// Row-major, `height` × `width`.
  public var isInside: [Bool]
  public var height: Int
  public var width: Int

  public init(_ isInside: [Bool], height: Int, width: Int) {
    self.isInside = isInside
    self.height = height
    self.width = width
  }

  /// The pixels of `map` that carry `label`.
  public init(of label: Int, in map: LabelMap) {
    self.init(map.labels.map { $0 == label }, height: map.height, width: map.width)
  }

  /// The borders between inside and outside, as straight pieces from (x₀, y₀) to (x₁, y₁) in pixel edges, y downward.
  /// The edge of the grid itself is a border too.
  var border: [(x0: Int, y0: Int, x1: Int, y1: Int)] {
    var pieces: [(x0: Int, y0: Int, x1: Int, y1: Int)] = []
    func inside(_ row: Int, _ column: Int) -> Bool {
      row >= 0 && row < height && column >= 0 && column < width && isInside[row * width + column]
    }
    for y in 0...height {
      Self.runs(width) { inside(y - 1, $0) != inside(y, $0) } found: { pieces.append((x0: $0, y0: y, x1: $1, y1: y)) }
    }
    for x in 0...width {
      Self.runs(height) { inside($0, x - 1) != inside($0, x) } found: { pieces.append((x0: x, y0: $0, x1: x, y1: $1)) }
    }
    return pieces
  }

  /// The maximal ranges of 0..<count on which `holds`.
  private static func runs(_ count: Int, where holds: (Int) -> Bool, found: (Int, Int) -> Void) {
    var start: Int?
    for index in 0...count {
      if index < count && holds(index) {
        start = start ?? index
      } else if let first = start {
        found(first, index)
        start = nil
      }
    }
  }
}
