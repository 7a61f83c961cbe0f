/// The extents of an array, outermost first. `[]` is the shape of a scalar.
public struct Shape: Sendable, Hashable, ExpressibleByArrayLiteral, RandomAccessCollection, CustomStringConvertible {
  public var extents: [Int]

  @inlinable public init(_ extents: [Int]) { self.extents = extents }
  @inlinable public init(arrayLiteral elements: Int...) { extents = elements }

  @inlinable public var startIndex: Int { 0 }
  @inlinable public var endIndex: Int { extents.count }
  @inlinable public subscript(axis: Int) -> Int {
    get { extents[axis] }
    set { extents[axis] = newValue }
  }

  /// Number of axes.
  @inlinable public var rank: Int { extents.count }

  /// Number of elements: the product of the extents.
  @inlinable public var elementCount: Int { extents.reduce(1, *) }

  /// Row-major strides in elements.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * extents[axis + 1]
    }
    return strides
  }

  public var description: String { "[" + extents.map(String.init).joined(separator: ", ") + "]" }

  /// `axis` counted from the end when negative.
  public func normalizedAxis(_ axis: Int, operation: @autoclosure () -> String) throws(TensorError) -> Int {
    let resolved = axis < 0 ? axis + rank : axis
    guard extents.indices.contains(resolved) else {
      throw .shape(operation(), "axis \(axis) is not an axis of \(self)")
    }
    return resolved
  }

  /// Distinct axes in ascending order; `nil` means all of them.
  public func normalizedAxes(_ axes: [Int]?, operation: @autoclosure () -> String) throws(TensorError) -> [Int] {
    guard let axes else { return Array(extents.indices) }
    var resolved: [Int] = []
    for axis in axes {
      let axis = try normalizedAxis(axis, operation: operation())
      guard !resolved.contains(axis) else { throw .shape(operation(), "axis \(axis) is given twice in \(axes)") }
      resolved.append(axis)
    }
    return resolved.sorted()
  }

  /// The shape that both broadcast to (NumPy's rule: aligned at the last axis, extents equal or 1).
  public static func broadcast(_ a: Shape, _ b: Shape, operation: @autoclosure () -> String) throws(TensorError) -> Shape {
    if a == b { return a }
    let rank = Swift.max(a.rank, b.rank)
    var result = [Int](repeating: 1, count: rank)
    for axis in 0..<rank {
      let x = axis < rank - a.rank ? 1 : a[axis - (rank - a.rank)]
      let y = axis < rank - b.rank ? 1 : b[axis - (rank - b.rank)]
      guard x == y || x == 1 || y == 1 else {
        throw .shape(operation(), "shapes \(a) and \(b) cannot be broadcast together")
      }
      result[axis] = x == 1 ? y : x
    }
    return Shape(result)
  }

  /// Strides with which an array of this shape is read as `target`: 0 along broadcast axes.
  func broadcastStrides(to target: Shape) -> [Int] {
    let own = strides
    let lead = target.rank - rank
    return target.indices.map { axis in
      axis < lead || (extents[axis - lead] == 1 && target[axis] != 1) ? 0 : own[axis - lead]
    }
  }

  /// The shape without `axes`, or with them as 1.
  public func reducing(_ axes: [Int], keepingAxes: Bool) -> Shape {
    var result: [Int] = []
    for axis in extents.indices {
      if !axes.contains(axis) { result.append(extents[axis]) } else if keepingAxes { result.append(1) }
    }
    return Shape(result)
  }
}
