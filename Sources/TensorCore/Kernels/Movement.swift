import CKernels

extension NDArray {
  /// A contiguous copy of a strided view on this array's elements.
  func strided(shape: Shape, strides: [Int], offset: Int = 0) -> NDArray {
    NDArray.buildingBytes(shape, dtype) { output in
      guard output.count > 0, let y = output.baseAddress else { return }
      let loop = StridedLoop(shape: shape, strides: [strides])
      let (width, inner) = (dtype.byteCount, loop.innerStrides[0])
      withUnsafeBytes { input in
        guard let x = input.baseAddress else { return }
        loop.forEachPiece { row, columns in
          let source = x + (offset + loop.offset(row: row, operand: 0) + columns.lowerBound * inner) * width
          let target = y + (row * loop.innerCount + columns.lowerBound) * width
          copyStrided(source, inner, target, columns.count, width)
        }
      }
    }
  }

  /// The array with its axes in the order `axes`: axis i of the result is axis `axes[i]` of this.
  package func permuted(_ axes: [Int]) -> NDArray {
    if axes == Array(shape.indices) { return self }
    let strides = shape.strides
    return strided(shape: Shape(axes.map { shape[$0] }), strides: axes.map { strides[$0] })
  }

  /// The array repeated along broadcast axes, as a copy.
  package func broadcast(to target: Shape) -> NDArray {
    if target == shape { return self }
    return strided(shape: target, strides: shape.broadcastStrides(to: target))
  }

  /// Elements `start`, `start + step`, … (`count` of them) along `axis`; `step` may be negative.
  package func sliced(axis: Int, start: Int, count: Int, step: Int = 1) -> NDArray {
    var (extents, strides) = (shape, shape.strides)
    let offset = count > 0 ? start * strides[axis] : 0
    extents[axis] = count
    strides[axis] *= step
    return strided(shape: extents, strides: strides, offset: offset)
  }
}

private func copyStrided(
  _ source: UnsafeRawPointer, _ stride: Int, _ target: UnsafeMutableRawPointer, _ count: Int, _ width: Int
) {
  if stride == 1 {
    target.copyMemory(from: source, byteCount: count * width)
    return
  }
  switch width {
  case 1:
    ck_copy_strided_1(
      source.assumingMemoryBound(to: UInt8.self), stride, target.assumingMemoryBound(to: UInt8.self), count)
  case 4:
    ck_copy_strided_4(
      source.assumingMemoryBound(to: UInt32.self), stride, target.assumingMemoryBound(to: UInt32.self), count)
  default:
    ck_copy_strided_8(
      source.assumingMemoryBound(to: UInt64.self), stride, target.assumingMemoryBound(to: UInt64.self), count)
  }
}
