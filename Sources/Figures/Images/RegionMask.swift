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

  /// The borders between inside and outside, as closed lines through the corners of pixels (x to the right, y downward), with
  /// points only where the direction changes. The edge of the grid is a border too. The inside lies to the right of the way.
  var borders: [[(x: Int, y: Int)]] {
    var loops: [[(x: Int, y: Int)]] = []
    // An edge is known by its start and direction; each is walked once. Every loop has an edge that runs to the right.
    var walked = [Bool](repeating: false, count: (height + 1) * (width + 1))
    for y in 0..<height {
      for x in 0..<width where inside(y, x) && !inside(y - 1, x) && !walked[y * (width + 1) + x] {
        loops.append(loop(fromX: x, y: y, walked: &walked))
      }
    }
    return loops
  }

  private func inside(_ row: Int, _ column: Int) -> Bool {
    row >= 0 && row < height && column >= 0 && column < width && isInside[row * width + column]
  }

  /// Walks along the border, starting to the right on the upper edge of pixel (`y`, `x`), and notes its edges to the right.
  private func loop(fromX startX: Int, y startY: Int, walked: inout [Bool]) -> [(x: Int, y: Int)] {
    var (x, y, dx, dy) = (startX, startY, 1, 0)
    var points = [(x: x, y: y)]
    repeat {
      if dx == 1 { walked[y * (width + 1) + x] = true }
      x += dx
      y += dy
      // The pixels ahead, to the right and to the left of the way: a corner (x, y) has pixels (y−1, x−1) … (y, x) around it.
      let right = inside(y + (dx + dy - 1) / 2, x + (dx - dy - 1) / 2)
      let left = inside(y + (dy - dx - 1) / 2, x + (dx + dy - 1) / 2)
      if !right {
        (dx, dy) = (-dy, dx)
      } else if left {
        (dx, dy) = (dy, -dx)
      } else {
        continue
      }
      points.append((x: x, y: y))
    } while x != startX || y != startY || dx != 1 || dy != 0
    return points
  }
}
