import CKernels

extension NDArray {
  /// This array seen as [outer, count, inner] with the reduced axes in the middle; transposed first if they are not adjacent.
  package func reductionLayout(_ axes: [Int]) -> (array: NDArray, outer: Int, count: Int, inner: Int) {
    if let first = axes.first, let last = axes.last, last - first + 1 == axes.count {
      return (
        self, shape[..<first].reduce(1, *), shape[first...last].reduce(1, *), shape[(last + 1)...].reduce(1, *)
      )
    }
    let kept = shape.indices.filter { !axes.contains($0) }
    let moved = permuted(kept + axes)
    return (moved, kept.map { shape[$0] }.reduce(1, *), axes.map { shape[$0] }.reduce(1, *), 1)
  }

  /// Sum, product, maximum or minimum along `axes` (ascending). Floating-point only; sums accumulate in double.
  package func reduced(_ operation: Reduction, _ axes: [Int], keepingAxes: Bool) -> NDArray {
    let resultShape = shape.reducing(axes, keepingAxes: keepingAxes)
    if axes.isEmpty { return reshaped(to: resultShape) }
    let (array, outer, count, inner) = reductionLayout(axes)
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      NDArray.building(resultShape, as: T.self) { output in
        guard output.count > 0, let y = output.baseAddress else { return }
        array.withUnsafeBufferPointer(as: T.self) { input in
          // An empty reduction still has to write its identity, so a dangling pointer is never followed.
          let x = input.baseAddress ?? UnsafePointer(y)
          if inner == 1 {
            reduceRuns(operation, x, y, outer, count)
          } else {
            forEachColumnBlock(outer, count, inner) { row, columns in
              let first = columns.lowerBound
              T.reduce(
                operation, x + row * count * inner + first, y + row * inner + first, count, inner, columns.count)
            }
          }
        }
      }
    }
    return withRealType(dtype, "reduced") { run($0) }
  }

  /// Index of the first largest (or smallest) element along `axis`; NaN counts as largest and smallest. `int64`.
  package func argument(ofMaximum maximum: Bool, axis: Int, keepingAxes: Bool) -> NDArray {
    let (array, outer, count, inner) = reductionLayout([axis])
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      NDArray.building(shape.reducing([axis], keepingAxes: keepingAxes), as: Int64.self) { output in
        array.withUnsafeBufferPointer(as: T.self) { x in
          Parallel.forEachChunk(of: outer * inner, size: max(1, elementwiseChunk / max(1, count))) { lines in
            for index in lines {
              let base = index / inner * count * inner + index % inner
              var (best, incumbent) = (0, x[base])
              for k in 1..<max(1, count) {
                if incumbent.isNaN { break }
                let candidate = x[base + k * inner]
                if candidate.isNaN || (maximum ? candidate > incumbent : candidate < incumbent) {
                  (best, incumbent) = (k, candidate)
                }
              }
              output[index] = Int64(best)
            }
          }
        }
      }
    }
    return withRealType(dtype, "argument") { run($0) }
  }
}

/// Reduces `outer` contiguous runs of `count` elements; long runs are cut into fixed pieces whose results are combined in order.
private func reduceRuns<T: RealScalar>(
  _ operation: Reduction, _ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ outer: Int, _ count: Int
) {
  let piece = elementwiseChunk
  if count <= 2 * piece {
    Parallel.forEachChunk(of: outer, size: max(1, piece / max(1, count))) { rows in
      for row in rows { y[row] = T(T.reduceRun(operation, x + row * count, count)) }
    }
    return
  }
  let pieces = (count + piece - 1) / piece
  withUnsafeTemporaryAllocation(of: Double.self, capacity: pieces) { buffer in
    guard let partial = buffer.baseAddress else { return }
    for row in 0..<outer {
      let start = x + row * count
      Parallel.forEach(pieces) { index in
        partial[index] = T.reduceRun(operation, start + index * piece, min(piece, count - index * piece))
      }
      y[row] = T(Double.reduceRun(operation, partial, pieces))
    }
  }
}
