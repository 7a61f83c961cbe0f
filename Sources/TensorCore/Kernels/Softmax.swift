import CKernels

extension NDArray {
  /// log Σ exp along `axes` (ascending), without overflow; −∞ where nothing, or nothing but −∞, is summed. Floating-point only.
  package func logSumExp(_ axes: [Int], keepingAxes: Bool) -> NDArray {
    let kept = shape.indices.filter { !axes.contains($0) }
    let moved = permuted(kept + axes)
    let count = axes.map { shape[$0] }.reduce(1, *)
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      NDArray.building(shape.reducing(axes, keepingAxes: keepingAxes), as: T.self) { output in
        guard output.count > 0, let y = output.baseAddress else { return }
        moved.withUnsafeBufferPointer(as: T.self) { input in
          // An empty sum still has to be written; its input is never read.
          let x = input.baseAddress ?? UnsafePointer(y)
          Parallel.forEachChunk(of: output.count, size: max(1, elementwiseChunk / max(1, count))) { rows in
            T.logSumExp(x + rows.lowerBound * count, y + rows.lowerBound, rows.count, count)
          }
        }
      }
    }
    return withRealType(dtype, "logSumExp") { run($0) }
  }

  /// exp(x) / Σ exp(x) along one axis, or its logarithm. Floating-point only.
  package func softmax(axis: Int, logarithm: Bool) -> NDArray {
    let count = shape[axis]
    if axis != rank - 1 {
      // The kernel reads contiguous runs; exchanging two axes is its own inverse.
      var axes = Array(shape.indices)
      axes.swapAt(axis, rank - 1)
      return permuted(axes).softmax(axis: rank - 1, logarithm: logarithm).permuted(axes)
    }
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      NDArray.building(shape, as: T.self) { output in
        guard output.count > 0, let y = output.baseAddress else { return }
        withUnsafeBufferPointer(as: T.self) { input in
          guard let x = input.baseAddress else { return }
          Parallel.forEachChunk(of: output.count / count, size: max(1, elementwiseChunk / count)) { rows in
            let first = rows.lowerBound * count
            T.softmax(logarithm: logarithm, x + first, y + first, rows.count, count)
          }
        }
      }
    }
    return withRealType(dtype, "softmax") { run($0) }
  }
}
