import CKernels

extension NDArray {
  /// log Σ exp along `axes` (ascending), without overflow; −∞ where nothing, or nothing but −∞, is summed. Floating-point only.
  package func logSumExp(_ axes: [Int], keepingAxes: Bool) -> NDArray {
    if axes.isEmpty { return self }
    let (array, outer, count, inner) = reductionLayout(axes)
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      NDArray.building(shape.reducing(axes, keepingAxes: keepingAxes), as: T.self) { output in
        guard output.count > 0, let y = output.baseAddress else { return }
        array.withUnsafeBufferPointer(as: T.self) { input in
          // An empty sum still has to be written; its input is never read.
          let x = input.baseAddress ?? UnsafePointer(y)
          if inner == 1 {
            Parallel.forEachChunk(of: output.count, size: max(1, elementwiseChunk / max(1, count))) { rows in
              T.logSumExp(x + rows.lowerBound * count, y + rows.lowerBound, rows.count, count)
            }
          } else {
            forEachColumnBlock(outer, count, inner) { row, columns in
              let first = columns.lowerBound
              T.softmaxColumns(
                CK_LOG_SUM_EXP, x + row * count * inner + first, y + row * inner + first, count, inner, columns.count)
            }
          }
        }
      }
    }
    return withRealType(dtype, "logSumExp") { run($0) }
  }

  /// exp(x) / Σ exp(x) along one axis, or its logarithm. Floating-point only.
  package func softmax(axis: Int, logarithm: Bool) -> NDArray {
    let (_, outer, count, inner) = reductionLayout([axis])
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      NDArray.building(shape, as: T.self) { output in
        guard output.count > 0, let y = output.baseAddress else { return }
        withUnsafeBufferPointer(as: T.self) { input in
          guard let x = input.baseAddress else { return }
          if inner == 1 {
            Parallel.forEachChunk(of: outer, size: max(1, elementwiseChunk / count)) { rows in
              let first = rows.lowerBound * count
              T.softmax(logarithm: logarithm, x + first, y + first, rows.count, count)
            }
          } else {
            forEachColumnBlock(outer, count, inner) { row, columns in
              let first = row * count * inner + columns.lowerBound
              T.softmaxColumns(
                logarithm ? CK_LOG_SOFTMAX : CK_SOFTMAX, x + first, y + first, count, inner, columns.count)
            }
          }
        }
      }
    }
    return withRealType(dtype, "softmax") { run($0) }
  }

  /// y·(g − Σ g·y) over the last axis, for the values y of a softmax and their cotangent g. Floating-point only.
  package static func softmaxCotangent(_ y: NDArray, _ g: NDArray) -> NDArray {
    let count = y.shape[y.rank - 1]
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      NDArray.building(y.shape, as: T.self) { output in
        guard output.count > 0, let z = output.baseAddress else { return }
        y.withUnsafeBufferPointer(as: T.self) { y in
          g.withUnsafeBufferPointer(as: T.self) { g in
            guard let y = y.baseAddress, let g = g.baseAddress else { return }
            Parallel.forEachChunk(of: output.count / count, size: max(1, elementwiseChunk / count)) { rows in
              let first = rows.lowerBound * count
              T.softmaxCotangent(y + first, g + first, z + first, rows.count, count)
            }
          }
        }
      }
    }
    return withRealType(y.dtype, "softmax") { run($0) }
  }
}

/// Runs `body` on blocks of adjacent columns of each of `outer` matrices [count, inner]; the cut depends on the shape alone.
func forEachColumnBlock(_ outer: Int, _ count: Int, _ inner: Int, _ body: (_ matrix: Int, _ columns: Range<Int>) -> Void) {
  // Multiples of the kernels' own blocks.
  let size = max(256, elementwiseChunk / max(1, count) / 256 * 256)
  let pieces = (inner + size - 1) / size
  Parallel.forEach(outer * pieces) { index in
    let first = index % pieces * size
    body(index / pieces, first..<min(inner, first + size))
  }
}
