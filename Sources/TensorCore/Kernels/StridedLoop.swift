/// A loop nest over several operands that share a shape but not strides, with adjacent axes merged where all operands allow:
/// rows of `innerCount` elements, each operand with one inner stride. How broadcasting and transposition run without copies.
struct StridedLoop {
  private let outerShape: [Int]
  private let outerStrides: [[Int]]  // one list for each operand
  let innerCount: Int
  let innerStrides: [Int]

  /// Number of rows.
  let rowCount: Int

  /// - Parameter strides: for each operand, its element strides over `shape` (0 where it is broadcast).
  init(shape: Shape, strides: [[Int]]) {
    var extents: [Int] = []
    var merged = strides.map { _ in [Int]() }
    for axis in shape.indices where shape[axis] != 1 {
      if let last = extents.indices.last,
        strides.indices.allSatisfy({ merged[$0][last] == strides[$0][axis] * shape[axis] })
      {
        extents[last] *= shape[axis]
        for operand in strides.indices { merged[operand][last] = strides[operand][axis] }
      } else {
        extents.append(shape[axis])
        for operand in strides.indices { merged[operand].append(strides[operand][axis]) }
      }
    }
    innerCount = extents.last ?? 1
    innerStrides = merged.map { $0.last ?? 1 }
    outerShape = Array(extents.dropLast())
    outerStrides = merged.map { Array($0.dropLast()) }
    rowCount = shape.elementCount == 0 ? 0 : outerShape.reduce(1, *)
  }

  /// Element offset of `row` in each operand.
  @inline(__always)
  func offset(row: Int, operand: Int) -> Int {
    var rest = row
    var result = 0
    for axis in stride(from: outerShape.count - 1, through: 0, by: -1) {
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: outerShape[axis])
      result += remainder * outerStrides[operand][axis]
      rest = quotient
    }
    return result
  }

  /// Runs `body(row, columns)` over all rows, long rows cut into pieces; chunks depend on the shape alone.
  func forEachPiece(_ body: (_ row: Int, _ columns: Range<Int>) -> Void) {
    if rowCount == 0 { return }
    if innerCount >= elementwiseChunk {
      let pieces = (innerCount + elementwiseChunk - 1) / elementwiseChunk
      Parallel.forEach(rowCount * pieces) { index in
        let start = (index % pieces) * elementwiseChunk
        body(index / pieces, start..<min(innerCount, start + elementwiseChunk))
      }
    } else {
      let rows = max(1, elementwiseChunk / max(1, innerCount))
      Parallel.forEachChunk(of: rowCount, size: rows) { chunk in
        for row in chunk { body(row, 0..<innerCount) }
      }
    }
  }
}
